"""The timed task: the workload, with its start, end and CPU time stamped.

Knows no mechanism. It travels to a worker as a name; its state (the trace table, the function) is
put into each worker once, by the recording context, before the worker's first task. Pickled along
with each task instead, the state cost 8.8 µs a task at chunk 1.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns, thread_time_ns
from typing import Any

from mpviz.carrying.unpack import load_code
from mpviz.recording.output import RAISED, Here, Output
from mpviz.recording.shared import name_semaphores, note_segments
from mpviz.recording.table import (
    CPU,
    DONE,
    FAILED,
    FINISHED,
    HEADER_WORDS,
    RUNNING,
    STARTED,
    STATE,
    TASK_WORDS,
    TraceTable,
)

here = Here()
BACK_TO_BACK = 5_000  # nanoseconds


@dataclass(frozen=True, slots=True)
class Setup:
    """What a fresh process needs to record: small, picklable, the same for every worker."""

    folder: Path
    code: bytes  # the workload, for `mpviz.carrying.unpack.load_code`


class _State:
    """What this process records into: empty until `install`."""

    table: TraceTable
    words: memoryview[int]
    function: Callable[[Any], Any]
    output: Output
    ready = False


state = _State()


def install(setup: Setup) -> None:
    """Make this process ready to run timed tasks; what it prints from now on is captured."""
    if state.ready:
        return
    state.table = TraceTable(setup.folder / "table")
    state.words = state.table.words
    name_semaphores(setup.folder.name)
    note_segments(setup.folder)
    state.output = Output(setup.folder / "output", here, state.words)
    sys.stdout = sys.stderr = state.output
    state.function = load_code(setup.code)
    state.ready = True


def timed_task(item: tuple[int, Any]) -> tuple[int, Any]:
    """Run the workload on one ``(index, input)`` and give ``(index, result)``."""
    index, value = item
    place = here.place
    place.task = index
    words = state.words
    at = HEADER_WORDS + index * TASK_WORDS
    worker = place.worker << 2
    end = worker | FAILED
    started = perf_counter_ns()
    # Reading the CPU clock is a system call of 0.6 µs. Between two tasks of one chunk there is no
    # time to speak of, so the reading at the end of the last one serves as well.
    cpu = place.cpu if started - place.finished < BACK_TO_BACK else thread_time_ns()
    words[at + STARTED] = started
    words[at + STATE] = worker | RUNNING
    try:
        result = state.function(value)
        end = worker | DONE
        return index, result
    except BaseException as error:
        note_error(error)
        raise
    finally:
        words[at + FINISHED] = place.finished = perf_counter_ns()
        place.cpu = thread_time_ns()
        words[at + CPU] = place.cpu - cpu
        words[at + STATE] = end
        if place.line:
            state.output.end_line()
        place.task = -1


def note_error(error: BaseException, kind: int = RAISED) -> None:
    """Append what was raised to the run's output; what cannot be shown is named by its type."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:
        text = type(error).__name__
    state.output.entry(kind, text.removesuffix(": "))
