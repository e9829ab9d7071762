"""Everything that defines one run, checked where it is made."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mpviz.core.errors import Refused
from mpviz.core.text import quoted
from mpviz.mechanisms import MECHANISMS, MOST_EACH

START_METHODS = ("fork", "spawn", "forkserver")
# What this Python uses where none is named: fork up to 3.13 on Linux, forkserver from 3.14 on.
# (`get_start_method` would settle it for the whole program.)
DEFAULT_START_METHOD = multiprocessing.get_all_start_methods()[0]
DEFAULT_TIMEOUT = 60.0
MOST_WORKERS = 1000
MOST_TASKS = 1_000_000
LONGEST_TIMEOUT = 24 * 3600.0
LEAST_MEMORY = 64 * 2**20  # bytes: a Python that computes nothing takes some 15 MB


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
        Bytes that all its processes may use together; None stands for three quarters of what is
        free when it starts.

    Raises
    ------
    Refused
        When it can't be run: one sentence that names what is wrong.
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
    memory: int | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be run."""
        _check_name("mechanism", self.mechanism, MECHANISMS)
        _check_name("start method", self.start_method, START_METHODS)
        _check_whole("workers", self.workers, MOST_WORKERS)
        _check_whole("chunk_size", self.chunk_size, MOST_TASKS)
        _check_timeout(self.timeout)
        _check_memory(self.memory)
        _check_inputs(self.inputs, self.mechanism)
        if not callable(self.function):
            raise Refused(
                f"The workload must be a function of one input, not {quoted(self.function)}."
            )

    @property
    def lanes(self) -> int:
        """How many lanes it has: its workers, unless the mechanism has its own idea of them."""
        mechanism = MECHANISMS[self.mechanism]
        if mechanism.one_each:
            return len(self.inputs)
        return self.workers if mechanism.parallel else 1

    @property
    def baseline(self) -> Plan:
        """The sequential plan that it is compared with, under the same limits."""
        return replace(
            self, mechanism="sequential", workers=1, start_method=START_METHODS[0], chunk_size=1
        )

    def changed(self, change: Mapping[str, Any]) -> Plan:
        """The plan with other values of some fields.

        Parameters
        ----------
        change
            New values by the name of the field; ``order`` puts the inputs, named by their places,
            into another order.
        """
        fields = dict(change)
        if (order := fields.pop("order", None)) is not None:
            fields["inputs"] = tuple(self.inputs[place] for place in order)
        return replace(self, **fields)


def _check_name(what: str, name: Any, known: Iterable[str]) -> None:
    if not isinstance(name, str) or name not in known:
        raise Refused(f"There is no {what} {quoted(name)}; there are {', '.join(known)}.")


def _check_whole(name: str, value: Any, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"{name} must be a whole number, not {quoted(value)}.")
    if not 1 <= value <= most:
        raise Refused(f"{name} must be from 1 to {most:,}, not {quoted(value)}.")


def _check_timeout(timeout: Any) -> None:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise Refused(f"timeout must be a number of seconds, not {quoted(timeout)}.")
    if not 0 < timeout <= LONGEST_TIMEOUT:
        raise Refused(
            f"timeout must be above 0 and at most {LONGEST_TIMEOUT:.0f} s, not {quoted(timeout)}."
        )


def _check_memory(memory: Any) -> None:
    if memory is None:
        return
    if isinstance(memory, bool) or not isinstance(memory, int):
        raise Refused(f"memory must be a whole number of bytes, not {quoted(memory)}.")
    if memory < LEAST_MEMORY:
        raise Refused(f"memory must be at least {LEAST_MEMORY:,} bytes, not {quoted(memory)}.")


def _check_inputs(inputs: Any, mechanism: str) -> None:
    if not isinstance(inputs, tuple):
        raise Refused(f"The inputs must be a tuple, not {quoted(inputs)}.")
    if not inputs:
        raise Refused("There are no inputs, so there is nothing to run.")
    if len(inputs) > MOST_TASKS:
        raise Refused(f"{len(inputs):,} inputs are more than the {MOST_TASKS:,} allowed.")
    if MECHANISMS[mechanism].one_each and len(inputs) > MOST_EACH:
        raise Refused(
            f"{mechanism} starts a process for each input: at most {MOST_EACH} inputs, not"
            f" {len(inputs):,}."
        )
