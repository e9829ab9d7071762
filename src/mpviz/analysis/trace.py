"""A record with its frames and figures, and the baseline it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mpviz.analysis import csvfiles, frames
from mpviz.analysis.causes.cause import Cause
from mpviz.analysis.causes.naming import causes, why
from mpviz.analysis.explain import explain, failed, went_well
from mpviz.analysis.metrics import suspect
from mpviz.analysis.waterfall import Waterfall, waterfall
from mpviz.core.errors import Refused
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.core.record import Line, Record

if TYPE_CHECKING:
    from bokeh.plotting import figure

    from mpviz.charts.canvas import Columns


class Trace:
    """A record with its frames and figures.

    Attributes
    ----------
    record
        What happened, as plain data.
    baseline
        The sequential run it is compared with, or None.
    """

    def __init__(self, record: Record, baseline: Trace | None = None, run: int = 0) -> None:
        self.record = record
        self.baseline = baseline
        self._run = run

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """A row for each task; columns and units in ``mpviz.core.schema.TASKS``."""
        return frames.tasks_frame(self.record, self._run)

    @cached_property
    def workers(self) -> pd.DataFrame:
        """A row for each worker that was started; ``mpviz.core.schema.WORKERS``."""
        return frames.workers_frame(self.record, self._run)

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """The account of time, a row an interval; ``mpviz.core.schema.INTERVALS``."""
        return frames.intervals_frame(self.record, self.tasks, self.workers)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row: the plan, what was measured, and where; ``mpviz.core.schema.RUNS``."""
        known = None
        if before := self.baseline:
            row = before.runs if before is not self else self._runs_frame()
            known = before.record, before.tasks, row.iloc[0].to_dict()
        return self._runs_frame(known)

    def _runs_frame(
        self, baseline: tuple[Record, pd.DataFrame, Mapping[Any, Any]] | None = None
    ) -> pd.DataFrame:
        return frames.runs_frame(
            self.record, self.tasks, self.intervals, baseline=baseline, run=self._run
        )

    @cached_property
    def summary(self) -> pd.Series[Any]:
        """The row of `runs` as a Series: ``makespan_s``, ``speedup`` and so on."""
        return self.runs.iloc[0].rename("run")

    def against(self, baseline: Trace) -> Trace:
        """The same run, compared with another sequential run."""
        other = Trace(self.record, baseline, self._run)
        other.tasks, other.workers, other.intervals = self.tasks, self.workers, self.intervals
        return other

    @property
    def output(self) -> tuple[Line, ...]:
        """What the tasks printed, line by line, in order of arrival."""
        return self.record.output

    @property
    def tracebacks(self) -> Mapping[int, str]:
        """The tracebacks of tasks that raised, by task: of each process those of the first ten."""
        return self.record.tracebacks

    @property
    def sentence(self) -> str:
        """What happened and why, in words with numbers."""
        before = self.baseline
        row = self.summary.to_dict()
        known = before.summary.to_dict() if before and before is not self else None
        said = " ".join(
            part for part in (explain(row), why(row, known, self.causes), *self.failed[:1]) if part
        )
        # Of a run that lost tasks itself enough is said; and the baseline is compared with itself.
        if before is None or before is self or before.went_well or not self._all_ok:
            return said
        return f"{said} The sequential run did not end well: {before.sentence}"

    @cached_property
    def causes(self) -> tuple[Cause, ...]:
        """Why it took longer than the sequential run shared out evenly, the dearest cause first.

        Only what this very run's record establishes; most need a baseline.
        """
        before = self.baseline if self.baseline is not self else None
        return causes(
            self.summary.to_dict(),
            self.tasks,
            self.workers,
            before.summary.to_dict() if before else None,
            before.tasks if before else None,
            host=self.record.usage.host,
        )

    @cached_property
    def losses(self) -> Waterfall | None:
        """From the sequential time shared out evenly to the makespan; None without a baseline.

        None, too, where a task of either run did not end well.
        """
        before = self.baseline
        if before is None or before is self:
            return None
        try:
            return waterfall(self.summary.to_dict(), before.summary.to_dict())
        except Refused:
            return None

    @property
    def failed(self) -> list[str]:
        """Which tasks raised or died, with which input: a sentence for each of the first."""
        return failed(self.tasks)

    @property
    def _all_ok(self) -> bool:
        return bool(self.summary["ok"] == self.summary["tasks"])

    @property
    def went_well(self) -> bool:
        """Whether it came to its own end, every task ok and no answer known to differ."""
        return went_well(self.summary.to_dict())

    @property
    def suspect(self) -> bool:
        """Whether its speedup is more than its workers and CPUs can give."""
        return suspect(self.summary["speedup"], self.summary["possible_speedup"])

    @property
    def cut_at_s(self) -> float | None:
        """Seconds after its start at which the deadline ended the run; None where it did not."""
        return self.record.plan.timeout if self.record.ending is Ending.DEADLINE else None

    def timeline_columns(self) -> Columns:
        """What `timeline` draws, for those who change a figure that is drawn already."""
        from mpviz.charts.timeline.figure import timeline_columns  # bokeh is slow to import

        return timeline_columns(
            self.tasks,
            self.intervals,
            lanes=self.record.plan.lanes,
            makespan=self.record.makespan_s,
            end="makespan" if self.cut_at_s is None else "deadline",
        )

    def timeline(self) -> figure:
        """A Bokeh figure: a lane for each worker, a bar for each task, and where the run ended."""
        from mpviz.charts.timeline.figure import timeline

        lanes = self.record.plan.lanes
        return timeline(self.timeline_columns(), lanes=lanes, deadline=self.cut_at_s)

    def to_csv(self, folder: str | Path) -> None:
        """Write ``tasks.csv``, ``workers.csv`` and ``runs.csv`` into `folder`.

        Raises
        ------
        mpviz.Refused
            When the folder can't be written.
        """
        csvfiles.to_csv(folder, {"tasks": self.tasks, "workers": self.workers, "runs": self.runs})

    def __repr__(self) -> str:
        return f"<Trace: {self.sentence}>"


def sound(trace: Trace, run: Callable[[Plan], Record]) -> Trace:
    """The trace; where its speedup can't be, against a baseline measured again, if that went well.

    Once only: what is suspect still says so.
    """
    if not trace.suspect:
        return trace
    again = Trace(run(trace.record.plan.baseline))
    return trace.against(again) if again.went_well else trace
