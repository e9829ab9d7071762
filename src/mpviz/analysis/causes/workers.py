"""Workers that were not there, and what starting them took."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from mpviz.analysis.causes.cause import Cause
from mpviz.analysis.causes.seen import Evidence, floats
from mpviz.core.text import counted, seconds


def missing_workers(seen: Evidence) -> Iterator[Cause]:
    """Lanes that stayed empty though tasks were left."""
    if seen.mechanism is None or seen.mechanism.one_each:
        return
    gone: dict[str, list[tuple[int, float]]] = {"died": [], "left": []}
    for lane, crew in seen.crew.groupby("worker"):
        last = crew.iloc[-1]
        code = last["exitcode"]
        ended = float(last["ended_s"])
        if not ended < seen.last_start or seen.run["ending"] == "raised":
            continue
        killed = not pd.isna(code) and code != 0
        gone["died" if killed else "left"].append((int(str(lane)), ended))
    for kind, lanes in gone.items():
        if lanes:
            lost = sum(seen.makespan - ended for _, ended in lanes) / seen.n
            lane, ended = lanes[0]
            what = "died" if kind == "died" else "went home"
            others = f", and {counted(len(lanes) - 1, 'other')}" if len(lanes) > 1 else ""
            yield Cause(
                kind,
                lost,
                f"Worker {lane}{others} {what} at {seconds(ended)} while tasks were left.",
                "Let each worker wait for its tasks, and end it by a sentinel."
                if kind == "left"
                else "Use a mechanism that notices: an executor, or a queue that is watched.",
                {"mechanism": "queue"} if seen.run["mechanism"] == "queue.lesson" else {},
            )


def startup(seen: Evidence) -> Cause | None:
    """What starting workers cost."""
    lost = float(seen.run["startup_s"]) / seen.n
    took = floats(seen.crew["booted_s"]) - floats(seen.crew["requested_s"])
    took = took[~np.isnan(took)]
    if not len(took):
        return None
    number = len(took)
    what = "thread" if seen.run["mechanism"] == "threads" else "worker"
    method = f" with {seen.run['start_method']}" if seen.run["start_method"] else ""
    change: dict[str, Any] = {}
    if seen.run["start_method"] == "spawn":
        change = {"start_method": "forkserver"}
    elif seen.mechanism and number > seen.n:
        change = {"mechanism": "pool.map"}
    return Cause(
        "startup",
        lost,
        f"Starting {counted(number, what)}{method} took {seconds(float(np.median(took)))} each,"
        f" {seconds(lost)} of the makespan.",
        "Start fewer workers, or start them once and give them more to do.",
        change,
    )
