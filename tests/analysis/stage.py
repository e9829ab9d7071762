"""Records made by hand: a trace table to write in, and the record of it."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from mpviz.analysis import frames
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.engine.recording.table import (
    BOOTED,
    CPU,
    DONE,
    EXITCODE,
    EXITED,
    FAILED,
    FINISHED,
    PID,
    RECEIVED,
    RUNNING,
    STARTED,
    STATE,
    STOPPED,
    TID,
    TraceTable,
)

CALLED = 5_000_000_000  # the clock when the mechanism was called
SECOND = 10**9
NAN = math.nan
Scene = Callable[..., Record]


class Stage:
    """A trace table to write in; all times in seconds since the call."""

    def __init__(self, path: Path, plan: Plan, rows: int = 8) -> None:
        self.plan = plan
        self.table = TraceTable.create(path, tasks=len(plan.inputs), workers=rows)

    def worker(
        self,
        *,
        lane: int,
        pid: int = 0,
        requested: float = 0.1,
        booted: float | None = 0.2,
        stopped: float | None = None,
        exited: float | None = None,
        exitcode: int | None = None,
    ) -> int:
        row = self.table.claim(name=f"Worker-{lane}", lane=lane, requested=at(requested))
        begin, words = self.table.worker(row), self.table.words
        words[begin + PID] = words[begin + TID] = pid
        for cell, moment in ((BOOTED, booted), (STOPPED, stopped), (EXITED, exited)):
            if moment is not None:
                words[begin + cell] = at(moment)
        if exitcode is not None:
            words[begin + EXITCODE] = exitcode
        return row

    def task(
        self,
        index: int,
        worker: int,
        started: float,
        finished: float | None = None,
        *,
        received: float | None = None,
        cpu: float = 0.0,
        failed: bool = False,
    ) -> None:
        begin, words = self.table.task(index), self.table.words
        words[begin + STARTED] = at(started)
        state = RUNNING
        if finished is not None:
            words[begin + FINISHED] = at(finished)
            words[begin + CPU] = round(cpu * SECOND)
            state = FAILED if failed else DONE
        if received is not None:
            words[begin + RECEIVED] = at(received)
        words[begin + STATE] = worker << 2 | state

    def record(
        self, ending: Ending = Ending.FINISHED, makespan: float = 4.0, **more: Any
    ) -> Record:
        made = Record(
            plan=self.plan,
            ending=ending,
            called_ns=CALLED,
            ended_ns=at(makespan),
            tasks=self.table.task_bytes(),
            workers=self.table.worker_bytes(),
            **more,
        )
        self.table.close()
        return made


def at(seconds: float) -> int:
    return CALLED + round(seconds * SECOND)


def plan_of(*inputs: Any, **options: Any) -> Plan:
    options = {"mechanism": "pool.map", "workers": 2, "workload": "toy"} | options
    return Plan(abs, inputs, **options)


def outcomes(record: Record) -> list[str]:
    return list(frames.tasks_frame(record)["outcome"])


def all_of(record: Record, **options: Any) -> dict[str, pd.DataFrame]:
    tasks, workers = frames.tasks_frame(record), frames.workers_frame(record)
    intervals = frames.intervals_frame(record, tasks, workers)
    runs = frames.runs_frame(record, tasks, intervals, **options)
    return {"tasks": tasks, "workers": workers, "runs": runs}
