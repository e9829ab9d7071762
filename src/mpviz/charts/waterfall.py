"""From an even share of the sequential time to the makespan, loss by loss. Knows no widget."""

from __future__ import annotations

import numpy as np
from bokeh.core.properties import value
from bokeh.plotting import figure

from mpviz.analysis.waterfall import Waterfall
from mpviz.charts.canvas import Columns, hover, note, row_sheet, sources, time_axis
from mpviz.charts.palette import BLUE, CALM, GREEN, GREY, INK, SKY, TEXT
from mpviz.core.text import percent, seconds

ROWS, THICK = 8, 0.4
HEIGHT = 58 + 40 * ROWS
EMPTY = "a run with a sequential run beside it\nsays here what it lost"
# What each step is called, and its colour.
STEPS = {
    "ideal": ("the sequential time, shared out evenly", BLUE),
    "startup": ("start-up", GREY),
    "gap": ("waiting while tasks remain", GREY),
    "tail": ("idle at the end", GREY),
    "computing": ("tasks: more CPU time than alone", CALM),
    "not_computing": ("tasks: more waiting than alone", SKY),
    "inflation": ("tasks: longer than alone", CALM),
    "baseline_overhead": ("less what the sequential run lost itself", GREEN),
    "makespan": ("makespan", TEXT),
}
GAIN = GREEN  # a step that gives time back


def waterfall_columns(found: Waterfall | None) -> Columns:
    """Turn a waterfall into bars from top to bottom; without one, into a note.

    Returns
    -------
    dict
        Of the sources ``steps`` (a bar for each), ``labels``, ``joints`` (from one step
        to the next), ``note`` and ``extent``. Seconds.
    """
    steps: list[tuple[str, float, float]] = []
    if found is not None:
        steps.append(("ideal", 0.0, found.ideal_s))
        at = found.ideal_s
        for loss in found.losses:
            steps.append((loss.kind, at, at + loss.seconds))
            at += loss.seconds
        steps.append(("makespan", 0.0, found.makespan_s))
    ends = np.array([end for _, _, end in steps], dtype=float)
    left = np.array([min(begin, end) for _, begin, end in steps], dtype=float)
    right = np.array([max(begin, end) for _, begin, end in steps], dtype=float)
    most = float(right.max(initial=0.0)) or 1.0
    y = np.arange(len(steps), dtype=float)
    return {
        "steps": {
            "y": y,
            "left": left,
            "right": right,
            "colour": [_colour(kind, begin, end) for kind, begin, end in steps],
            "text": [
                f"{STEPS[kind][0]}\n{_length(kind, begin, end)}"
                f" ({percent((end - begin) / found.makespan_s)} of the makespan)"
                if found and found.makespan_s > 0
                else STEPS[kind][0]
                for kind, begin, end in steps
            ],
        },
        "labels": {
            "y": y - THICK / 2,
            "text": [f"{STEPS[kind][0]}: {_length(kind, b, e)}" for kind, b, e in steps],
        },
        "joints": {"x": ends[:-1], "y0": y[:-1] + THICK / 2, "y1": y[1:] - THICK / 2},
        "note": {"text": [] if steps else [EMPTY]},
        "extent": {
            "x": np.array([min(0.0, float(left.min(initial=0.0))), most * 1.02]),
            "y": np.array([-0.75, ROWS - 0.6]),
        },
    }


def _colour(kind: str, begin: float, end: float) -> str:
    return GAIN if end < begin else STEPS[kind][1]


def _length(kind: str, begin: float, end: float) -> str:
    if kind in ("ideal", "makespan"):
        return seconds(end)
    sign = "+" if end >= begin else "−"
    return f"{sign}{seconds(abs(end - begin))}"


def waterfall(columns: Columns) -> figure:
    """Draw the waterfall.

    Parameters
    ----------
    columns
        From `waterfall_columns`. Later ones go into ``figure.select(name=...)`` for a redraw.
    """
    data = sources(columns)
    plot = row_sheet(HEIGHT, data["extent"], x_label="seconds of the makespan")
    time_axis(plot)
    plot.segment("x", "y0", "x", "y1", source=data["joints"], line_color=GREY, line_alpha=0.7)
    steps = plot.hbar(
        "y", left="left", right="right", height=THICK, source=data["steps"],
        fill_color="colour", line_color=INK, line_alpha=0.3,
    )  # fmt: skip
    note(plot, data["labels"], x=value(0), y="y", text_baseline="bottom", x_offset=1, y_offset=-1)
    note(
        plot,
        data["note"],
        x=value(0.5),
        y=value(ROWS / 2 - 0.7),
        text_align="center",
        text_font_size="13px",
    )
    hover(plot, [steps])
    return plot
