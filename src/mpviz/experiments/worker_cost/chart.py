"""When each worker ran its first instruction: a point for each worker, the median as a line."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from bokeh.plotting import figure

from mpviz.charts.palette import BLUE, ORANGE, Look
from mpviz.core.text import seconds
from mpviz.experiments.drawing import points, points_columns

KINDS = {
    "thread": Look("a thread", ORANGE, marker="triangle"),
    "process": Look("a process", BLUE, marker="square"),
}


def worker_cost(frame: pd.DataFrame, titles: Sequence[str]) -> figure:
    """Draw when each worker ran its first instruction (`kind`, `first_instruction_s`).

    Parameters
    ----------
    frame
        A row for each worker.
    titles
        One for each kind, in the order of their first appearance.
    """
    kinds = ["thread" if kind == "thread" else "process" for kind in frame["kind"]]
    tips = [
        f"{kind} {number + 1} of round {turn + 1}\nfirst instruction after {seconds(took)}"
        for kind, turn, number, took in zip(
            frame["kind"],
            frame["round"],
            frame["number"],
            frame["first_instruction_s"],
            strict=True,
        )
    ]
    columns = points_columns(
        frame["kind"], frame["first_instruction_s"], [KINDS[kind] for kind in kinds], tips
    )
    return points(columns, titles, x_label="time to the first instruction")
