"""What happened in one run, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.core.usage import Usage


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was printed: by which task (-1: outside any), by which worker row, what."""

    task: int
    worker: int
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a result was, to compare it with another run's; see `mpviz.engine.recording.canonical`.

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
    see `mpviz.engine.recording.table`), one a task and one a worker; ``called_ns`` and
    ``ended_ns`` bound the makespan on the clock they share. ``results`` maps a task to its result
    as text; where that text does not say all of the result, ``answers`` maps it to what can be
    compared. ``errors`` has a line for each task that raised, ``tracebacks`` the tracebacks of
    the first ten in each process.
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
    usage: Usage = field(default_factory=Usage)

    @property
    def makespan_s(self) -> float:
        """Seconds from the mechanism being called to its last result, or to the cut."""
        return (self.ended_ns - self.called_ns) / 1e9
