"""The sheet every chart is drawn on: fonts, tools, legend, time axis. Knows no frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bokeh.core.properties import value
from bokeh.models import (
    BasicTicker,
    CDSView,
    ColumnDataSource,
    CustomJSTickFormatter,
    DataRange1d,
    GroupFilter,
    HoverTool,
    InlineStyleSheet,
    Range,
    ResetTool,
    SaveTool,
    WheelZoomTool,
)
from bokeh.models.annotations import Legend, LegendItem
from bokeh.models.tools import PanTool
from bokeh.plotting import figure
from bokeh.transform import factor_cmap, factor_hatch

from mpviz.charts.palette import FONT, FONT_SIZE, GREY, TEXT, Look

Values = np.ndarray[Any, Any] | list[str]
Columns = dict[str, dict[str, Values]]

HOVER = '<div style="white-space: pre-line; max-width: 22rem; font: 12px/1.4 {font}">@text</div>'
WRAP = """
:host { width: 100%; box-sizing: border-box; pointer-events: none; }
.bk-grid { display: flex; flex-wrap: wrap; width: auto; gap: 2px 14px; }
"""
# The unit follows the largest tick; the digits follow the step between ticks.
TIME_TICKS = """
const top = Math.max(...ticks.map(Math.abs), 1e-12)
const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : top
if (top >= 180) {
  const whole = Math.round(tick), minutes = Math.floor(whole / 60)
  if (whole === 0) return "0"
  return minutes + ":" + String(whole - 60 * minutes).padStart(2, "0") + " min"
}
const [factor, unit] = top >= 1 ? [1, "s"] : top >= 1e-3 ? [1e3, "ms"] : [1e6, "µs"]
const places = Math.max(0, Math.min(6, -Math.floor(Math.log10(step * factor) + 1e-6)))
return tick === 0 ? "0" : (tick * factor).toFixed(places) + " " + unit
"""


def sources(columns: Columns) -> dict[str, ColumnDataSource]:
    """Put each set of columns in a source that ``figure.select(name=...)`` finds."""
    return {name: ColumnDataSource(data=dict(data), name=name) for name, data in columns.items()}


def sheet(height: int, x_range: Range, y_range: Range, *, x_label: str, y_label: str) -> figure:
    """Return an empty figure, as wide as its place and ``height`` pixels high.

    Wheel zoom is offered but not active, so that the page scrolls under the pointer.
    """
    pan, zoom = PanTool(dimensions="width"), WheelZoomTool(dimensions="width")
    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        x_range=x_range,
        y_range=y_range,
        tools=[pan, zoom, ResetTool(), SaveTool()],
        active_drag=None,
        active_scroll=None,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        min_border_left=8,
        min_border_right=24,
        min_border_top=4,
        min_border_bottom=4,
    )
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    plot.xgrid.grid_line_color = plot.ygrid.grid_line_color = GREY
    plot.xgrid.grid_line_alpha = plot.ygrid.grid_line_alpha = 0.25
    for axis, label in ((plot.xaxis, x_label), (plot.yaxis, y_label)):
        axis.axis_label = label
        axis.axis_label_text_font = axis.major_label_text_font = FONT
        axis.axis_label_text_font_size = axis.major_label_text_font_size = FONT_SIZE
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_color = axis.major_label_text_color = TEXT
        axis.axis_line_color = axis.major_tick_line_color = GREY
        axis.axis_line_alpha = axis.major_tick_line_alpha = 0.6
        axis.minor_tick_line_color = None
    return plot


def row_sheet(height: int, extent: ColumnDataSource, *, x_label: str) -> figure:
    """Return a sheet for rows, 0 on top, that shows what a source spans with ``x`` and ``y``."""
    ranges = DataRange1d(range_padding=0.0), DataRange1d(flipped=True, range_padding=0.0)
    plot = sheet(height, *ranges, x_label=x_label, y_label="")
    plot.yaxis.visible = plot.ygrid.visible = False
    fit(plot, extent)
    return plot


def fit(plot: figure, extent: ColumnDataSource) -> None:
    """Let both axes show what a source spans with ``x`` and ``y``, whatever else is drawn."""
    corners = plot.scatter("x", "y", size=0, alpha=0, source=extent)
    for one in (plot.x_range, plot.y_range):
        if isinstance(one, DataRange1d):
            one.renderers = [corners]


def time_axis(plot: figure) -> None:
    """Write the ticks of a time axis (seconds inside) in s, ms or µs."""
    plot.xaxis.formatter = CustomJSTickFormatter(code=TIME_TICKS)
    plot.xaxis.ticker = BasicTicker(desired_num_ticks=5)


def hover(plot: figure, renderers: Sequence[Any]) -> None:
    """Show column ``text`` under the pointer, its lines as lines; the browser escapes it."""
    tip = HOVER.format(font=FONT.replace('"', "'"))
    plot.add_tools(HoverTool(renderers=list(renderers), tooltips=tip, point_policy="follow_mouse"))


def legend(plot: figure, items: Sequence[tuple[Any, Sequence[Any]]], *, glyph: int = 16) -> None:
    """Put a legend below the plot. It wraps, and lists only what is in the columns.

    Parameters
    ----------
    plot
        The figure.
    items
        (``value(label)``, or ``field(column)`` for an entry for each value; its renderers).
    glyph
        Width and height of an entry's picture in pixels; a marker fills under half of it.
    """
    entries = [LegendItem(label=label, renderers=list(glyphs)) for label, glyphs in items]
    plot.add_layout(
        Legend(
            items=entries,
            orientation="horizontal",
            location="top_left",
            margin=0,
            glyph_width=glyph,
            glyph_height=glyph,
            label_width=0,
            label_height=16,
            label_text_font=FONT,
            label_text_font_size=FONT_SIZE,
            label_text_color=TEXT,
            background_fill_color=None,
            border_line_color=None,
            stylesheets=[InlineStyleSheet(css=WRAP)],
        ),
        "below",
    )


def note(plot: figure, source: ColumnDataSource, *, x: Any, y: Any, **more: Any) -> None:
    """Write column ``text`` of a source on the sheet."""
    plot.text(
        x=x,
        y=y,
        text="text",
        source=source,
        text_font=value(FONT),
        text_color=TEXT,
        **{"text_font_size": FONT_SIZE, "text_baseline": "middle", **more},
    )


def bars(
    plot: figure,
    source: ColumnDataSource,
    kinds: Mapping[str, Look],
    *,
    height: float,
    line_color: Any = None,
    **hatch: Any,
) -> Any:
    """Draw bars that look by their kind; return the renderer to be hovered.

    A hatch that a column chooses is made anew for each bar: 3,000 bars took Chromium 1.5 s. So each
    kind has a renderer of its own for its hatch.
    """
    edges: dict[str, Any] = {"left": "left", "right": "right", "height": height, "source": source}
    fill = fill_and_hatch(kinds)["fill_color"]
    edge = fill if line_color == "fill" else line_color
    filled = plot.hbar("y", **edges, fill_color=fill, line_color=edge)
    for look in kinds.values():
        if look.hatch != "blank":
            only = CDSView(filter=GroupFilter(column_name="kind", group=look.label))
            skin: dict[str, Any] = {
                "fill_color": None,
                "line_color": None,
                "hatch_pattern": look.hatch,
            }
            plot.hbar("y", **edges, view=only, **skin, **hatch)
    return filled


def fill_and_hatch(kinds: Mapping[str, Look], column: str = "kind") -> dict[str, Any]:
    """Return fill and hatch of bars by the label in a column."""
    labels = [look.label for look in kinds.values()]
    colours = [f"{look.colour}{round(255 * look.alpha):02x}" for look in kinds.values()]
    return {
        "fill_color": factor_cmap(column, colours, labels),
        "hatch_pattern": factor_hatch(column, [look.hatch for look in kinds.values()], labels),
    }
