"""What the charts of the experiments share: rows with a title above each, and marked moments.

Knows no experiment, no widget and no process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.core.properties import value
from bokeh.models import BasicTicker, ColumnDataSource, CustomJSTickFormatter, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from mpviz.charts.canvas import note, sheet
from mpviz.charts.palette import INK

AROUND = 96  # pixels for the axis and a legend of two lines
TITLE = 0.42  # of a row, from its middle up to its title
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
        One a row.
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


def log_time_axis(plot: figure) -> None:
    """Write the ticks of an axis of log10(seconds): one a power of ten."""
    plot.xaxis.formatter = CustomJSTickFormatter(code=LOG_TICKS)
    plot.xaxis.ticker = BasicTicker(min_interval=1, max_interval=1, num_minor_ticks=0)


def log_room(times: NDArray[np.floating[Any]]) -> Range1d:
    """Return a range of log10(seconds), of whole powers of ten, around times."""
    logs = np.log10(times)
    return Range1d(start=float(np.floor(logs.min())), end=float(np.ceil(logs.max() + 0.02)))


def marks(plot: figure, source: ColumnDataSource, *, size: int = 11) -> Any:
    """Draw a marker a row of a source with x, y, colour and marker."""
    return plot.scatter(
        "x", "y", source=source, marker="marker", size=size, fill_color="colour", line_color=INK,
        line_width=1.0,
    )  # fmt: skip
