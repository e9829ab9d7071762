"""In which order results arrive, by four of Pool's methods. Knows no figure and no host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from mpviz.core.text import seconds
from mpviz.engine import runner
from mpviz.experiments.finding import Finding
from mpviz.experiments.measuring import Measuring
from mpviz.workloads import sleep

if TYPE_CHECKING:
    from bokeh.plotting import figure

METHODS = ("pool.map", "pool.imap", "pool.imap_unordered", "pool.apply_async")
MILLISECONDS = (300, 40, 120, 60, 200, 80, 20, 100)  # a long one first holds up the others
TOGETHER = 0.01  # seconds: results that come closer to one another are one arrival


def arrival_order(
    *,
    timeout: float = 60.0,
    start: runner.Start = runner.start,
    milliseconds: Sequence[int] = MILLISECONDS,
    workers: int = 2,
) -> Finding:
    """When each result was computed, and when it was in hand.

    Parameters
    ----------
    timeout
        The deadline in seconds.
    start
        Starts a run.
    milliseconds
        How long each task waits.
    workers
        Of each pool.

    Raises
    ------
    mpviz.Refused
        When it could not be measured.
    """
    measuring = Measuring(timeout, start)
    parts = []
    for method in METHODS:
        trace = measuring.trace(sleep, milliseconds, mechanism=method, workers=workers)
        tasks = trace.tasks
        arrival = tasks["received_s"].rank(method="first").astype("int64")
        parts.append(
            pd.DataFrame(
                {
                    "mechanism": method,
                    "task": tasks["task"],
                    "input": tasks["input"].astype("int64"),
                    "computed_s": tasks["finished_s"],
                    "received_s": tasks["received_s"],
                    "waited_s": tasks["received_s"] - tasks["finished_s"],
                    "computed_place": tasks["finished_s"].rank(method="first").astype("int64"),
                    "arrival_place": arrival,
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    by_method = frame.groupby("mechanism")
    first, waited = by_method["received_s"].min(), by_method["waited_s"].mean()
    sentence = (
        f"With pool.map nothing is in hand before {seconds(first['pool.map'])}, when all "
        f"{len(milliseconds)} results come together; with imap and apply_async().get() a result "
        f"waits for those before it, on average {seconds(waited['pool.imap'])} and "
        f"{seconds(waited['pool.apply_async'])}; with imap_unordered each is in hand "
        f"{seconds(waited['pool.imap_unordered'])} after it was computed, the first at "
        f"{seconds(first['pool.imap_unordered'])}, in whatever order they are done."
    )
    titles = [f"{method}: {arrivals(frame, method)}" for method in METHODS]

    def draw() -> figure:
        from mpviz.charts.experiments_order import arrival_order as chart

        return chart(frame, titles)

    return Finding(frame=frame, sentence=sentence, draw=draw)


def arrivals(frame: pd.DataFrame, method: str) -> str:
    """The numbers of the tasks (from 1) as they arrived; ``+`` joins what came together."""
    rows = frame[frame["mechanism"] == method].sort_values("received_s")
    apart = rows["received_s"].diff() > TOGETHER
    if not apart.any():
        return "all together"
    groups = rows.groupby(apart.cumsum())["task"]
    return " ".join("+".join(str(task + 1) for task in group) for _, group in groups)
