"""Plan, Record, Outcome: what a run is, and what is known of it afterwards.

Knows no process, no file, no clock and no frame. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

START_METHODS = ("fork", "spawn", "forkserver")
DEFAULT_TIMEOUT = 60.0


class Outcome(StrEnum):
    """How one task ended."""

    OK = "ok"
    ERROR = "error"
    DIED = "died"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    MISSING = "missing"


class Ending(StrEnum):
    """How a run ended."""

    RUNNING = "running"  # it has not, yet
    FINISHED = "finished"  # the mechanism returned
    RAISED = "raised"  # the mechanism's call raised
    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    MEMORY = "memory"  # its processes used more than they may
    HOST_DIED = "host died"  # the process that ran the mechanism ended before it was done


CUT_SHORT = {Ending.DEADLINE: Outcome.TIMEOUT, Ending.CANCELLED: Outcome.CANCELLED}


class Refused(ValueError):
    """Asked for something impossible; its text is the one sentence to show."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that defines one run.

    Parameters
    ----------
    function
        The workload: called with one input, gives one result.
    inputs
        One input a task.
    mechanism
        A key of ``mpviz.MECHANISMS``.
    workers
        Processes or threads that run tasks, at least 1.
    start_method
        ``"fork"``, ``"spawn"`` or ``"forkserver"``; without meaning for threads.
    chunk_size
        Tasks handed over at once, at least 1.
    timeout
        The deadline in seconds, counted from the mechanism being called.
    workload, input_set
        The names to show.
    memory
        Bytes that all its processes may use together; 0 stands for three quarters of what is free
        when it starts.
    """

    function: Callable[[Any], Any]
    inputs: tuple[Any, ...]
    mechanism: str = "pool.map"
    workers: int = 1
    start_method: str = "fork"
    chunk_size: int = 1
    timeout: float = DEFAULT_TIMEOUT
    workload: str = ""
    input_set: str = ""
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was printed: by which task (-1: outside any), by which worker row, what."""

    task: int
    worker: int
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a result was, for comparing it with another run's (see `mpviz.recording.canonical`).

    ``digest`` is of everything, and empty where the result can't be compared: ``why`` says so then.
    ``shape`` is of everything but its floats, ``floats`` are those, as they lie in memory, or
    empty where they are too many to be kept.
    """

    digest: str
    shape: str = ""
    floats: bytes = b""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What happened in one run, as plain data.

    ``tasks`` and ``workers`` are the rows of the trace table as they were written (int64 words,
    see `mpviz.recording.table`), one a task and one a worker; ``called_ns`` and ``ended_ns`` bound
    the makespan on the clock they share. ``results`` maps a task to its result as text; where that
    text does not say all of the result, ``answers`` maps it to what can be compared. ``errors`` has
    a line for each task that raised, ``tracebacks`` the whole story of the first in each process.
    """

    plan: Plan
    ending: Ending
    called_ns: int
    ended_ns: int
    tasks: bytes
    workers: bytes
    results: Mapping[int, str] = field(default_factory=dict)
    answers: Mapping[int, Answer] = field(default_factory=dict)
    errors: Mapping[int, str] = field(default_factory=dict)
    tracebacks: Mapping[int, str] = field(default_factory=dict)
    output: tuple[Line, ...] = ()
    message: str = ""  # what the mechanism's call raised, or why the host died
    lost_workers: int = 0  # workers for which the trace table had no row left
    host_cpu_ns: int = 0  # CPU time of the host and its children during the call; 0: unknown
    left_behind: int = 0  # processes that still ran when the program that started them was done
    survivors: tuple[str, ...] = ()  # processes that could not be ended: "123 (sleep)"
    environment: Mapping[str, Any] = field(default_factory=dict)


def outcome(
    *,
    started: bool,
    finished: bool,
    failed: bool,
    received: bool,
    worker_died: bool,
    ending: Ending,
) -> Outcome:
    """How a task ended, from what is known of it.

    Parameters
    ----------
    started, finished, failed
        Whether the task began, came to its end, and ended by an exception.
    received
        Whether the mechanism yielded its result.
    worker_died
        Whether the worker that ran it ended before the run was ended.
    ending
        How the run ended.
    """
    if failed:
        return Outcome.ERROR
    if finished and received:
        return Outcome.OK
    if started and not finished and worker_died:
        return Outcome.DIED
    return CUT_SHORT.get(ending, Outcome.MISSING)
