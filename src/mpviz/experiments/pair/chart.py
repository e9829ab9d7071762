"""Two answers from a pool: where the time of each went, with the calls of `get`."""

from __future__ import annotations

import numpy as np
import pandas as pd
from bokeh.core.properties import field
from bokeh.models import Range1d
from bokeh.plotting import figure

from mpviz.charts.canvas import Columns, fill_and_hatch, hover, legend, sources, time_axis
from mpviz.charts.palette import DONE, GREEN, GREY, INK, SKY, Look
from mpviz.core.text import seconds
from mpviz.experiments.drawing import bars_columns, marks, rows_sheet

ANSWER = {
    "sent": Look("on its way to a worker", GREY, 0.55, "right_diagonal_line"),
    "task": DONE["ok"],
    "home": Look("done, not yet in hand", SKY, 1.0, "left_diagonal_line"),
}


def pair_columns(frame: pd.DataFrame) -> Columns:
    """Turn two answers into three bars each, and into the calls of `get`."""
    edges = ("asked_s", "started_s", "finished_s", "received_s")
    bars = [
        (y, row[left], row[right], look.label)
        for y, row in enumerate(frame.to_dict("records"))
        for left, right, look in zip(edges, edges[1:], ANSWER.values(), strict=False)
    ]
    return {
        "bars": bars_columns(bars),
        "marks": {
            "x": frame[["get_called_s", "received_s"]].to_numpy(float).ravel(),
            "y": np.repeat(np.arange(len(frame)) - 0.1, 2),
            "colour": [GREY, GREEN] * len(frame),
            "marker": ["triangle", "inverted_triangle"] * len(frame),
            "moment": ["get() called", "get() returned"] * len(frame),
            "text": [
                f"get() {what}\nat {seconds(row[column])}"
                for row in frame.to_dict("records")
                for what, column in (("called", "get_called_s"), ("returned", "received_s"))
            ],
        },
    }


def pair(frame: pd.DataFrame) -> figure:
    """Draw a row for each answer, with the moments at which the parent asked for it and had it."""
    titles = [
        f"{row['number']:,} → {row['prime']} · {row['worker']}" for row in frame.to_dict("records")
    ]
    data = sources(pair_columns(frame))
    room = Range1d(start=0.0, end=1.05 * frame["received_s"].max())
    plot = rows_sheet(titles, x_range=room, x_label="time since Pool(…) was called", row=88)
    time_axis(plot)
    bars = plot.hbar(
        "y", left="left", right="right", height=0.3, source=data["bars"], line_color=None,
        **fill_and_hatch(ANSWER), hatch_color=INK, hatch_alpha=0.3, hatch_scale=8,
    )  # fmt: skip
    moments = marks(plot, data["marks"])
    legend(plot, [(field("kind"), [bars]), (field("moment"), [moments])], glyph=20)
    hover(plot, [bars, moments])
    return plot
