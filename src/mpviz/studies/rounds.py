"""Which run of a study comes next, and when there is none: a sweep, driven run by run.

Knows no process: whoever drives it asks `next`, makes that run, and hands in the trace. So shell,
page and tests drive the same study.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from mpviz.analysis import metrics
from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.outcome import Ending, Outcome
from mpviz.core.plan import Plan
from mpviz.studies import keeping
from mpviz.studies.head import StudyHead
from mpviz.studies.study import Study, read_study
from mpviz.studies.subject import subject
from mpviz.studies.sweep import BASELINE, Sweep

WARM_UP = -1  # the round that is discarded
PATIENCE = 2  # runs, none of which ended well, after which a configuration is given up


@dataclass(frozen=True, slots=True)
class NextRun:
    """One run of a study: its round, `WARM_UP` before the first, and its place in it."""

    round: int
    place: int
    plan: Plan


class Rounds:
    """A study that is being measured.

    Parameters
    ----------
    sweep
        What is measured.
    folder
        Where each finished run is kept at once. An unfinished study of the same that lies there is
        gone on with.
    warm_up
        Whether a round is run, and not counted, before the first.

    Raises
    ------
    Refused
        When the folder holds another study, or one that is finished, or can't be written.
    """

    def __init__(self, sweep: Sweep, folder: Path | None = None, *, warm_up: bool = True) -> None:
        self.sweep = sweep
        self.folder = folder
        self.study = self._study()
        self._round = WARM_UP if warm_up else 0
        self._queue = list(sweep.order(self._round))
        self._took: dict[int, list[float]] = defaultdict(list)  # by place, seconds
        self._bad: dict[int, int] = defaultdict(int)  # by place, runs in a row from the first on
        self._good: set[int] = set()
        self._waiting: dict[int, Trace] = {}  # this round's, by place, until its baseline is there
        self._spent = 0.0
        self._over = False
        for (_, place), row in self.study.rows.items():
            self._judge(place, bool(row["ok"] == row["tasks"]))
        if folder is not None:
            self._keep()

    def _study(self) -> Study:
        sweep = self.sweep
        plan = sweep.baseline
        head = StudyHead(
            configurations=sweep.configurations,
            workload=plan.workload,
            input_set=plan.input_set,
            tasks=len(plan.inputs),
            subject=subject(plan.function, plan.inputs),
            timeout_s=plan.timeout,
            seed=sweep.seed,
            rounds=sweep.rounds,
            budget_s=sweep.budget_s,
            started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        if self.folder is None or not keeping.holds_study(self.folder):
            return Study(head)
        found = read_study(self.folder)
        if replace(found.head, looks=None, started_at=head.started_at) != head:
            raise Refused(f"{self.folder} holds another study; choose an empty folder.")
        if found.finished:
            raise Refused(f"{self.folder} holds this study, finished; choose an empty folder.")
        return found

    def next(self) -> NextRun | None:
        """The next run; None when the study is over."""
        while not self._over:
            self._queue = [place for place in self._queue if self._open(place)]
            if self._queue:
                place = self._queue[0]
                return NextRun(self._round, place, self.sweep.plan(place))
            self._end_round()
        return None

    def _open(self, place: int) -> bool:
        """Whether a place is still to be run in this round."""
        done = (
            self._round in self.study.baseline_rows
            if place == BASELINE
            else (self._round, place) in self.study.rows
        )
        return not done and not self._given_up(place)

    def add(self, step: NextRun, trace: Trace, took_s: float) -> None:
        """Take in a finished run, and how many seconds it took in all.

        Raises
        ------
        Refused, Failed
            When it can't be kept in the study's folder; it is taken in all the same.
        """
        self._queue.remove(step.place)
        self._took[step.place].append(took_s)
        well = bool((trace.tasks["outcome"] == Outcome.OK.value).all())
        self._judge(step.place, well and trace.record.ending is Ending.FINISHED)
        if step.round == WARM_UP:
            return
        self._spent += took_s
        number = len(self.study.rows) + len(self.study.baseline_rows)
        stamped = {"seed": self.sweep.seed, "round": step.round, "order": number}
        record = replace(trace.record, environment=dict(trace.record.environment) | stamped)
        trace = Trace(record, run=number)
        if step.place == BASELINE:
            self._compare_all(step.round, trace)
        else:
            self._compare(step.round, step.place, trace)
        self.study.changed()
        self._keep()

    def _compare(self, round_: int, place: int, trace: Trace) -> None:
        """Keep a run's row, beside its round's sequential run where that was made already."""
        before = self._waiting.get(BASELINE)
        self._waiting[place] = trace
        if before is not None:
            trace = trace.against(before)
        self.study.traces[place] = trace
        row = _row(trace)
        if before is None and round_ in self.study.baseline_rows:  # made before it was stopped
            row |= metrics.compared(row, self.study.baseline_rows[round_])
        self.study.rows[round_, place] = row

    def _compare_all(self, round_: int, baseline: Trace) -> None:
        """Keep a round's sequential run, and compare with it what the round has so far."""
        self.study.baseline_rows[round_] = _row(baseline)
        waiting, self._waiting = self._waiting, {BASELINE: baseline}
        for place, plan in enumerate(self.sweep.plans):
            if plan.mechanism == "sequential":
                self._compare(round_, place, baseline)
            elif place in waiting:
                self._compare(round_, place, waiting[place])
            elif (round_, place) in self.study.rows:  # made before it was stopped
                row = self.study.rows[round_, place]
                row |= metrics.compared(row, self.study.baseline_rows[round_])

    def stop(self) -> None:
        """End the study here; what was measured stays, and it can be gone on with."""
        self._over = True

    def go_on(self) -> None:
        """Go on with a study that was stopped."""
        self._over = self.study.finished

    @property
    def over(self) -> bool:
        """Whether there is no further run."""
        return self._over

    @property
    def round(self) -> int:
        """The round that is being measured; `WARM_UP` before the first."""
        return self._round

    @property
    def most_rounds(self) -> int | None:
        """Rounds after which it ends at the latest; None until it is known."""
        looks = self.study.head.looks
        return self.sweep.rounds or (looks.rounds[-1] if looks else None)

    @property
    def at_most_s(self) -> float | None:
        """Seconds it goes on at most, by what each run took so far; None until that is known."""
        most = self.most_rounds
        if self._over:
            return 0.0
        if most is None or not all(self._took[place] for place in self._queue):
            return None
        each = {at: fmean(took) for at, took in self._took.items() if not self._given_up(at)}
        rest = sum(each.get(place, 0.0) for place in self._queue)
        later = (most - max(self._round, 0) - (self._round >= 0)) * sum(each.values())
        if self.sweep.rounds is None:
            later = min(later, max(0.0, self.sweep.budget_s - self._spent - rest))
        return rest + later

    def _given_up(self, place: int) -> bool:
        return place not in self._good and self._bad[place] >= PATIENCE

    def _judge(self, place: int, well: bool) -> None:
        if well:
            self._good.add(place)
        else:
            self._bad[place] += 1

    def _end_round(self) -> None:
        study, done = self.study, self._round + 1
        if study.head.looks is None:
            # From the warm-up if there was one: what it took is known before any figure is.
            took = sum(fmean(times) for at, times in self._took.items() if not self._given_up(at))
            study.head = replace(study.head, looks=self.sweep.schedule(took))
        looks = study.head.looks
        assert looks is not None
        self._round, self._waiting = done, {}
        self._queue = list(self.sweep.order(done))
        if done < 1:
            return
        study.changed()
        spent = self.sweep.rounds is None and self._spent >= self.sweep.budget_s
        last = done >= (self.sweep.rounds or looks.rounds[-1]) or spent
        if done in looks.rounds and self.sweep.rounds is None and study.decided:
            last = True
        if last and 2 <= done < looks.rounds[-1]:
            study.head = replace(study.head, looks=looks.cut_at(done))
            study.changed()
        if last or not self._working():
            study.finished = True
            self._over = True
        self._keep()

    def _working(self) -> bool:
        return any(not self._given_up(place) for place in self._queue)

    def _keep(self) -> None:
        if self.folder is not None:
            self.study.to_csv(self.folder)


def _row(trace: Trace) -> dict[str, Any]:
    return {str(name): value for name, value in trace.summary.to_dict().items()}
