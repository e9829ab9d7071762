"""The safer way to write it, by fault and by what was seen: a text, and a few lines of code."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpviz.faults.lab import safer
from mpviz.faults.lab.cell import Seen
from mpviz.faults.lab.reasons import DEADLY, ENDLESS, family
from mpviz.mechanisms import MECHANISMS


@dataclass(frozen=True, slots=True)
class Advice:
    """A text, and the functions to copy."""

    text: str
    functions: tuple[Callable[..., Any], ...] = ()

    @property
    def code(self) -> str:
        """The functions' source; empty without any."""
        return "\n\n".join(inspect.getsource(one) for one in self.functions)


NOTHING = Advice("")
DEATH = Advice(
    "ProcessPoolExecutor notices a worker's death and raises BrokenProcessPool within a second; "
    "which tasks are undone is then known, and they can be tried again, each on its own.",
    (safer.notice_deaths,),
)
OWN_PROCESS = Advice(
    "Give the task a process and a pipe of its own, wait for answer, end or time limit, and kill "
    "it afterwards: a death is an EOFError, an endless task a TimeoutError.",
    (safer.call, safer.call_within),
)
NO_LIMIT = Advice(
    "Only a process can be ended from outside: give the task one of its own and wait no longer "
    "than a limit. `get(timeout=…)` of a Pool and `result(timeout=…)` of an executor end the "
    "waiting, not the task; where the task waits for something, give that a timeout as well.",
    (safer.call, safer.call_within),
)
ATTEMPT = Advice(
    "Catch what a task raises in the worker and send its text; pickle the result inside the same "
    "try. Then every task comes back with something, and one failure loses nothing of the others.",
    (safer.attempt,),
)
COLLECT = Advice(
    "One exception ended the whole call. Take each result on its own: submit with as_completed, "
    "or apply_async with get, each in a try; or let the worker catch it and send its text.",
    (safer.attempt,),
)
GIVES_NOTHING = Advice(
    "A process's return value stays with the process. Send it over a pipe of its own, or take a "
    "Pool or an executor; and look at exitcode after join.",
    (safer.call, safer.call_within),
)
# By what was seen: the first whose key fits is taken; "*" fits everything.
LOSING = Advice(
    "Take tasks with a blocking get and end each consumer by a sentinel of its own; count what "
    "came against what was asked. Below is mpviz's `queue`, which does.",
    (MECHANISMS["queue"].function,),
)
COUNT = Advice(
    "The loss was noticed and not said: where a pipe ends before its answer came, put the task "
    "among those undone, and raise or try again. Count what came against what was asked.",
    (safer.call, safer.call_within),
)
READ_FIRST = Advice(
    "Read results before joining who sends them, and give each sender a pipe of its own (or a "
    "lock); a large result is better left in a file or in shared memory, and its name sent.",
    (safer.leave_in_file,),
)
BY_FAULT: dict[str, Advice] = {
    **dict.fromkeys(DEADLY, DEATH),
    **dict.fromkeys((*ENDLESS, "sigstop"), NO_LIMIT),
    **dict.fromkeys(("raises",), COLLECT),
    **dict.fromkeys(("bad_exception", "bad_result", "sys.exit", "interrupt"), ATTEMPT),
    **dict.fromkeys(("big_result", "big_results"), READ_FIRST),
    "killed_sending": OWN_PROCESS,
    "bad_argument": Advice(
        "Hand over what names the thing (a path, an address, a number) and open it in the task; a "
        "lock or a queue of multiprocessing travels only when a process is started, as an argument "
        "of Process or in a Pool's initializer.",
        (safer.name_of,),
    ),
    "grandchild": Advice(
        "Whoever starts a process ends it, also when something goes wrong: wait in a try, and in "
        "its finally kill the whole group.",
        (safer.run_and_end,),
    ),
    "memory": Advice(
        "Limit each worker's memory when it starts: past it, the task sees a MemoryError, which "
        "comes back as any exception, and the machine stays well.",
        (safer.limit_memory, safer.pool_with_limit),
    ),
}
BY_SEEN: dict[tuple[Seen, str], Advice] = {
    (Seen.LOST, "queue.lesson"): LOSING,
    (Seen.LOST, "process.lesson"): GIVES_NOTHING,
    (Seen.LOST, "process"): COUNT,
    (Seen.LOST, "pipe"): COUNT,
    (Seen.HUNG, "pipe.lesson"): OWN_PROCESS,
}


def advice(mechanism: str, fault: str, seen: Seen) -> tuple[str, str]:
    """The safer way, as text and as code; both empty where nothing went wrong."""
    found = BY_SEEN.get((seen, family(mechanism))) or BY_FAULT[fault]
    if seen in (Seen.RIGHT, Seen.CANCELLED):
        found = NOTHING
    return found.text, found.code
