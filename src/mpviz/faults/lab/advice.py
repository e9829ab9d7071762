"""The safer way to write it, by fault and by what was seen: a text and a few lines of code."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpviz.faults.lab import safer
from mpviz.faults.lab.cell import Seen
from mpviz.faults.lab.reasons import DEADLY, ENDLESS, family
from mpviz.mechanisms import MECHANISMS

NEVER_RETURNS = (*ENDLESS, "sigstop")


@dataclass(frozen=True, slots=True)
class Advice:
    """A text, and the functions to copy."""

    text: str
    functions: tuple[Callable[..., Any], ...] = ()

    @property
    def code(self) -> str:
        """The functions' source; empty if there are none."""
        return "\n\n".join(inspect.getsource(one) for one in self.functions)


NOTHING = Advice("")
DEATH = Advice(
    "ProcessPoolExecutor notices a worker's death and raises BrokenProcessPool within a second. "
    "You then know which tasks are undone, and can try each of them again on its own.",
    (safer.notice_deaths,),
)
OWN_PROCESS = Advice(
    "Give the task a process and a pipe of its own, wait for a result, an end or a time limit, and "
    "kill the process afterwards: a death shows as an EOFError, an endless task as a TimeoutError.",
    (safer.call, safer.call_within),
)
NO_LIMIT = Advice(
    "Only a process can be ended from outside: give the task one of its own and wait no longer "
    "than a limit. A Pool's `get(timeout=…)` and an executor's `result(timeout=…)` end the "
    "waiting, not the task. If the task itself waits for something, give that a timeout too.",
    (safer.call, safer.call_within),
)
KILL_WORKERS = Advice(
    "Wait no longer than a limit, keep the results that came, and kill the workers. From Python "
    "3.14 on an executor does that with `kill_workers()`; `terminate_workers()` is gentler, but a "
    "stopped process doesn't react to it. `result(timeout=…)` alone ends the waiting, not the "
    "task, and a `with` block would still wait for it.",
    (safer.done_within, safer.kill_workers),
)
ATTEMPT = Advice(
    "Catch what the task raises in the worker and send its text; pickle the result in the same "
    "try. Then something comes back for every task, and one failure costs none of the others.",
    (safer.attempt,),
)
COLLECT = Advice(
    "One exception ended the whole call. Take each result on its own: submit with as_completed, or "
    "apply_async with get, each in a try; or catch the exception in the worker and send its text.",
    (safer.attempt,),
)
GIVES_NOTHING = Advice(
    "What a process's function returns is dropped. Send it through a pipe, or use a Pool or an "
    "executor; and check exitcode after join.",
    (safer.call, safer.call_within),
)
LOSING = Advice(
    "Take tasks with a blocking get and end each consumer with a sentinel of its own; compare the "
    "number of results with the number of tasks. Below is mpviz's `queue`, which does that.",
    (MECHANISMS["queue"].function,),
)
COUNT = Advice(
    "The loss was noticed but not reported: when a pipe closes before its result came, note the "
    "task as undone, and raise or try again. Compare the number of results with the number of "
    "tasks.",
    (safer.call, safer.call_within),
)
READ_FIRST = Advice(
    "Read results before you join the processes that send them, and give each sender a pipe of its "
    "own, or a lock. Better, leave a large result in a file or in shared memory and send its name.",
    (safer.leave_in_file,),
)
BY_FAULT: dict[str, Advice] = {
    **dict.fromkeys(DEADLY, DEATH),
    **dict.fromkeys(NEVER_RETURNS, NO_LIMIT),
    **dict.fromkeys(("raises",), COLLECT),
    **dict.fromkeys(("bad_exception", "bad_result", "sys.exit", "interrupt"), ATTEMPT),
    **dict.fromkeys(("big_result", "big_results"), READ_FIRST),
    "killed_sending": OWN_PROCESS,
    "bad_argument": Advice(
        "Pass something that names it (a path, an address, a number) and open it in the task. A "
        "lock or a queue of multiprocessing can be passed only when a process starts: as an "
        "argument of Process, or to a Pool's initializer.",
        (safer.name_of,),
    ),
    "grandchild": Advice(
        "End every process that you start, also when something goes wrong: wait in a try, and kill "
        "its whole process group in the finally.",
        (safer.run_and_end,),
    ),
    "memory": Advice(
        "Limit each worker's memory when it starts: past the limit the task gets a MemoryError, "
        "which comes back like any exception, and the rest of the machine is unharmed.",
        (safer.limit_memory, safer.pool_with_limit),
    ),
}
# What a family can do by itself; goes before `BY_FAULT`.
BY_FAMILY: dict[tuple[str, str], Advice] = {
    ("executor", fault): KILL_WORKERS for fault in NEVER_RETURNS
}
# What one outcome of a family calls for, whatever the fault; goes before both.
BY_SEEN: dict[tuple[Seen, str], Advice] = {
    (Seen.LOST, "queue.lesson"): LOSING,
    (Seen.LOST, "process.lesson"): GIVES_NOTHING,
    (Seen.LOST, "process"): COUNT,
    (Seen.LOST, "pipe"): COUNT,
    (Seen.HUNG, "pipe.lesson"): OWN_PROCESS,
}


def advice(mechanism: str, fault: str, seen: Seen) -> tuple[str, str]:
    """The safer way, as text and as code; both empty if nothing went wrong."""
    if seen in (Seen.RIGHT, Seen.CANCELLED):
        return NOTHING.text, NOTHING.code
    own = family(mechanism)
    found = BY_SEEN.get((seen, own)) or BY_FAMILY.get((own, fault)) or BY_FAULT[fault]
    return found.text, found.code
