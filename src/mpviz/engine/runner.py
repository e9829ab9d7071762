"""Starts a run, watches it, ends it: Plan -> Running -> Record.

Knows no frame and no widget. A run happens in a host process of its own, below a guard (see
`mpviz.engine.guard`); this side only waits, and reads.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from mpviz.core.errors import Failed
from mpviz.core.outcome import CUT_SHORT, Ending
from mpviz.core.plan import LEAST_MEMORY, Plan
from mpviz.core.record import Record
from mpviz.core.text import size
from mpviz.engine import folders
from mpviz.engine.carrying.pack import check_sendable, pack
from mpviz.engine.environment import environment, free_memory
from mpviz.engine.reading import last_words, read_folder, remains
from mpviz.engine.recording.files import OUTPUT
from mpviz.engine.recording.table import (
    CALLED,
    CUT,
    ENDED,
    EXITED,
    HOST_CPU,
    PID,
    STOPPED,
    TableFile,
    TraceTable,
)
from mpviz.engine.tree import MARK, names, system
from mpviz.engine.usage import usage_of
from mpviz.mechanisms import MECHANISMS

SHARE_OF_FREE = 0.75  # of the memory that is free, where a plan names no ceiling
OVER = (Ending.FINISHED, Ending.RAISED)  # by itself
LOOK_EVERY = 0.5  # seconds between two looks at the guard itself
END_LIMIT = 30.0  # seconds after its deadline in which a run has ended, or its guard does no good
GOODBYE_LIMIT = 5.0  # seconds for a guard whose tree is gone to leave


def check(plan: Plan) -> None:
    """Refuse inputs that can't travel to the workers; for who asks before it waits its turn.

    Raises
    ------
    Refused
        One sentence that names the input.
    """
    if MECHANISMS[plan.mechanism].sends(plan.start_method):
        check_sendable(plan.inputs, plan.mechanism)


def start(plan: Plan) -> Running:
    """Start a run and come back at once.

    Raises
    ------
    Refused
        When the workload or an input can't travel to where it is run; nothing was started then.
    Failed
        When the machine can't: no space for its folder, no process to be had.
    """
    check(plan)
    return Running(plan, _payload(plan))


def _payload(plan: Plan) -> bytes:
    packed = pack(plan.function, plan.inputs)
    return pickle.dumps(
        {
            "code": packed.code,
            "state": packed.state,
            "inputs": packed.inputs,
            "mechanism": plan.mechanism,
            "workers": plan.workers,
            "start_method": plan.start_method,
            "chunk_size": plan.chunk_size,
            "sys_path": [path or str(Path.cwd()) for path in sys.path],
            "argv": sys.argv,
        }
    )


class Runs(Protocol):
    """What a waiter needs of a run."""

    def wait(self) -> Record:
        """Wait for the end."""

    def cancel(self) -> None:
        """Ask for the end."""


def finish(running: Runs) -> Record:
    """Wait for a run's end; whatever breaks the waiting off ends the run first."""
    try:
        return running.wait()
    except BaseException:
        running.cancel()
        running.wait()
        raise


Start = Callable[[Plan], Runs]  # how a plan is started; a test may hand in its own


