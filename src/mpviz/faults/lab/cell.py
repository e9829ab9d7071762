"""One cell of the matrix: what was seen of a mechanism with a fault. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pandas as pd

from mpviz.analysis import csvfiles
from mpviz.analysis.frames import shaped
from mpviz.analysis.trace import Trace
from mpviz.core.outcome import Outcome
from mpviz.core.schema import CELLS


class Seen(StrEnum):
    """What a program would have seen that ran its tasks this way."""

    RIGHT = "finished right"
    WRONG = "wrong answers"
    RAISED = "raised"
    LOST = "lost results without a word"
    HUNG = "hung until the deadline"
    DIED = "the program died"
    LEFT = "left processes behind"
    MEMORY = "ended at the memory ceiling"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Cell:
    """What was seen of one mechanism with one fault.

    Attributes
    ----------
    mechanism, fault, start_method
        Which cell it is.
    seen
        The outcome.
    sentence
        What was seen, in words and numbers, and how many tasks ended how.
    lost
        Tasks whose result never arrived.
    raised
        What the call raised; empty if it did not.
    after_s
        Seconds from the call to its last result, to its exception, or to where it was ended.
    left_behind
        Processes still running when the program was done.
    safer, safer_code
        The safer way to write it, in words and in Python; either may be empty.
    trace
        The run.
    gone_s
        Seconds from the call until every process of the run was gone and its record was there.
    """

    mechanism: str
    fault: str
    start_method: str
    seen: Seen
    sentence: str
    lost: int
    raised: str
    after_s: float
    left_behind: int
    safer: str
    safer_code: str
    trace: Trace
    gone_s: float = float("nan")

    @property
    def over_s(self) -> float:
        """Seconds past its deadline until every process was gone; below 0 if it was in time."""
        return self.gone_s - self.trace.record.plan.timeout

    @property
    def accounted(self) -> bool:
        """Whether we know how every task ended."""
        known = {one.value for one in Outcome}
        outcomes = list(self.trace.tasks["outcome"])
        return len(outcomes) == len(self.trace.record.plan.inputs) and known.issuperset(outcomes)


def frame(cells: Iterable[Cell]) -> pd.DataFrame:
    """A row a cell; columns and units in ``mpviz.core.schema.CELLS``."""
    seen = list(cells)
    counts = [cell.trace.tasks["outcome"].value_counts() for cell in seen]
    return shaped(
        {
            "python": [cell.trace.record.environment.get("python", "") for cell in seen],
            **{
                name: [getattr(cell, name) for cell in seen]
                for name in ("mechanism", "fault", "start_method", "lost", "raised", "after_s")
            },
            "seen": [cell.seen.value for cell in seen],
            "timeout_s": [cell.trace.record.plan.timeout for cell in seen],
            **{
                name: [getattr(cell, name) for cell in seen]
                for name in ("gone_s", "left_behind", "sentence", "safer")
            },
            "tasks": [len(cell.trace.tasks) for cell in seen],
            **{one.value: [int(count.get(one.value, 0)) for count in counts] for one in Outcome},
        },
        CELLS,
    )


def to_csv(folder: str | Path, cells: Iterable[Cell]) -> None:
    """Write faults.csv into `folder`, which is created if need be.

    Raises
    ------
    mpviz.Refused
        When the folder can't be written.
    """
    csvfiles.to_csv(folder, {"faults": frame(cells)})
