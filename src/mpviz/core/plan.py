"""Everything that defines one run."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

START_METHODS = ("fork", "spawn", "forkserver")
# What this Python uses where none is named: fork up to 3.13 on Linux, forkserver from 3.14 on.
# (`get_start_method` would settle it for the whole program.)
DEFAULT_START_METHOD = multiprocessing.get_all_start_methods()[0]
DEFAULT_TIMEOUT = 60.0


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
        ``"fork"``, ``"spawn"`` or ``"forkserver"``, this Python's own default if none is named;
        without meaning for threads.
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
    start_method: str = DEFAULT_START_METHOD
    chunk_size: int = 1
    timeout: float = DEFAULT_TIMEOUT
    workload: str = ""
    input_set: str = ""
    memory: int = 0
