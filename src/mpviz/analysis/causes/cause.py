"""A cause, and the words for the kinds of it. Knows no frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why a run took longer than the sequential run shared out evenly.

    Attributes
    ----------
    kind
        A word for it, a key of `KINDS`.
    lost_s
        Seconds of the makespan that it cost.
    sentence
        What was seen, in words with numbers.
    advice
        What to do about it; empty where nothing in the plan would help.
    change
        Fields of the plan that would show it, with their new values; ``order`` stands for the
        inputs in another order, as the places they have now.
    """

    kind: str
    lost_s: float
    sentence: str
    advice: str = ""
    change: Mapping[str, Any] = field(default_factory=dict)


KINDS = {
    "died": "a worker died",
    "left": "a worker left early",
    "startup": "start-up of workers",
    "first_task": "what each worker does once, in its first task",
    "before_first": "what passes before a worker's first task",
    "chunks": "uneven dealing by chunks",
    "long_task": "one long task last",
    "handover": "handing over, beside short tasks",
    "large_arguments": "large arguments",
    "large_results": "large results",
    "gil": "the GIL",
    "own_threads": "threads of the tasks' own",
    "crowded": "more workers than CPUs",
    "neighbour": "other programs",
    "quota": "a CPU quota",
    "shared": "something shared that tasks wait for",
    "slower": "more CPU time for the same tasks",
    "waiting": "tasks that wait",
}
