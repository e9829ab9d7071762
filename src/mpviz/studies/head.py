"""What a study is about: everything of it but the runs. Knows no frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mpviz.analysis.looks import Schedule
from mpviz.mechanisms import MECHANISMS
from mpviz.studies.sweep import Configuration

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StudyHead:
    """What a study is about: everything of it but the runs.

    Attributes
    ----------
    configurations
        Its cells; a place is an index of this tuple.
    workload, input_set, tasks
        What every run of it did.
    subject
        A digest of the function's code and the inputs: two studies of the same are of one subject.
    timeout_s, seed, rounds, budget_s
        As in `mpviz.studies.sweep.Sweep`.
    looks
        When it looks at its figures; None until it is known how long a round takes.
    started_at
        UTC, ISO 8601.
    """

    configurations: tuple[Configuration, ...]
    workload: str
    input_set: str
    tasks: int
    subject: str
    timeout_s: float
    seed: int
    rounds: int | None
    budget_s: float
    looks: Schedule | None = None
    started_at: str = ""

    def as_json(self) -> dict[str, Any]:
        """It as JSON can hold it."""
        return asdict(self)

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> StudyHead:
        """The reverse of `as_json`.

        Raises
        ------
        ValueError, TypeError, KeyError
            When it is none.
        """
        configurations = tuple(Configuration(**each) for each in found["configurations"])
        looks = found["looks"]
        if looks is not None:
            looks = Schedule(tuple(looks["rounds"]), looks["alpha"], looks["most"])
        head = cls(**dict(found) | {"configurations": configurations, "looks": looks})
        if not head._sound:
            raise ValueError("no head of a study")
        return head

    @property
    def _sound(self) -> bool:
        """Whether each field is what it must be."""
        texts = (self.workload, self.input_set, self.subject, self.started_at)
        numbers = (self.tasks, self.timeout_s, self.seed, self.budget_s)
        whole = [size for each in self.configurations for size in (each.workers, each.chunk_size)]
        whole += [] if self.rounds is None else [self.rounds]
        return (
            bool(self.configurations)
            and all(each.mechanism in MECHANISMS for each in self.configurations)
            and all(isinstance(each.start_method, str) for each in self.configurations)
            and all(isinstance(text, str) for text in texts)
            and all(isinstance(number, (int, float)) for number in numbers)
            and all(type(number) is int and number > 0 for number in whole)
        )
