"""Limits on what a page may run. Knows no widget, no run and no server.

One set of limits is for your own machine, one for visitors. An environment variable, which no
browser can set, tells a kernel which of them holds. Standard library only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from mpviz.core.errors import Refused
from mpviz.core.plan import Plan

PUBLIC_VARIABLE = "MPVIZ_PUBLIC"  # set to 1 by `mpviz serve --public` for its kernels
BOKEH_VARIABLE = "MPVIZ_BOKEHJS"  # the path at which the server has BokehJS, for its pages
KIB, MIB, GIB = 2**10, 2**20, 2**30


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a page may take in, run and keep.

    Parameters
    ----------
    workers
        Workers of a run.
    tasks
        Inputs of a run, and numbers of an input set.
    digits
        Digits of a number.
    payload
        Bytes that a task of the workload `payload` may return.
    deadline
        Seconds that a run may take.
    upload
        Bytes of text that are read as an input set.
    memory
        Bytes that all processes of a run may use together; None as in `Plan.memory`.
    cells
        Cells of the fault lab that one press may run.
    configurations
        Configurations of a study.
    runs, kept_tasks
        Runs that a page keeps, and the tasks in all of them; the oldest runs are dropped first.
    history
        Whether runs and studies are kept beyond the visit.
    """

    workers: int
    tasks: int
    digits: int
    payload: int
    deadline: float
    upload: int
    memory: int | None
    cells: int
    configurations: int
    runs: int
    kept_tasks: int
    history: bool = True


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
    configurations=200,
    runs=200,
    kept_tasks=2_000_000,
)
# Visitors share the machine and wait for one another; each gets enough for the whole lesson.
PUBLIC = Limits(
    workers=16,
    tasks=10_000,
    digits=9,
    payload=8 * MIB,
    deadline=60.0,
    upload=256 * KIB,
    memory=2 * GIB,
    cells=20,  # a row or a column: the whole matrix would keep the others waiting for minutes
    configurations=20,
    runs=50,
    kept_tasks=100_000,
    history=False,
)


def current() -> Limits:
    """The limits of this process; a page is made with them."""
    return PUBLIC if os.environ.get(PUBLIC_VARIABLE) == "1" else USUAL


def admit(plan: Plan, most: Limits) -> Plan:
    """The plan, with its memory capped, if it is within the limits.

    Everything that a page starts goes through here: a visitor's own plan, an experiment, a step of
    the lesson.

    Parameters
    ----------
    plan
        The plan as requested; of its inputs only whole numbers are checked.
    most
        The limits.

    Raises
    ------
    Refused
        When something exceeds a limit; the message says what.
    """
    if plan.workers > most.workers:
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


def check_deadline(deadline: object, most: Limits) -> float:
    """The deadline in seconds, if a run may have it.

    Raises
    ------
    Refused
        When it is no number within the limits.
    """
    if isinstance(deadline, bool) or not isinstance(deadline, int | float):
        deadline = -1
    if not 0 < deadline <= most.deadline:
        raise Refused(f"The deadline must be above 0 and at most {most.deadline:.0f} s.")
    return float(deadline)


def check_payload(size: int, most: Limits) -> None:
    """Check the size of a result.

    Raises
    ------
    Refused
        When it is larger than allowed.
    """
    if size > most.payload:
        raise Refused(f"A task may send back at most {most.payload:,} bytes here, not {size:,}.")
