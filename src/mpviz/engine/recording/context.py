"""The recording context: multiprocessing's own, with a Process and a Thread that stamp.

They stamp when they were asked for, when they ran their first instruction and when they ended.
Knows no mechanism: `Pool`, `ProcessPoolExecutor`, queues and pipes all take a context, so what they
start is recorded without a line of their own.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.context as stdlib
import multiprocessing.process
import os
import threading
from time import perf_counter_ns
from typing import Any

from mpviz.engine.recording.raw import host_log, own_file
from mpviz.engine.recording.table import BOOTED, EXITCODE, PID, STOPPED, TID, TraceTable
from mpviz.engine.recording.task import Setup, here, install, state, work_alone


class Lanes:
    """Gives each starting worker a row of the table and the lowest lane that is free."""

    def __init__(self, setup: Setup, table: TraceTable) -> None:
        self.setup = setup
        self.table = table
        self._in_lane: list[Worker] = []

    def enter(self, worker: Worker) -> int:
        """Claim a row for a worker that is about to start, and give the row."""
        for lane, previous in enumerate(self._in_lane):
            if previous.is_over():
                self._in_lane[lane] = worker
                break
        else:
            lane = len(self._in_lane)
            self._in_lane.append(worker)
        requested = perf_counter_ns()  # after the last look, or it came before its lane was free
        return self.table.claim(name=worker.name, lane=lane, requested=requested)

    def main_thread(self) -> None:
        """Give the calling thread a row of its own: `sequential` has no other worker."""
        requested = perf_counter_ns()
        here.place.worker = self.table.claim(name="MainThread", lane=0, requested=requested)
        work_alone(host_log())
        stamp_boot(here.place.worker)


class Worker:
    """What a recorded Process and a recorded Thread share."""

    name: str
    row = -1

    def is_over(self) -> bool:
        """Whether it has ended, by its own stamp or by the system's word."""
        raise NotImplementedError


lanes: Lanes  # of the host; there is one run in a host


def open_lanes(setup: Setup, table: TraceTable) -> Lanes:
    """Make the lanes of this host's one run."""
    global lanes  # noqa: PLW0603  a Process class has no other way to reach its run
    lanes = Lanes(setup, table)
    return lanes


def stamp_boot(row: int) -> None:
    """First instruction: when, in which process and thread."""
    here.place.worker = row
    if row < 0:
        return
    words, at = state.words, state.table.worker(row)
    words[at + PID] = os.getpid()
    words[at + TID] = threading.get_native_id()
    words[at + BOOTED] = perf_counter_ns()


def stamp_end(row: int) -> None:
    """Last instruction."""
    if row >= 0:
        state.words[state.table.worker(row) + STOPPED] = perf_counter_ns()


class Thread(threading.Thread, Worker):
    """A `threading.Thread` that stamps."""

    def start(self) -> None:
        """Stamp, then start."""
        self.row = lanes.enter(self)
        super().start()

    def run(self) -> None:
        """Stamp around the thread's work."""
        stamp_boot(self.row)
        try:
            super().run()
        finally:
            stamp_end(self.row)

    def is_over(self) -> bool:
        """Whether the thread has ended."""
        return not self.is_alive()


class _Process(multiprocessing.process.BaseProcess, Worker):
    """A multiprocessing Process that stamps, and brings the run's setup into the child."""

    setup: Setup

    def __reduce__(self) -> tuple[Any, ...]:
        # First the setup: what the target is given may be of the caller's `__main__`.
        return _arrive, (type(self), self.setup), vars(self)

    def start(self) -> None:
        self.row = lanes.enter(self)
        self.setup = lanes.setup
        super().start()
        if self.row >= 0 and self.pid:
            # So that a worker that dies before its first instruction is known all the same.
            lanes.table.words[lanes.table.worker(self.row) + PID] = self.pid

    def run(self) -> None:
        install(self.setup)
        raw = own_file(self.setup.folder, self.row)
        work_alone(raw)
        stamp_boot(self.row)
        try:
            super().run()
        finally:
            if here.place.line:
                state.output.end_line()
            if raw is not None:
                raw.leave()
            stamp_end(self.row)

    def is_over(self) -> bool:
        return self._closed or self.exitcode is not None  # type: ignore[attr-defined]  # its own

    @property
    def exitcode(self) -> int | None:
        code = super().exitcode
        self._note(code)
        return code

    def join(self, timeout: float | None = None) -> None:
        super().join(timeout)
        self._note(super().exitcode)

    def close(self) -> None:
        self._note(super().exitcode)
        super().close()

    def _note(self, code: int | None) -> None:
        if code is not None and self.row >= 0 and os.getpid() == self._parent_pid:  # type: ignore[attr-defined]  # its own
            lanes.table.words[lanes.table.worker(self.row) + EXITCODE] = code


def _arrive(kind: type[_Process], setup: Setup) -> _Process:
    """The beginning of a process that was sent to a worker, where its setup is in place."""
    install(setup)
    return kind.__new__(kind)


# Named as the standard library names them, since a process's default name is made of this.
class ForkProcess(_Process, stdlib.ForkProcess):
    """A recorded process of the fork start method."""


class SpawnProcess(_Process, stdlib.SpawnProcess):
    """A recorded process of the spawn start method."""


class ForkServerProcess(_Process, stdlib.ForkServerProcess):
    """A recorded process of the forkserver start method."""


class ForkContext(stdlib.ForkContext):
    """The fork context, recording."""

    Process = ForkProcess
    Thread = Thread


class SpawnContext(stdlib.SpawnContext):
    """The spawn context, recording."""

    Process = SpawnProcess
    Thread = Thread


class ForkServerContext(stdlib.ForkServerContext):
    """The forkserver context, recording."""

    Process = ForkServerProcess
    Thread = Thread


def recording_context(start_method: str) -> Any:
    """A context for `start_method` whose processes and threads are recorded."""
    contexts = {"fork": ForkContext, "spawn": SpawnContext, "forkserver": ForkServerContext}
    return contexts[start_method]()