class Running:
    """A run under way.

    Attributes
    ----------
    plan
        What is being run.
    table
        The live trace table; readable until the run was collected by `wait`.
    """

    def __init__(self, plan: Plan, payload: bytes) -> None:
        self.plan = plan
        self.environment = environment(plan.function)
        self.allowed = plan.memory or max(LEAST_MEMORY, int(SHARE_OF_FREE * free_memory()))
        try:
            folders.clear_left_over()
            self.folder = folders.make()
        except OSError as error:
            raise Failed(f"The run could not be started: {error}.") from error
        # Of the one who waits for the guard and collects; who was interrupted may wait again.
        self._waiting = threading.RLock()
        self._reading = threading.Lock()  # of the table, which is closed once it was collected
        self._pipes = threading.Lock()  # of the guard's pipes; held for moments only
        self._record: Record | None = None
        self._said = b""
        self._stopped = False  # whether the guard was, at the last look
        self._began = time.perf_counter()
        self._over = False  # whether the guard has said all it will
        self._cleared = False
        try:
            (self.folder / "tmp").mkdir()
            (self.folder / "plan").write_bytes(payload)
            (self.folder / OUTPUT).touch()
            rows = len(plan.inputs) + 2 * plan.workers + 64
            path = self.folder / "table"
            TraceTable.create(path, tasks=len(plan.inputs), workers=rows).close()
            self.table = TableFile(path)
            self._start_guard()
        except BaseException as error:
            folders.remove(self.folder)
            if isinstance(error, OSError):
                raise Failed(f"The run could not be started: {error}") from error
            raise

    def _start_guard(self) -> None:
        folder, plan = self.folder, self.plan
        self._guard = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "mpviz.engine.guard"),
                *(str(folder), str(os.getpid()), str(plan.timeout), str(self.allowed)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {MARK: folder.name},
            start_new_session=True,
        )
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        self._to_guard, self._from_guard = self._guard.stdin, self._guard.stdout
        os.set_blocking(self._to_guard.fileno(), False)  # a guard that is stopped reads nothing

    def cancel(self) -> None:
        """Ask for the end of the run; `wait` gives the record of what was done by then."""
        self._tell_guard(b"c")

    def _tell_guard(self, word: bytes) -> None:
        with self._pipes, contextlib.suppress(OSError):
            if not self._to_guard.closed:
                os.write(self._to_guard.fileno(), word)

    def snapshot(self) -> Record:
        """What is known at this moment; its ending is RUNNING until there is a final record."""
        with self._reading:
            if self._record is not None:
                return self._record
            now = time.perf_counter_ns()
            return Record(
                plan=self.plan,
                ending=Ending.RUNNING,
                called_ns=self.table.stamp(CALLED) or now,
                ended_ns=now,
                tasks=self.table.task_bytes(),
                workers=self.table.worker_bytes(),
            )

    @property
    def started(self) -> bool:
        """Whether a worker has run its first instruction."""
        with self._reading:
            return self._record is not None or self.table.booted

    @property
    def finished(self) -> int:
        """How many tasks have come to their end by now."""
        with self._reading:
            if self._record is not None:
                return len(self.plan.inputs)
            return self.table.finished

    @property
    def done(self) -> bool:
        """Whether every process of the run is gone."""
        return self._record is not None or self._heard()

    def wait(self, timeout: float | None = None) -> Record:
        """Wait for the run's end and give its record; the run's folder is gone then.

        Raises
        ------
        TimeoutError
            When the run goes on after `timeout` seconds.
        """
        until = None if timeout is None else time.perf_counter() + timeout
        if not self._waiting.acquire(timeout=-1 if timeout is None else max(timeout, 0)):
            raise TimeoutError(f"the run goes on after {timeout} s")
        try:
            if self._record is None:
                if not self._wait_for_guard(until):
                    raise TimeoutError(f"the run goes on after {timeout} s")
                self._record = self._finish()
            if not self._cleared:  # nor if an interrupt came into it
                self._clear_away()
            return self._record
        finally:
            self._waiting.release()

    def _wait_for_guard(self, until: float | None) -> bool:
        """Wait for what the guard says. Only who holds `_waiting` may: the pipe stays open then."""
        poll = select.poll()
        poll.register(self._from_guard.fileno(), select.POLLIN)
        while not self._heard():
            left = None if until is None else until - time.perf_counter()
            if left is not None and left <= 0:
                return False
            poll.poll(1000 * min(LOOK_EVERY, LOOK_EVERY if left is None else left))
            self._look_after_guard()
        return True

    def _look_after_guard(self) -> None:
        """Kill a guard that was stopped, or that is far too late: it keeps no deadline any more."""
        called = self.table.stamp(CALLED) / 1e9 or self._began + END_LIMIT
        late = time.perf_counter() > called + self.plan.timeout + END_LIMIT
        stopped = system.is_stopped(self._guard.pid)
        if late or (stopped and self._stopped):
            self._guard.kill()
        self._stopped = stopped

    def _heard(self) -> bool:
        """Whether the guard has said its one line, or was killed; does not wait."""
        with self._pipes:
            if self._over:
                return True
            poll = select.poll()
            poll.register(self._from_guard.fileno(), select.POLLIN)
            while not self._over:
                if not poll.poll(0):
                    return False
                said = os.read(self._from_guard.fileno(), 4096)
                self._said += said
                self._over = not said or said.endswith(b"\n")
            return True

    def _finish(self) -> Record:
        """Collect the record; whoever looks meanwhile is not held up."""
        try:
            record = self._collect(self._report())
        except Exception as error:
            record = self._unread(error)
        with self._reading:
            self._record = record
            self.table.close()
        return record

    def _unread(self, error: Exception) -> Record:
        """The record where a run's files can't be read: user code can write there as well."""
        return replace(
            self.snapshot(),
            ending=Ending.HOST_DIED,
            message=f"what the run left could not be read: {type(error).__name__}: {error}",
            environment=self.environment,
        )

    def _report(self) -> dict[str, Any]:
        """What the guard said; where it was killed, what we find in its place."""
        if self._said.endswith(b"\n"):
            report: dict[str, Any] = json.loads(self._said)
            return report
        return {
            "ending": Ending.HOST_DIED,
            "status": None,
            "left_behind": 0,
            "used": 0,
            "usage": {},
            "survivors": names(self._sweep()),
            "shared": [],
            "fault": "the guard of the run was killed",
        }

    def _collect(self, report: dict[str, Any]) -> Record:
        ending = Ending(report["ending"])
        message = report["fault"]
        if ending is Ending.MEMORY:
            message = (
                f"its processes used {size(report['used'])} together,"
                f" and may use {size(self.allowed)}"
            )
        if ending is Ending.HOST_DIED and not message:
            message = last_words(self.folder, report["status"])
        found = read_folder(self.folder, self.table, MECHANISMS[self.plan.mechanism])
        interrupted = not found.whole and ending is not Ending.MEMORY
        if found.ending in OVER and (ending is Ending.FINISHED or interrupted):
            # Where the results were still being written, what ended that did not end the run.
            ending, message = found.ending, report["fault"]
        message = found.raised or message
        if told := [*found.lost, *remains(report)]:
            known = message or ("an exception" if ending is Ending.RAISED else "")
            message = "; ".join([known, *told] if known else told)
        table, now = self.table, time.perf_counter_ns()
        cut = ending in CUT_SHORT or ending in (Ending.HOST_DIED, Ending.MEMORY)
        called = table.stamp(CALLED) or table.stamp(CUT) or now
        return Record(
            plan=self.plan,
            ending=ending,
            called_ns=called,
            ended_ns=max(called, (table.stamp(CUT) if cut else 0) or table.stamp(ENDED)),
            tasks=table.task_bytes(),
            workers=table.worker_bytes(),
            results=found.results,
            answers=found.answers,
            errors=found.errors,
            tracebacks=found.tracebacks,
            output=found.lines,
            message=message,
            lost_workers=table.lost,
            host_cpu_ns=max(table.words[HOST_CPU], 0),
            left_behind=report["left_behind"],
            survivors=tuple(report["survivors"]),
            environment=self.environment,
            usage=usage_of(report["usage"]),
        )

    def _sweep(self) -> list[int]:
        """What the guard, which was killed, can do no more: end all that carries the run's mark."""
        left = folders.sweep(self.folder)
        words = self.table.words
        now = time.perf_counter_ns()
        words[CUT] = words[CUT] or now
        for row in range(self.table.claimed):
            at = self.table.worker(row)
            if words[at + PID] and not (words[at + EXITED] or words[at + STOPPED]):
                words[at + EXITED] = now
        return left

    def _clear_away(self) -> None:
        """The guard removes the folder when its control pipe ends; where it is dead, we do."""
        # Said, not just closed: a process forked from ours meanwhile holds the pipe as well.
        self._tell_guard(b"q")
        with self._pipes, contextlib.suppress(OSError):
            self._from_guard.close()
            self._to_guard.close()
        try:
            self._guard.wait(GOODBYE_LIMIT)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._guard.wait(GOODBYE_LIMIT)
        folders.remove(self.folder)
        self._cleared = True
