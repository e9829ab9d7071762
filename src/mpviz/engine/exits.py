"""When and how the processes of a run ended, written into its table. Standard library only."""

from __future__ import annotations

import contextlib
import os
import time

from mpviz.engine.recording.table import CUT, EXITCODE, EXITED, PID, WORKER_WORDS, TableFile


def stamp_exits_of(table: TableFile, pid: int) -> None:
    """Write down that a process is no more, in the rows of all its threads."""
    for row in rows_of(table, pid):
        stamp_exit(table, row)


def rows_of(table: TableFile, pid: int) -> list[int]:
    """The rows of a process: several where its threads have some."""
    pids = memoryview(table.worker_bytes()).cast("q")[PID::WORKER_WORDS].tolist()
    return [row for row, known in enumerate(pids) if known == pid]


def stamp_exit(table: TableFile, row: int) -> None:
    """Write down that a worker's process is no more."""
    table.words[table.worker(row) + EXITED] = time.perf_counter_ns()


def reap(table: TableFile | None) -> None:
    """Take the exit codes of children that ended, also of those that became ours.

    A worker that died while its mechanism hung has nobody else to ask how.
    """
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if table is not None:
                note_exit(table, *ended)


def note_exit(table: TableFile, pid: int, status: int) -> None:
    """Write down how a process ended, in the rows of those known to have ended before the cut."""
    words = table.words
    for row in rows_of(table, pid):
        at = table.worker(row)
        if 0 < words[at + EXITED] < words[CUT]:
            words[at + EXITCODE] = os.waitstatus_to_exitcode(status)
