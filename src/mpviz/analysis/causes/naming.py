"""The causes of a run, the dearest first, and the sentence that names one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pandas as pd

from mpviz.analysis.causes.cause import Cause
from mpviz.analysis.causes.idle import gaps, tail
from mpviz.analysis.causes.inside import inflation, waiting
from mpviz.analysis.causes.seen import NAMED, Evidence, Row
from mpviz.analysis.causes.workers import missing_workers, startup
from mpviz.analysis.waterfall import waterfall
from mpviz.core.errors import Refused
from mpviz.core.text import seconds


def causes(
    run: Row,
    tasks: pd.DataFrame,
    workers: pd.DataFrame,
    before: Row | None = None,
    tasks_before: pd.DataFrame | None = None,
    *,
    host: Mapping[str, int] = MappingProxyType({}),
) -> tuple[Cause, ...]:
    """The causes that a run establishes, the dearest first.

    Parameters
    ----------
    run, tasks, workers
        Its row by ``schema.RUNS`` and its frames.
    before, tasks_before
        Those of its sequential run.
    host
        What the program used that sends the tasks, as in `mpviz.core.usage.Usage`.
    """
    makespan = float(run["makespan_s"])
    if run["mechanism"] == "sequential" or not makespan > 0:
        return ()
    seen = Evidence(run, tasks, workers, before, tasks_before, host)
    found = [cause for cause in _all(seen) if cause.lost_s >= NAMED * makespan]
    # Tasks that wait lose nothing against an even share: it is a chance, named after every loss.
    return tuple(sorted(found, key=lambda cause: (cause.kind == "waiting", -cause.lost_s)))


def _all(seen: Evidence) -> Iterator[Cause]:
    yield from missing_workers(seen)
    if not seen.whole:
        return
    rules = (
        startup,
        gaps,
        tail,
        waiting,
        *((inflation,) if seen.lost else ()),
    )
    for rule in rules:
        if cause := rule(seen):
            yield cause


def lost_s(run: Row, before: Row) -> float:
    """Seconds that a run took longer than the sequential run shared out evenly; NaN if unknown."""
    try:
        found = waterfall(run, before)
    except Refused:
        return math.nan
    return found.makespan_s - found.ideal_s


def why(run: Row, before: Row | None, found: tuple[Cause, ...]) -> str:
    """The sentence under a result: its dearest cause, or that none was established."""
    if found:
        return found[0].sentence
    if before is None or not lost_s(run, before) > NAMED * float(run["makespan_s"]):
        return ""
    return f"Why it lost {seconds(lost_s(run, before))} is not established."
