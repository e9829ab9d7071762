"""How a task ended and how a run ended, and the rule that tells a task's outcome."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one task ended."""

    OK = "ok"
    ERROR = "error"
    DIED = "died"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    MISSING = "missing"


class Ending(StrEnum):
    """How a run ended."""

    RUNNING = "running"  # it has not, yet
    FINISHED = "finished"  # the mechanism returned
    RAISED = "raised"  # the mechanism's call raised
    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    MEMORY = "memory"  # its processes used more than they may
    HOST_DIED = "host died"  # the process that ran the mechanism ended before it was done


CUT_SHORT = {Ending.DEADLINE: Outcome.TIMEOUT, Ending.CANCELLED: Outcome.CANCELLED}


def outcome(
    *,
    started: bool,
    finished: bool,
    failed: bool,
    received: bool,
    worker_died: bool,
    ending: Ending,
) -> Outcome:
    """How a task ended, from what is known of it.

    Parameters
    ----------
    started, finished, failed
        Whether the task began, came to its end, and ended by an exception.
    received
        Whether the mechanism yielded its result.
    worker_died
        Whether the worker that ran it ended before the run was ended.
    ending
        How the run ended.
    """
    if failed:
        return Outcome.ERROR
    if finished and received:
        return Outcome.OK
    if started and not finished and worker_died:
        return Outcome.DIED
    return CUT_SHORT.get(ending, Outcome.MISSING)
