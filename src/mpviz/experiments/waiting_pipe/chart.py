"""What each worker does, and the main process that waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from bokeh.core.properties import field
from bokeh.models import Range1d
from bokeh.plotting import figure

from mpviz.charts.canvas import Columns, fill_and_hatch, hover, legend, sources, time_axis
from mpviz.charts.palette import DONE, FAILED, GREEN, GREY, INK, Look
from mpviz.core.text import seconds
from mpviz.experiments.drawing import FLOOR, ROOM, marks, rows_sheet

DIED = replace(FAILED["died"], label="a worker that died")
LIVES = {
    "ok": Look("a worker", DONE["ok"].colour),
    "died": DIED,
    "waiting": Look("the main process waits", GREY, 0.4, "left_diagonal_line"),
}
IN_HAND = Look("answer in hand", GREEN, marker="inverted_triangle")


def waiting_pipe_columns(frame: pd.DataFrame) -> Columns:
    """Turn tasks into bars, a line for each task, and below them what the main process does."""
    bars, hands, deaths = [], [], []
    for row, (_, tasks) in enumerate(frame.groupby("mechanism", sort=False)):
        step = ROOM / (len(tasks) + 1)
        last = row + FLOOR - step / 2
        for place, task in enumerate(tasks.to_dict("records")):
            y = row + FLOOR - ROOM + (place + 0.5) * step
            kind = "died" if task["outcome"] == "died" else "ok"
            worker = f"worker {task['task'] + 1}"
            what = f"{worker}, {task['outcome']}"
            if pd.notna(task["started_s"]):
                bars.append((y, task["started_s"], task["ended_s"], kind, step, what))
            if pd.notna(task["received_s"]):
                hands.append((task["received_s"], last, IN_HAND, f"{worker}\n{IN_HAND.label}"))
            if kind == "died":
                deaths.append((task["ended_s"], y, DIED, f"{worker}\ndied"))
        over = float(tasks["over_s"].max())
        bars.append((last, 0.0, over, "waiting", step, f"main process, {tasks['ending'].iloc[0]}"))
    lines, left, right, kinds, heights, texts = zip(*bars, strict=True)
    return {
        "bars": {
            "y": np.array(lines),
            "left": np.array(left, float),
            "right": np.array(right, float),
            "height": 0.78 * np.array(heights),
            "kind": [LIVES[kind].label for kind in kinds],
            "text": [
                f"{text}\nfrom {seconds(start)} to {seconds(end)}"
                for text, start, end in zip(texts, left, right, strict=True)
            ],
        },
        "hands": _moments(hands),
        "deaths": _moments(deaths),
    }


def _moments(ends: list[tuple[float, float, Look, str]]) -> dict[str, Any]:
    return {
        "x": np.array([x for x, *_ in ends], float),
        "y": np.array([y for _, y, *_ in ends], float),
        "colour": [look.colour for *_, look, _ in ends],
        "marker": [look.marker for *_, look, _ in ends],
        "kind": [look.label for *_, look, _ in ends],
        "text": [f"{text} at {seconds(x)}" for x, *_, text in ends],
    }


def waiting_pipe(frame: pd.DataFrame, titles: Sequence[str]) -> figure:
    """Draw a row for each mechanism: its workers, and the main process that waits for them."""
    data = sources(waiting_pipe_columns(frame))
    room = Range1d(start=0.0, end=1.04 * max(frame["over_s"].max(), frame["ended_s"].max()))
    plot = rows_sheet(titles, x_range=room, x_label="time since the run began", row=132)
    time_axis(plot)
    bars = plot.hbar(
        "y", left="left", right="right", height="height", source=data["bars"], line_color=None,
        **fill_and_hatch(LIVES), hatch_color=INK, hatch_alpha=0.35, hatch_scale=8,
    )  # fmt: skip
    hands, deaths = marks(plot, data["hands"]), marks(plot, data["deaths"])
    legend(plot, [(field("kind"), [bars]), (field("kind"), [hands])], glyph=20)
    hover(plot, [bars, hands, deaths])
    return plot
