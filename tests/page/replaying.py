"""Runs that were recorded once and are replayed behind the runner's seam; and waiting on a loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from mpviz.core.errors import Refused
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.workloads import busy

PLAN = Plan(busy, (3, 5, 7), "pool.map", 2, "fork", 1, 10.0, "busy", "three")
ALONE = replace(PLAN, mechanism="sequential", workers=1)


@dataclass
class Replayed:
    """A run that was recorded before; it goes on until it is let go or cancelled."""

    plan: Plan
    record: Record
    over: threading.Event = field(default_factory=threading.Event)
    cancels: int = 0
    started = True
    finished = 1

    def snapshot(self) -> Record:
        return replace(self.record, ending=Ending.RUNNING)

    def cancel(self) -> None:
        self.cancels += 1
        self.record = cut(self.record, Ending.CANCELLED)
        self.over.set()

    def wait(self, timeout: float | None = None) -> Record:
        assert self.over.wait(20)
        return self.record


@dataclass
class Replay:
    """Starts replayed runs.

    ``seconds`` lists the makespans of the next runs of a mechanism; 0 stands for a run that its
    deadline cut.
    """

    recorded: dict[str, Record]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    hold: bool = False
    runs: list[Replayed] = field(default_factory=list)

    def __call__(self, plan: Plan) -> Replayed:
        kind = "sequential" if plan.mechanism == "sequential" else "pool.map"
        asked = self.seconds.get(kind) or [2.0 if kind == "sequential" else 1.0]
        makespan = asked.pop(0)
        record = self.recorded[kind]
        if makespan:
            record = replace(record, ended_ns=record.called_ns + round(makespan * 1e9))
        else:
            record = cut(record, Ending.DEADLINE)
        run = Replayed(plan, replace(record, plan=plan))
        if not self.hold:
            run.over.set()
        self.runs.append(run)
        return run

    @property
    def mechanisms(self) -> list[str]:
        return [run.plan.mechanism for run in self.runs]


def cut(record: Record, ending: Ending) -> Record:
    """The record of a run that was ended before any of its tasks was done."""
    return replace(record, ending=ending, tasks=bytes(len(record.tasks)), results={})


def refuse(plan: Plan) -> Any:
    """Start nothing."""
    raise Refused("not started")


async def until(what: Callable[[], Any], limit: float = 10.0) -> None:
    """Wait on the loop until something is so."""
    async with asyncio.timeout(limit):
        while not what():  # noqa: ASYNC110  what it waits for raises no event
            await asyncio.sleep(0.01)
