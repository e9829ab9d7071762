"""A line for each task: from its place among the inputs, to its computation, to its arrival."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from bokeh.core.properties import field
from bokeh.models import Range1d
from bokeh.plotting import figure

from mpviz.charts.canvas import Columns, hover, legend, note, sources, time_axis
from mpviz.charts.palette import BLUE, ORANGE, Look
from mpviz.core.text import seconds
from mpviz.experiments.drawing import marks, row_numbers, rows_sheet

UNNOTICED = 0.01  # seconds from computed to in hand that nobody notices
AT_ONCE = Look("in hand as soon as computed", BLUE, marker="circle")
WAITED = Look("waited for others", ORANGE, marker="inverted_triangle")
INPUT, COMPUTED, IN_HAND = -0.16, 0.08, 0.36  # height of each step in its row


def arrival_order_columns(frame: pd.DataFrame) -> Columns:
    """Turn tasks into a path each: its place among the inputs, computed, in hand."""
    row = row_numbers(frame["mechanism"])
    places = frame["task"].to_numpy(float)
    whole = frame["received_s"].max()
    begin = (places + 0.5) / (places.max() + 1) * whole
    computed, received = (frame[name].to_numpy(float) for name in ("computed_s", "received_s"))
    kinds = [WAITED if late else AT_ONCE for late in received - computed > UNNOTICED]
    colour, kind = [look.colour for look in kinds], [look.label for look in kinds]
    text = [
        f"task {task + 1} · {method}\ncomputed at {seconds(done)}, in hand at {seconds(got)}\n"
        f"number {place} to be computed, number {arrival} to arrive"
        for task, method, done, got, place, arrival in zip(
            frame["task"],
            frame["mechanism"],
            computed,
            received,
            frame["computed_place"],
            frame["arrival_place"],
            strict=True,
        )
    ]
    legs: dict[str, list[np.ndarray]] = {
        "x0": [begin, computed],
        "x1": [computed, received],
        "y0": [row + INPUT, row + COMPUTED],
        "y1": [row + COMPUTED, row + IN_HAND],
    }
    return {
        "legs": {
            **{name: np.concatenate(values) for name, values in legs.items()},
            "colour": colour * 2,
            "text": text * 2,
        },
        "ends": {
            "x": np.concatenate([computed, received]),
            "y": np.concatenate([row + COMPUTED, row + IN_HAND]),
            "colour": colour * 2,
            "marker": ["circle"] * len(row) + [look.marker for look in kinds],
            "kind": kind * 2,
            "text": text * 2,
        },
        "places": {
            "x": begin,
            "y": row + INPUT - 0.07,
            "text": [str(task + 1) for task in frame["task"]],
        },
    }


def arrival_order(frame: pd.DataFrame, titles: Sequence[str]) -> figure:
    """Draw a row for each mechanism: numbers of the inputs on top, arrivals at the bottom.

    Parameters
    ----------
    frame
        A row for each task, with `mechanism`, `task`, `computed_s`, `received_s` and the places.
    titles
        One for each mechanism, in the order of their first appearance.
    """
    data = sources(arrival_order_columns(frame))
    room = Range1d(start=0.0, end=1.04 * frame["received_s"].max())
    plot = rows_sheet(
        titles,
        x_range=room,
        x_label="order of the inputs → time computed → time in hand",
        row=126,
    )
    time_axis(plot)
    legs = plot.segment(
        "x0", "y0", "x1", "y1", source=data["legs"], line_color="colour", line_width=1.5
    )
    ends = marks(plot, data["ends"], size=9)
    note(plot, data["places"], x="x", y="y", text_align="center")
    legend(plot, [(field("kind"), [ends])], glyph=22)
    hover(plot, [legs, ends])
    return plot
