"""What the charts of the experiments share: rows with a title above each, bars, marks and points.

Knows no experiment, no widget and no process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from bokeh.core.properties import field, value
from bokeh.models import BasicTicker, ColumnDataSource, CustomJSTickFormatter, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from mpviz.charts.canvas import Columns, hover, legend, note, sheet, sources
from mpviz.charts.palette import INK, TEXT, Look
from mpviz.core.text import seconds

AROUND = 96  # pixels for the axis and a legend of two lines
TITLE = 0.42  # of a row, from its middle up to its title
FLOOR, ROOM = 0.46, 0.74  # of a row: where its bars stand, and how high they can be
SPREAD = 0.16  # of a row: points of one row are set apart, so that each is seen
# The axis shows the logarithm to base 10 of seconds; each tick is written in a unit of its own.
LOG_TICKS = """
const time = Math.pow(10, tick)
const [factor, unit] = tick > -0.001 ? [1, "s"] : tick > -3.001 ? [1e3, "ms"] : [1e6, "µs"]
return Number((time * factor).toPrecision(3)) + " " + unit
"""


def rows_sheet(titles: Sequence[str], *, x_range: Range1d, x_label: str, row: int = 64) -> figure:
    """Return a sheet of rows (y = 0 on top), each with its title above it.

    Parameters
    ----------
    titles
        One for each row.
    x_range, x_label
        Of the axis below.
    row
        Pixels of a row.
    """
    count = len(titles)
    plot = sheet(
        row * count + AROUND,
        x_range,
        Range1d(start=count - 0.4, end=-0.62),
        x_label=x_label,
        y_label="",
    )
    plot.yaxis.visible = plot.ygrid.visible = False
    words = ColumnDataSource(data={"y": [i - TITLE for i in range(count)], "text": list(titles)})
    note(plot, words, x=value(x_range.start), y="y", x_offset=2)
    return plot


def row_numbers(names: pd.Series[str]) -> NDArray[np.float64]:
    """Number rows from 0, in the order in which their names first appear."""
    return pd.factorize(names)[0].astype(float)


def log_time_axis(plot: figure) -> None:
    """Write the ticks of an axis of log10(seconds): one for each power of ten."""
    plot.xaxis.formatter = CustomJSTickFormatter(code=LOG_TICKS)
    plot.xaxis.ticker = BasicTicker(min_interval=1, max_interval=1, num_minor_ticks=0)


def log_room(times: NDArray[np.floating[Any]]) -> Range1d:
    """Return a range of log10(seconds), of whole powers of ten, around times."""
    logs = np.log10(times)
    return Range1d(start=float(np.floor(logs.min())), end=float(np.ceil(logs.max() + 0.02)))


def marks(plot: figure, source: ColumnDataSource, *, size: int = 11) -> Any:
    """Draw a marker for each row of a source with x, y, colour and marker."""
    return plot.scatter(
        "x", "y", source=source, marker="marker", size=size, fill_color="colour", line_color=INK,
        line_width=1.0,
    )  # fmt: skip


def bars_columns(bars: Sequence[tuple[int, float, float, str]]) -> dict[str, Any]:
    """Turn bars (row, from, to in seconds, label) into columns; they stand low in their rows."""
    ys, left, right, kinds = zip(*bars, strict=True)
    return {
        "y": np.array(ys, float) + 0.22,
        "left": np.array(left),
        "right": np.array(right),
        "kind": list(kinds),
        "text": [
            f"{kind}\n{seconds(end - start)}, from {seconds(start)} to {seconds(end)}"
            for _, start, end, kind in bars
        ],
    }


def points_columns(
    rows: pd.Series[str], times: pd.Series[float], looks: Sequence[Look], tips: Sequence[str]
) -> Columns:
    """Turn measurements into points, a row for each name, and a line at each row's median.

    Parameters
    ----------
    rows
        Name of each measurement's row.
    times
        In seconds, above 0.
    looks, tips
        One for each measurement.
    """
    names, at = list(rows.unique()), row_numbers(rows)
    within = rows.groupby(rows).cumcount().to_numpy(float)
    count = rows.groupby(rows).transform("count").to_numpy(float)
    medians = times.groupby(rows, sort=False).median()
    return {
        "points": {
            "x": np.log10(times.to_numpy(float)),
            "y": at + 0.12 + SPREAD * (within / np.maximum(count - 1, 1) - 0.5),
            "colour": [look.colour for look in looks],
            "marker": [look.marker for look in looks],
            "kind": [look.label for look in looks],
            "text": list(tips),
        },
        "medians": {
            "x": np.log10(medians[names].to_numpy(float)),
            "y0": np.arange(len(names)) - 0.16,
            "y1": np.arange(len(names)) + 0.4,
            "text": [f"median\n{seconds(medians[name])}" for name in names],
        },
    }


def points(columns: Columns, titles: Sequence[str], *, x_label: str) -> figure:
    """Draw what `points_columns` gives, on a logarithmic axis of time."""
    data: dict[str, ColumnDataSource] = sources(columns)
    room = log_room(np.power(10.0, np.asarray(columns["points"]["x"], float)))
    plot = rows_sheet(titles, x_range=room, x_label=f"{x_label} (log scale)")
    log_time_axis(plot)
    middle = plot.segment(
        "x", "y0", "x", "y1", source=data["medians"], line_color=TEXT, line_width=2
    )
    each = plot.scatter(
        "x", "y", source=data["points"], marker="marker", size=9, fill_color="colour",
        fill_alpha=0.9, line_color=INK, line_alpha=0.6,
    )  # fmt: skip
    legend(plot, [(field("kind"), [each])], glyph=22)
    hover(plot, [each, middle])
    return plot
