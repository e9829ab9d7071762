"""In which order results arrive, by four of Pool's methods."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from mpviz.core.plan import DEFAULT_TIMEOUT
from mpviz.core.text import seconds
from mpviz.engine import runner
from mpviz.experiments.arrival_order import chart
from mpviz.experiments.finding import Experiment, Finding
from mpviz.experiments.measuring import Measuring
from mpviz.workloads import sleep

METHODS = ("pool.map", "pool.imap", "pool.imap_unordered", "pool.apply_async")
MILLISECONDS = (300, 40, 120, 60, 200, 80, 20, 100)  # a long one first holds up the others
TOGETHER = 0.01  # seconds: results less than that apart are one arrival


def arrival_order(
    *,
    timeout: float = DEFAULT_TIMEOUT,
    start: runner.Start = runner.start,
    milliseconds: Sequence[int] = MILLISECONDS,
    workers: int = 2,
) -> Finding:
    """When each result was computed, and when it was in hand.

    Parameters
    ----------
    timeout, start
        As for every `Experiment`.
    milliseconds
        How long each task waits.
    workers
        Of each pool.
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
        f"With map nothing is in hand before {seconds(first['pool.map'])}, when all "
        f"{len(milliseconds)} results come together. With imap and apply_async().get() a result "
        f"waits for those before it, on average {seconds(waited['pool.imap'])} and "
        f"{seconds(waited['pool.apply_async'])}. With imap_unordered results come in the order in "
        f"which they are done: the first is in hand at "
        f"{seconds(first['pool.imap_unordered'])}, and each on average "
        f"{seconds(waited['pool.imap_unordered'])} after it was computed."
    )
    titles = [f"{method}: {arrivals(frame, method)}" for method in METHODS]
    return Finding(frame=frame, sentence=sentence, draw=partial(chart.arrival_order, frame, titles))


def arrivals(frame: pd.DataFrame, method: str) -> str:
    """The numbers of the tasks (from 1) as they arrived; ``+`` joins what came together."""
    rows = frame[frame["mechanism"] == method].sort_values("received_s")
    apart = rows["received_s"].diff() > TOGETHER
    if not apart.any():
        return "all together"
    groups = rows.groupby(apart.cumsum())["task"]
    return " ".join("+".join(str(task + 1) for task in group) for _, group in groups)


ARRIVAL_ORDER = Experiment(
    name="arrival_order",
    title="Arrival order",
    about="Gives the same eight tasks to map, imap, imap_unordered and apply_async, and records "
    "when each result was in hand; about four seconds.",
    function=arrival_order,
    shows=METHODS,
)
