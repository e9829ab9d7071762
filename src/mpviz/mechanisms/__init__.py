"""How tasks reach workers and results come back: one file a family, each reads like the lesson.

A mechanism is a generator ``(task, inputs, *, workers, context, chunk_size)``. `inputs` are
``(index, input)``; it calls `task` with one of them and yields the ``(index, result)`` that comes
back, before it closes what it opened. It knows of no measuring.

Those named ``.lesson`` are as taught, faults and all: they may lose results or wait for ever.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

from mpviz.mechanisms.executor import executor_map, executor_submit
from mpviz.mechanisms.pipe import pipe, pipe_lesson
from mpviz.mechanisms.pool import (
    pool_apply_async,
    pool_imap,
    pool_imap_unordered,
    pool_map,
    pool_map_async,
    pool_starmap,
)
from mpviz.mechanisms.process import process, process_lesson
from mpviz.mechanisms.queue import queue, queue_lesson
from mpviz.mechanisms.sequential import sequential
from mpviz.mechanisms.threads import threads

MOST_EACH = 64  # inputs for a mechanism that starts a process for each


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A mechanism and which controls mean something to it."""

    function: Callable[..., Iterator[tuple[int, Any]]]
    processes: bool = True  # starts processes, so that a start method means something
    chunks: bool = False  # hands over several tasks at once
    parallel: bool = True  # has more than one worker
    one_each: bool = False  # starts a process for each input, however many workers are asked for
    inherits: bool = False  # a forked process has its input at its start: it is not pickled

    def sends(self, start_method: str) -> bool:
        """Whether each input is pickled on its way to a worker."""
        return self.parallel and self.processes and not (self.inherits and start_method == "fork")

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def source(self) -> str:
        """Its code, after the functions of ours that it calls."""
        found: dict[str, str] = {}
        _collect(self.function, found)
        return "\n\n".join(reversed(found.values()))


def _collect(function: Callable[..., Any], found: dict[str, str]) -> None:
    if function.__name__ in found:
        return
    found[function.__name__] = inspect.getsource(function)
    for name in _names(function.__code__):
        used = function.__globals__.get(name)
        if inspect.isfunction(used) and used.__module__.startswith(__name__):
            _collect(used, found)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


MECHANISMS: dict[str, Mechanism] = {
    "sequential": Mechanism(sequential, processes=False, parallel=False),
    "threads": Mechanism(threads, processes=False),
    "process": Mechanism(process, inherits=True),
    "process.lesson": Mechanism(process_lesson, one_each=True, inherits=True),
    "queue": Mechanism(queue),
    "queue.lesson": Mechanism(queue_lesson),
    "pipe": Mechanism(pipe),
    "pipe.lesson": Mechanism(pipe_lesson, one_each=True, inherits=True),
    "pool.map": Mechanism(pool_map, chunks=True),
    "pool.map_async": Mechanism(pool_map_async, chunks=True),
    "pool.imap": Mechanism(pool_imap, chunks=True),
    "pool.imap_unordered": Mechanism(pool_imap_unordered, chunks=True),
    "pool.starmap": Mechanism(pool_starmap, chunks=True),
    "pool.apply_async": Mechanism(pool_apply_async),
    "executor.map": Mechanism(executor_map, chunks=True),
    "executor.submit": Mechanism(executor_submit),
}
