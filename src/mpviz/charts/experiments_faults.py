"""The pipe that waits for ever and the queue that loses numbers, each beside its repair.

Knows no process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from bokeh.core.properties import field
from bokeh.models import BasicTicker, Range1d
from bokeh.plotting import figure

from mpviz.charts.canvas import Columns, hover, legend, looks, sources, time_axis
from mpviz.charts.experiments import marks, rows_sheet
from mpviz.charts.palette import DONE, FAILED, GREEN, GREY, INK, Look
from mpviz.core.text import seconds

FLOOR, ROOM = 0.46, 0.74  # of a row: where its bars stand, and how high they can be
LIVES = {
    "ok": Look("a worker", DONE["ok"].colour),
    "died": FAILED["died"],
    "waiting": Look("the main process waits", GREY, 0.4, "left_diagonal_line"),
}
CAME = {"came": Look("came back", DONE["ok"].colour), "lost": FAILED["missing"]}
IN_HAND = Look("answer in hand", GREEN, marker="inverted_triangle")


def waiting_pipe_columns(frame: pd.DataFrame) -> Columns:
    """Turn tasks into bars, a line a task, and below them what the main process does."""
    bars, hands, deaths = [], [], []
    for row, (_, tasks) in enumerate(frame.groupby("mechanism", sort=False)):
        step = ROOM / (len(tasks) + 1)
        last = row + FLOOR - step / 2
        for place, task in enumerate(tasks.to_dict("records")):
            y = row + FLOOR - ROOM + (place + 0.5) * step
            kind = "died" if task["outcome"] == "died" else "ok"
            what = f"worker {task['task'] + 1}, {task['outcome']}"
            if pd.notna(task["started_s"]):
                bars.append((y, task["started_s"], task["ended_s"], kind, step, what))
            if pd.notna(task["received_s"]):
                hands.append((task["received_s"], last, IN_HAND, what))
            if kind == "died":
                deaths.append((task["ended_s"], y, FAILED["died"], what))
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
        "text": [f"{text}\n{look.label} at {seconds(x)}" for x, _, look, text in ends],
    }


def waiting_pipe(frame: pd.DataFrame, titles: Sequence[str]) -> figure:
    """Draw a row a mechanism: its workers, and the main process that waits for them."""
    data = sources(waiting_pipe_columns(frame))
    room = Range1d(start=0.0, end=1.04 * max(frame["over_s"].max(), frame["ended_s"].max()))
    plot = rows_sheet(titles, x_range=room, x_label="time since the run began", row=132)
    time_axis(plot)
    bars = plot.hbar(
        "y", left="left", right="right", height="height", source=data["bars"], line_color=None,
        **looks(LIVES), hatch_color=INK, hatch_alpha=0.35, hatch_scale=8,
    )  # fmt: skip
    hands, deaths = marks(plot, data["hands"]), marks(plot, data["deaths"])
    legend(plot, [(field("kind"), [bars]), (field("kind"), [hands])], glyph=20)
    hover(plot, [bars, hands, deaths])
    return plot


def losing_queue_columns(frame: pd.DataFrame) -> Columns:
    """Turn repetitions (`came` and `lost` of `items`) into stacked bars."""
    names = list(dict.fromkeys(frame["mechanism"]))
    base = np.array([names.index(name) for name in frame["mechanism"]], float) + FLOOR
    one = ROOM / frame["items"].to_numpy(float)
    middle = base - one * frame["came"].to_numpy(float)
    text = [
        f"run {turn} · {name}\n{came:,} of {items:,} came back, {lost:,} lost"
        for turn, name, came, items, lost in zip(
            frame["repetition"],
            frame["mechanism"],
            frame["came"],
            frame["items"],
            frame["lost"],
            strict=True,
        )
    ]
    return {
        "bars": {
            "x": np.tile(frame["repetition"].to_numpy(float), 2),
            "bottom": np.concatenate([base, middle]),
            "top": np.concatenate([middle, base - ROOM]),
            "part": np.repeat([look.label for look in CAME.values()], len(frame)).tolist(),
            "text": text * 2,
        }
    }


def losing_queue(frame: pd.DataFrame, titles: Sequence[str]) -> figure:
    """Draw a row a mechanism, a bar a repetition: what came back and what was lost."""
    data = sources(losing_queue_columns(frame))
    room = Range1d(start=0.4, end=float(frame["repetition"].max()) + 0.6)
    plot = rows_sheet(titles, x_range=room, x_label="repetition", row=120)
    plot.xaxis.ticker = BasicTicker(min_interval=1)
    plot.xgrid.visible = False
    bars = plot.vbar(
        "x", top="top", bottom="bottom", width=0.8, source=data["bars"], line_color=None,
        **looks(CAME, "part"), hatch_color=INK, hatch_alpha=0.4, hatch_scale=8,
    )  # fmt: skip
    legend(plot, [(field("part"), [bars])])
    hover(plot, [bars])
    return plot
