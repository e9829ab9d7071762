"""From the sequential time shared out evenly to the makespan: what each loss costs, in seconds.

    makespan = T1 / n + (start-up + gaps + tail + inflation - the sequential run's overhead) / n

n is the number of lanes. It follows from the one account of time, `mpviz.analysis.metrics.account`:
n × makespan = start-up + useful + gaps + tail, and T1 = sequential useful + sequential overhead.
Inflation is useful less sequential useful, so it adds up by construction. Knows no process, no
clock and no chart.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from mpviz.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Loss:
    """One step of the waterfall; seconds of the makespan, below 0 where it gains time.

    ``kind`` is ``startup``, ``gap``, ``tail``, ``computing``, ``not_computing``, ``inflation`` or
    ``baseline_overhead``.
    """

    kind: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From `ideal_s`, over the losses, to `makespan_s`."""

    ideal_s: float  # T1 / n
    losses: tuple[Loss, ...]
    makespan_s: float


def waterfall(run: Mapping[Hashable, Any], baseline: Mapping[Hashable, Any]) -> Waterfall:
    """The loss waterfall of one run.

    Parameters
    ----------
    run, baseline
        Their rows by ``schema.RUNS``: ``trace.summary`` and ``trace.baseline.summary``.

    Returns
    -------
    Waterfall
        Inflation comes as two losses, ``computing`` (tasks took more CPU time: memory bandwidth, a
        lower clock) and ``not_computing`` (they waited more: for a CPU, the GIL, a lock). Where
        either run's computing time is not known it is one, ``inflation``.

    Raises
    ------
    mpviz.Refused
        When a task of either run did not end well: two runs of unequal work can't be compared.
    """
    for row, which in ((run, "the run"), (baseline, "the sequential run")):
        if row["ok"] != row["tasks"]:
            raise Refused(f"No waterfall: in {which} {row['tasks'] - row['ok']} tasks are not ok.")
    n = int(run["workers"])
    useful, computing = _useful(run)
    useful_before, computing_before = _useful(baseline)
    inflation = [("inflation", useful - useful_before)]
    if not (math.isnan(computing) or math.isnan(computing_before)):
        waiting, waiting_before = useful - computing, useful_before - computing_before
        inflation = [
            ("computing", computing - computing_before),
            ("not_computing", waiting - waiting_before),
        ]
    overhead = float(baseline["makespan_s"]) - useful_before
    lost = [(kind, float(run[f"{kind}_s"])) for kind in ("startup", "gap", "tail")]
    parts = [*lost, *inflation, ("baseline_overhead", -overhead)]
    return Waterfall(
        ideal_s=float(baseline["makespan_s"]) / n,
        losses=tuple(Loss(kind, seconds / n) for kind, seconds in parts),
        makespan_s=float(run["makespan_s"]),
    )


def _useful(row: Mapping[Hashable, Any]) -> tuple[float, float]:
    """Seconds inside tasks, and those of them that were computing."""
    useful = float(row["useful_s"])
    return useful, min(float(row["computing_s"]), useful)
