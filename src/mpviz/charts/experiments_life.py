"""The life of a process, and two answers from a pool: bars with moments. Knows no process."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from bokeh.core.properties import field
from bokeh.models import Range1d
from bokeh.plotting import figure

from mpviz.charts.canvas import Columns, hover, legend, looks, sources, time_axis
from mpviz.charts.experiments import marks, rows_sheet
from mpviz.charts.palette import (
    DONE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    SKY,
    VERMILLION,
    YELLOW,
    Look,
)
from mpviz.core.text import seconds

# The parent's moments stand above the bar, each kind at a height of its own: they come together.
MOMENTS = {
    "object made": (Look("object made", GREY, marker="circle"), -0.06),
    "start() returned": (Look("start() returned", SKY, marker="triangle"), -0.06),
    "first instruction": (Look("first instruction", GREEN, marker="square"), 0.22),
    "it prints": (Look("it prints", YELLOW, marker="star"), 0.42),
    "it ends": (Look("it ends", ORANGE, marker="square_x"), 0.22),
    "join() returned": (Look("join() returned", PURPLE, marker="inverted_triangle"), -0.18),
    "close() returned": (Look("close() returned", SKY, marker="diamond"), -0.06),
    "close() raised": (Look("close() raised", VERMILLION, marker="circle_x"), -0.18),
    "parent's next line": (Look("parent's next line", YELLOW, marker="hex"), 0.06),
}
LIFE = {"startup": QUIET["startup"], "alive": Look("the process", DONE["ok"].colour)}
ANSWER = {
    "sent": Look("on its way to a worker", GREY, 0.55, "right_diagonal_line"),
    "task": DONE["ok"],
    "home": Look("done, not yet in hand", SKY, 1.0, "left_diagonal_line"),
}


def hello_columns(frame: pd.DataFrame) -> Columns:
    """Turn moments (`variant`, `moment`, `at_s`, `afterwards`) into bars and marks."""
    names = list(dict.fromkeys(frame["variant"]))
    at = frame.set_index(["variant", "moment"])["at_s"]
    bars = []
    for y, name in enumerate(names):
        first, end = at[name, "first instruction"], at[name, "it ends"]
        bars.append((y, at[name, "object made"], first, LIFE["startup"].label))
        bars.append((y, first, end, LIFE["alive"].label))
    rows = [names.index(name) for name in frame["variant"]]
    known = [MOMENTS[moment] for moment in frame["moment"]]
    return {
        "bars": _bars(bars),
        "marks": {
            "x": frame["at_s"].to_numpy(float),
            "y": np.array([row + shift for row, (_, shift) in zip(rows, known, strict=True)]),
            "colour": [look.colour for look, _ in known],
            "marker": [look.marker for look, _ in known],
            "moment": [look.label for look, _ in known],
            "text": [
                f"{moment}\n{seconds(when)} after Process(…) was called\n{variant}: {said}"
                for moment, when, variant, said in zip(
                    frame["moment"],
                    frame["at_s"],
                    frame["variant"],
                    frame["afterwards"],
                    strict=True,
                )
            ],
        },
    }


def hello(frame: pd.DataFrame) -> figure:
    """Draw a row a variant: the process as a bar, the moments as marks."""
    told = frame.drop_duplicates("variant")
    titles = [
        f"{variant} → {said.partition(':')[0]}"
        for variant, said in zip(told["variant"], told["afterwards"], strict=True)
    ]
    data = sources(hello_columns(frame))
    room = Range1d(start=-0.02 * frame["at_s"].max(), end=1.06 * frame["at_s"].max())
    plot = rows_sheet(titles, x_range=room, x_label="time since Process(…) was called", row=88)
    time_axis(plot)
    bars = plot.hbar(
        "y", left="left", right="right", height=0.22, source=data["bars"], line_color=None,
        **looks(LIFE), hatch_color=GREY, hatch_alpha=0.45, hatch_scale=8,
    )  # fmt: skip
    moments = marks(plot, data["marks"])
    legend(plot, [(field("kind"), [bars]), (field("moment"), [moments])], glyph=20)
    hover(plot, [bars, moments])
    return plot


def pair_columns(frame: pd.DataFrame) -> Columns:
    """Turn two answers into three bars each, and into the calls of `get`."""
    edges = ("asked_s", "started_s", "finished_s", "received_s")
    bars = [
        (y, row[left], row[right], look.label)
        for y, row in enumerate(frame.to_dict("records"))
        for left, right, look in zip(edges, edges[1:], ANSWER.values(), strict=False)
    ]
    return {
        "bars": _bars(bars),
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
    """Draw a row an answer, with the moments at which the parent asked for it and had it."""
    titles = [
        f"{row['number']:,} → {row['prime']} · {row['worker']}" for row in frame.to_dict("records")
    ]
    data = sources(pair_columns(frame))
    room = Range1d(start=0.0, end=1.05 * frame["received_s"].max())
    plot = rows_sheet(titles, x_range=room, x_label="time since Pool(…) was called", row=88)
    time_axis(plot)
    bars = plot.hbar(
        "y", left="left", right="right", height=0.3, source=data["bars"], line_color=None,
        **looks(ANSWER), hatch_color=INK, hatch_alpha=0.3, hatch_scale=8,
    )  # fmt: skip
    moments = marks(plot, data["marks"])
    legend(plot, [(field("kind"), [bars]), (field("moment"), [moments])], glyph=20)
    hover(plot, [bars, moments])
    return plot


def _bars(bars: list[tuple[int, float, float, str]]) -> dict[str, Any]:
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
