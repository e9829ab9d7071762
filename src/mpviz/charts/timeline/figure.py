"""The timeline: a lane for each worker, a bar for each task. Knows no frame and no widget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bokeh.core.properties import field
from bokeh.models import ColumnDataSource, DataRange1d, FixedTicker
from bokeh.plotting import figure
from bokeh.transform import factor_mark

from mpviz.charts.canvas import (
    Columns,
    bars,
    fill_and_hatch,
    fit,
    hover,
    legend,
    note,
    sheet,
    sources,
    time_axis,
)
from mpviz.charts.palette import FAILED, GREY, INK, QUIET, TEXT, VERMILLION
from mpviz.charts.timeline.bars import LANE, timeline_columns
from mpviz.charts.timeline.marks import HEAD, ROW, lane_pixels

__all__ = ["timeline", "timeline_columns", "timeline_height"]

AROUND = 108  # pixels for the time axis and a legend of two lines
LABEL_PIXELS = 16  # that a lane's number needs


def timeline_height(lanes: int) -> int:
    """Return the height in pixels of a timeline with so many lanes; it has a ceiling."""
    return round(HEAD + lane_pixels(lanes) * lanes + ROW + AROUND)


def timeline(columns: Columns, *, lanes: int, deadline: float | None = None) -> figure:
    """Draw a timeline.

    Parameters
    ----------
    columns
        From `timeline_columns`. Later ones go into ``figure.select(name=...)`` for a redraw.
    lanes
        Lanes to show: as many as the columns were made for.
    deadline
        In seconds since the run began; drawn as a line, which the columns' notes name.
    """
    data = sources(columns)
    x_range = DataRange1d(start=0.0, range_padding=0.0)
    y_range = DataRange1d(flipped=True, range_padding=0.0)
    height = timeline_height(lanes)
    plot = sheet(height, x_range, y_range, x_label="time since the run began", y_label="worker")
    time_axis(plot)
    step = next(
        s
        for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, lanes)
        if s * lane_pixels(lanes) >= LABEL_PIXELS or s >= lanes
    )
    plot.yaxis.ticker = FixedTicker(ticks=list(range(0, lanes, step)))
    plot.ygrid.visible = False

    fit(plot, data["extent"])
    plot.hbar(
        "y", left=0, right="right", height=LANE, source=data["lanes"],
        fill_color=GREY, fill_alpha=0.08, line_color=None,
    )  # fmt: skip
    hatch = {"hatch_color": GREY, "hatch_alpha": 0.45, "hatch_scale": 8}
    quiet = bars(plot, data["quiet"], QUIET, height=LANE, **hatch)
    quiet_swatch = _swatch(plot, data["swatches"], fill_and_hatch(QUIET) | hatch)
    tasks = plot.hbar(
        "y", left="left", right="right", height="height", source=data["tasks"],
        fill_color="colour", line_color="colour",
    )  # fmt: skip
    failed, marks, never, failed_swatch = _failures(plot, data)
    plot.vspan("x", source=data["makespan"], line_color=TEXT, line_width=1.5, line_dash="dashed")
    note(plot, data["notes"], x="x", y="y", text_align="align")
    if deadline is not None:
        plot.vspan(x=[deadline], line_color=VERMILLION, line_width=1.5, line_dash="dotted")
    legend(
        plot,
        [(field("kind"), glyphs) for glyphs in ([tasks], [failed_swatch, marks], [quiet_swatch])],
    )
    hover(plot, [quiet, tasks, failed, marks, never])
    return plot


def _failures(plot: figure, data: Mapping[str, ColumnDataSource]) -> tuple[Any, Any, Any, Any]:
    """Draw failed bars and a marker of a fixed size at each, so that no failure is too short.

    The last renderer draws nothing but the legend's swatch: there, renderers share one source.
    """
    labels = [look.label for look in FAILED.values()]
    shapes = factor_mark("kind", [look.marker for look in FAILED.values()], labels)
    hatch = {"hatch_color": INK, "hatch_alpha": 0.55, "hatch_scale": 10}
    skin = fill_and_hatch(FAILED) | hatch
    swatch = _swatch(plot, data["marks"], skin)
    failed = bars(plot, data["failed"], FAILED, height=LANE, line_color="fill", **hatch)
    skin = {
        "fill_color": skin["fill_color"],
        "line_color": INK,
        "line_width": 1.2,
        "marker": shapes,
    }
    marks, never = (
        plot.scatter("x", "y", size=12, source=data[name], **skin) for name in ("marks", "never")
    )
    return failed, marks, never, swatch


def _swatch(plot: figure, source: ColumnDataSource, skin: Mapping[str, Any]) -> Any:
    """Draw nothing but the legend's picture of each kind in a source of few rows."""
    return plot.hbar("y", left="x", right="x", source=source, line_color=None, **skin)
