"""The timed task: the workload, with its start, end and CPU time stamped.

Knows no mechanism. It travels to a worker as a name; its state (the trace table, the function) is
put into each worker once, by the recording context, before the worker's first task. Pickled along
with each task instead, the state cost 8.8 µs a task at chunk 1.
"""

from __future__ import annotations

import os
import resource
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns, process_time_ns, thread_time_ns
from typing import Any

from mpviz.engine.carrying.unpack import load_code
from mpviz.engine.recording.output import RAISED, TRACEBACK, Here, Output, ThreadState
from mpviz.engine.recording.raw import Raw
from mpviz.engine.recording.shared import name_semaphores, note_segments
from mpviz.engine.recording.table import (
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
# In less, no task can have written to a descriptor, and none can have started a child and waited
# for it: looking costs 0.2 and 0.4 µs.
WRITES, WAITS = 500, 100_000  # nanoseconds
LONGEST_TRACEBACK = 8_000  # characters


@dataclass(frozen=True, slots=True)
class Setup:
    """What a fresh process needs to record: small, picklable, the same for every worker."""

    folder: Path
    code: bytes  # the workload, for `mpviz.engine.carrying.unpack.load_code`


class _State:
    """What this process records into: empty until `install`."""

    table: TraceTable
    words: memoryview[int]
    function: Callable[[Any], Any]
    output: Output
    tracebacks = 10  # to be kept of this process; formatting one takes some 100 µs
    ready = False
    # Of this thread; of the whole process, where it runs one task at a time (`work_alone`).
    cpu_clock: Callable[[], int] = staticmethod(thread_time_ns)


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
    sys.stdout, sys.stderr = state.output.stdout, state.output.stderr
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc]  # what tasks print there would be lost
    os.register_at_fork(after_in_child=_forget_raw)
    state.function = load_code(setup.code)
    state.ready = True


def work_alone(raw: Raw | None) -> None:
    """Take this process for one that runs one task at a time, in the calling thread.

    So all its CPU time, and what is written to its descriptors 1 and 2, is that task's.
    """
    output = state.output
    output.home = here.place
    state.cpu_clock = process_time_ns
    here.place.children = _cpu_of_children()
    if raw is not None:
        output.follow(raw)


def _forget_raw() -> None:
    """What a task forks shares its parent's file, and must not account for it as well."""
    state.output.raw = None


def timed_task(item: tuple[int, Any]) -> tuple[int, Any]:
    """Run the workload on one ``(index, input)`` and give ``(index, result)``."""
    index, value = item
    place = here.place
    words = state.words
    at = HEADER_WORDS + index * TASK_WORDS
    worker = place.worker << 2
    end = worker | FAILED
    finished = spent = 0
    started = perf_counter_ns()
    # Reading the CPU clock is a system call of 0.6 µs. Between two tasks of one chunk there is no
    # time to speak of, so the reading at the end of the last one serves as well.
    if started - place.finished < BACK_TO_BACK:
        cpu = place.cpu
    else:
        cpu = state.cpu_clock()
        state.output.look()  # what came between two tasks is nobody's
        started = perf_counter_ns()  # so that the reading is no part of the task
    place.task = index
    words[at + STARTED] = started
    words[at + STATE] = worker | RUNNING
    try:
        result = state.function(value)
        end = worker | DONE
        return index, result
    except BaseException as error:
        # Before it is noted, which is not the task's time.
        finished, spent = perf_counter_ns(), state.cpu_clock()
        note_error(error)
        raise
    finally:
        words[at + FINISHED] = place.finished = finished or perf_counter_ns()
        place.cpu = spent or state.cpu_clock()
        took = place.finished - started
        children = _children_of(place) if took > WAITS else 0
        words[at + CPU] = place.cpu - cpu + children
        words[at + STATE] = end
        if took > WRITES:
            state.output.look()
        if place.line:
            state.output.end_line()
        place.task = -1


def _children_of(place: ThreadState) -> int:
    """Nanoseconds of CPU time of the children that a task waited for."""
    if state.output.home is not place:  # they may be another thread's
        return 0
    before, place.children = place.children, _cpu_of_children()
    return place.children - before


def cpu_time() -> int:
    """Nanoseconds of CPU time of this process and of the children it waited for."""
    return process_time_ns() + _cpu_of_children()


def _cpu_of_children() -> int:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) * 1e9)


def note_error(error: BaseException, kind: int = RAISED) -> None:
    """Append what was raised to the run's output; what cannot be shown is named by its type."""
    try:
        text = f"{type(error).__name__}: {error}"
    except BaseException:
        text = type(error).__name__
    state.output.entry(kind, text.removesuffix(": "))
    if kind == RAISED and state.tracebacks > 0:
        state.tracebacks -= 1
        state.output.entry(TRACEBACK, traceback_of(error))


def traceback_of(error: BaseException) -> str:
    """The traceback as the task's own program would have shown it, the middle of a long one cut."""
    try:
        ours = error.__traceback__  # the frame of the timed task
        theirs = ours.tb_next if ours else None
        text = "".join(traceback.format_exception(type(error), error, theirs)).rstrip()
    except BaseException:
        return ""
    if len(text) <= LONGEST_TRACEBACK:
        return text
    half = LONGEST_TRACEBACK // 2
    return f"{text[:half]}\n[…]\n{text[-half:]}"
