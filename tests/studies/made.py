"""Studies made by hand: plans, and traces of runs that nobody made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpviz.analysis.trace import Trace
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.core.usage import Usage
from mpviz.engine.recording.table import (
    CPU,
    DONE,
    FINISHED,
    RECEIVED,
    STARTED,
    STATE,
    TASK_WORDS,
    WORD,
)
from mpviz.studies.rounds import NextRun, Rounds

SECOND = 10**9
ENVIRONMENT = {
    "usable_cpus": 2.0, "cpus": 2, "gil": True, "cpu_model": "toy", "load": 0.0,
    "python": "CPython", "platform": "toy", "versions": "{}", "workload_hash": "0",
    "started_at": "2026-11-27T10:00:00.000+00:00", "clock_mhz": 2000.0,
}  # fmt: skip


def plan_of(**options: Any) -> Plan:
    """A plan of two tasks on two workers."""
    given = {"mechanism": "pool.map", "workers": 2, "start_method": "fork", "workload": "toy"}
    return Plan(abs, (1, 2), **given | options)


def trace_of(plan: Plan, makespan: float, *, well: bool = True) -> Trace:
    """A run whose every task took the whole makespan; or of which no task came back."""
    rows = bytearray(TASK_WORDS * WORD * len(plan.inputs))
    words = memoryview(rows).cast("q")
    for task in range(len(plan.inputs) if well else 0):
        at = task * TASK_WORDS
        words[at + STARTED] = SECOND + 1
        words[at + FINISHED] = words[at + RECEIVED] = SECOND + round(makespan * SECOND)
        words[at + CPU] = round(makespan * SECOND)
        words[at + STATE] = DONE
    return Trace(
        Record(
            plan=plan,
            ending=Ending.FINISHED if well else Ending.DEADLINE,
            called_ns=SECOND,
            ended_ns=SECOND + round(makespan * SECOND),
            tasks=bytes(rows),
            workers=b"",
            results=dict.fromkeys(range(len(plan.inputs)), "1") if well else {},
            environment=dict(ENVIRONMENT),
            usage=Usage(watched_ns=round(makespan * SECOND), others_ns=0),
        )
    )


def drive(
    rounds: Rounds, makespan: Callable[[NextRun], float], most: int = 10_000
) -> list[NextRun]:
    """Make so many runs of a study, each as long as `makespan` says; NaN: it does not end well."""
    made = []
    while len(made) < most and (step := rounds.next()):
        took = makespan(step)
        well = took == took
        rounds.add(step, trace_of(step.plan, took if well else 1.0, well=well), 0.2)
        made.append(step)
    return made
