"""How large anything may be that a page is asked to do. Knows no widget, no run and no server.

One set of limits is for one's own machine, one for visitors. Which holds is said to a kernel by its
environment, which no browser reaches. Standard library only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from mpviz.core.errors import Refused
from mpviz.core.plan import Plan

PUBLIC_VARIABLE = "MPVIZ_PUBLIC"  # set to 1 by `mpviz serve --public` for its kernels
BOKEH_VARIABLE = "MPVIZ_BOKEHJS"  # where a server has BokehJS, for the pages of its kernels
KIB, MIB, GIB = 2**10, 2**20, 2**30


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a page takes, starts and keeps.

    Parameters
    ----------
    workers
        Workers of a run.
    tasks
        Inputs of a run, and numbers of an input set.
    digits
        Digits of a number.
    payload
        Bytes that one task of the workload `payload` may send back.
    deadline
        Seconds of a run.
    upload
        Bytes of text that are read as an input set.
    memory
        Bytes that all processes of a run may use together; None as `Plan.memory` has it.
    cells
        Cells of the fault lab that are run at one press.
    runs, kept_tasks
        Runs that a page keeps, and tasks in all of them; the oldest runs go first.
    """

    workers: int
    tasks: int
    digits: int
    payload: int
    deadline: float
    upload: int
    memory: int | None
    cells: int
    runs: int
    kept_tasks: int


def _cpus() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


USUAL = Limits(
    workers=max(16, 4 * _cpus()),
    tasks=100_000,
    digits=12,
    payload=64 * MIB,
    deadline=600.0,
    upload=2 * MIB,
    memory=None,
    cells=1000,
    runs=200,
    kept_tasks=2_000_000,
)
# Many share the machine, and wait for each other's runs: each gets enough for the whole lesson.
PUBLIC = Limits(
    workers=16,
    tasks=10_000,
    digits=9,
    payload=8 * MIB,
    deadline=60.0,
    upload=256 * KIB,
    memory=2 * GIB,
    cells=20,  # a row or a column; the whole matrix would keep the others waiting for minutes
    runs=50,
    kept_tasks=100_000,
)


def current() -> Limits:
    """The limits that hold in this process."""
    return PUBLIC if os.environ.get(PUBLIC_VARIABLE) == "1" else USUAL


def admit(plan: Plan, limits: Limits | None = None) -> Plan:
    """The plan as it may be run, its memory within the limits.

    Whatever a page starts goes through here, be it a plan of the reader's, an experiment or a step
    of the lesson.

    Parameters
    ----------
    plan
        As it was put together; of its inputs only whole numbers are looked at.
    limits
        Those that hold, if none are given.

    Raises
    ------
    Refused
        One sentence that says what is too much.
    """
    most = limits or current()
    if not _within(plan.workers, most.workers):
        raise Refused(f"Workers must be from 1 to {most.workers}.")
    check_deadline(plan.timeout, most)
    if len(plan.inputs) > most.tasks:
        raise Refused(f"{len(plan.inputs):,} numbers are more than the {most.tasks:,} allowed.")
    numbers = [abs(one) for one in plan.inputs if type(one) is int]
    largest = max(numbers, default=0)
    if largest >= 10**most.digits:
        raise Refused(f"A number has more than the {most.digits} digits allowed.")
    if plan.workload == "payload":
        check_payload(largest, most)
    if most.memory is None:
        return plan
    return replace(plan, memory=min(plan.memory or most.memory, most.memory))


def check_deadline(deadline: object, limits: Limits | None = None) -> float:
    """A deadline that a run may have, in seconds.

    Raises
    ------
    Refused
        When it is none.
    """
    most = limits or current()
    if isinstance(deadline, bool) or not isinstance(deadline, int | float):
        deadline = -1
    if not 0 < deadline <= most.deadline:
        raise Refused(f"The deadline must be above 0 and at most {most.deadline:.0f} s.")
    return float(deadline)


def check_payload(size: int, limits: Limits | None = None) -> None:
    """Refuse a result that is too large.

    Raises
    ------
    Refused
        When it has more bytes than are allowed.
    """
    most = limits or current()
    if size > most.payload:
        raise Refused(f"A task may send back at most {most.payload:,} bytes here, not {size:,}.")


def _within(value: object, most: int) -> bool:
    return type(value) is int and 1 <= value <= most
