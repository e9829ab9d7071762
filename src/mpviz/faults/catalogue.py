"""`FAULTS`: what can go wrong in a task, and which tasks of the workload it is planted in.

The other tasks are healthy, so whatever happens to them is the mechanism's doing. Knows no
mechanism and no host. Standard library only: a measured process imports this.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpviz.faults import tasks
from mpviz.faults.tasks import MIB

TASKS = 8
CHOSEN = 2  # the task that goes wrong, where only one does


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and the tasks it is planted in.

    Attributes
    ----------
    name
        Its key in ``mpviz.FAULTS``.
    title
        What goes wrong, in a few words.
    about
        What happens, in a sentence.
    function
        What a chosen task does instead of the healthy work.
    argument
        The input of a chosen task, where the input is the fault; None for its number.
    everywhere
        Whether every task is chosen.
    answer
        What a chosen task returns, if it does, as `mpviz.core.text.as_text` writes it.
    with_it
        Other functions and classes of ours that `function` uses.
    """

    name: str
    title: str
    about: str
    function: Callable[[Any], Any]
    argument: Any = None
    everywhere: bool = False
    answer: str = ""
    with_it: tuple[Callable[..., Any], ...] = ()

    @property
    def tasks(self) -> tuple[int, ...]:
        """The tasks it is planted in, counted from 0."""
        return tuple(range(TASKS)) if self.everywhere else (CHOSEN,)

    @property
    def inputs(self) -> tuple[Any, ...]:
        """One input a task."""
        planted = () if self.argument is None else self.tasks
        return tuple(self.argument if task in planted else task for task in range(TASKS))

    @property
    def workload(self) -> Callable[[Any], Any]:
        """The function to run: faulty in the chosen tasks, healthy in the others."""
        return Planted(self.name)

    def answer_of(self, task: int) -> str:
        """What a task should return, as text."""
        return self.answer if task in self.tasks else str(10 * task)

    @property
    def source(self) -> str:
        """Its code, preceded by the code of `with_it`."""
        return "\n\n".join(inspect.getsource(one) for one in (*self.with_it, self.function))


@dataclass(frozen=True, slots=True)
class Planted:
    """The workload with a fault planted in it; pickled as the fault's name."""

    fault: str

    def __call__(self, value: Any) -> Any:
        """Do one task: the fault if it is chosen, the healthy work if not."""
        fault = FAULTS[self.fault]
        chosen = value in fault.tasks if isinstance(value, int) else True
        return fault.function(value) if chosen else tasks.healthy(value)


def xs(count: int, digest: str) -> str:
    """What `mpviz.core.text.as_text` makes of that many bytes ``x``."""
    return f"b'{'x' * 138}… ({count + 3:,} characters, {digest})"


_FAULTS = (
    Fault("raises", "it raises", "The task raises an exception.", tasks.raises),
    Fault(
        "bad_exception",
        "an exception that can't be unpickled",
        "The task raises an exception that can be pickled but not unpickled, as the exceptions of "
        "some libraries are.",
        tasks.bad_exception,
        with_it=(tasks.Stubborn,),
    ),
    Fault(
        "os._exit",
        "os._exit",
        "The task ends its process at once, with exit status 1.",
        tasks.os_exit,
    ),
    Fault(
        "sigkill",
        "killed by SIGKILL",
        "The task's process is killed, as the system does when memory runs out.",
        tasks.sigkill,
    ),
    Fault("segfault", "a segfault", "The task's process crashes in C code.", tasks.segfault),
    Fault("loop", "an endless loop", "The task never stops computing.", tasks.loop),
    Fault("sleep", "an endless sleep", "The task never stops waiting.", tasks.sleep),
    Fault(
        "sigstop",
        "stopped by SIGSTOP",
        "The task's process is stopped and never resumed.",
        tasks.sigstop,
    ),
    Fault(
        "bad_argument",
        "an argument that can't be pickled",
        "The task's argument is a lock, which can't be pickled.",
        tasks.bad_argument,
        argument=tasks.BadArgument(),
        answer="true",
        with_it=(tasks.BadArgument,),
    ),
    Fault(
        "bad_result",
        "a result that can't be pickled",
        "The task returns a lock, which can't be pickled.",
        tasks.bad_result,
        answer="<unlocked _thread.lock object>",
    ),
    Fault(
        "big_result",
        "a 64 MiB result",
        "One task returns 64 MiB.",
        tasks.big_result,
        answer=xs(64 * MIB, "9162a563"),
    ),
    Fault(
        "big_results",
        "8 results of 1 MiB",
        "Every task returns 1 MiB, sixteen times what a pipe holds.",
        tasks.big_results,
        everywhere=True,
        answer=xs(MIB, "480a3ced"),
    ),
    Fault(
        "killed_sending",
        "killed while sending",
        "The task's process is killed when part of its 32 MiB result is in the pipe.",
        tasks.killed_sending,
        answer=xs(32 * MIB, "085f2ee6"),
        with_it=(tasks.is_sending,),
    ),
    Fault(
        "sys.exit",
        "sys.exit(0)",
        "The task asks the program to exit, with status 0.",
        tasks.sys_exit,
    ),
    Fault("interrupt", "KeyboardInterrupt", "The task raises what Ctrl-C raises.", tasks.interrupt),
    Fault(
        "grandchild",
        "a grandchild left behind",
        "The task starts a process that sleeps for a minute, and returns its result.",
        tasks.grandchild,
        answer=str(10 * CHOSEN),
    ),
    Fault(
        "memory",
        "memory that grows without end",
        "The task takes more and more memory.",
        tasks.memory,
    ),
)
FAULTS: dict[str, Fault] = {fault.name: fault for fault in _FAULTS}
