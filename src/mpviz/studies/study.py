"""What was measured of many configurations in rounds, and what follows from it.

Knows no process. A study read back from its folder is as good as the one that was measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mpviz.analysis import metrics
from mpviz.analysis.cautions import Caution, cautions
from mpviz.analysis.chunking import rules
from mpviz.analysis.explain import went_well
from mpviz.analysis.frames import shaped
from mpviz.analysis.looks import Schedule
from mpviz.analysis.trace import Trace
from mpviz.analysis.verdicts import Ranking, Verdict, against_best, interval, log_ratios
from mpviz.core import schema
from mpviz.core.text import counted, digits, listed, percent, seconds
from mpviz.studies import keeping
from mpviz.studies.head import Row, StudyHead
from mpviz.studies.sweep import Configuration, names

if TYPE_CHECKING:
    from bokeh.plotting import figure

NAN = float("nan")
ALONE = "sequential"
Floats = NDArray[np.float64]


class Study:
    """Configurations, measured in rounds.

    Attributes
    ----------
    head
        What it is about.
    names
        Of each configuration what it does not share with all others, in their order.
    rows
        Of each run its row by ``schema.RUNS``, by round and place.
    baseline_rows
        Of each round the row of its sequential run.
    traces
        Of each configuration the latest run that was made in this program, by place.
    finished
        Whether it came to its own end.
    """

    def __init__(self, head: StudyHead) -> None:
        self.head = head
        self.names = names(head.configurations)
        self.rows: dict[tuple[int, int], Row] = {}
        self.baseline_rows: dict[int, Row] = {}
        self.traces: dict[int, Trace] = {}
        self.finished = False

    def changed(self) -> None:
        """Forget what was derived from the rows."""
        for name in ("runs", "baselines", "summary", "ranking", "cautions"):
            self.__dict__.pop(name, None)

    @property
    def rounds(self) -> int:
        """Rounds begun so far."""
        begun = [number for number, _ in self.rows] + list(self.baseline_rows)
        return max(begun, default=-1) + 1

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row for each run, in the order they were made; ``mpviz.core.schema.RUNS``."""
        return _frame(self.rows.values())

    @cached_property
    def baselines(self) -> pd.DataFrame:
        """A row for each round: its sequential run; ``mpviz.core.schema.RUNS``."""
        return _frame(self.baseline_rows.values())

    def makespans(self, place: int) -> Floats:
        """One a round, in seconds; NaN where not every task ended well."""
        return self._column(place, "makespan_s")

    @property
    def baseline_makespans(self) -> Floats:
        """Of the sequential run, one a round, in seconds; NaN where not every task ended well."""
        rows = [self.baseline_rows.get(number) for number in range(self.rounds)]
        return np.array([_value(row, "makespan_s") for row in rows], dtype=np.float64)

    def _column(self, place: int, name: str) -> Floats:
        rows = [self.rows.get((number, place)) for number in range(self.rounds)]
        return np.array([_value(row, name) for row in rows], dtype=np.float64)

    def failed(self, place: int) -> int:
        """How many runs of a configuration did not end well."""
        return sum(not went_well(row) for (_, at), row in self.rows.items() if at == place)

    @property
    def complete(self) -> int:
        """Rounds in which each configuration was run, but for those of which no run ends well."""
        reached = []
        for at, _ in enumerate(self.names):
            last = max((number for number, place in self.rows if place == at), default=-1)
            if last < 0 or not np.isnan(self.makespans(at)).all():
                reached.append(last + 1)
        return min(reached, default=self.rounds)

    @property
    def _schedule(self) -> Schedule:
        """Its looks; where it was stopped early, up to there."""
        return self.head.looks or Schedule((max(self.complete, 2),))

    @cached_property
    def ranking(self) -> Ranking | None:
        """The best configuration against each other; None where none has a time."""
        times = {
            name: known.tolist()
            for at, name in enumerate(self.names)
            if not np.isnan(known := self.makespans(at)[: self.complete]).all()
        }
        return against_best(times, self._schedule) if times else None

    @property
    def decided(self) -> bool:
        """Whether more rounds are worth nothing, by what the last complete one leaves."""
        return self.ranking is None or self.ranking.decided

    @cached_property
    def cautions(self) -> tuple[Caution, ...]:
        """What speaks against its figures."""
        times = {name: self.makespans(at).tolist() for at, name in enumerate(self.names)}
        rows = [*self.rows.values(), *self.baseline_rows.values()]
        return cautions(times, [metrics.others_share(row) for row in rows])

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row for each configuration, in their order; ``mpviz.core.schema.CONFIGURATIONS``."""
        rows = [self._row(at, each) for at, each in enumerate(self.head.configurations)]
        columns = {
            column.name: [row[column.name] for row in rows] for column in schema.CONFIGURATIONS
        }
        return shaped(columns, schema.CONFIGURATIONS)

    @property
    def rows_in_order(self) -> list[Row]:
        """The rows of `summary`, as dictionaries."""
        return [{str(k): v for k, v in row.items()} for row in self.summary.to_dict("records")]

    def _row(self, place: int, configuration: Configuration) -> Row:
        times = self.makespans(place)
        known = ~np.isnan(times)
        found = interval(log_ratios(self.baseline_makespans.tolist(), times.tolist()))
        workers = configuration.workers
        word, verdict = self._verdict(place)
        mine = [row for (_, at), row in self.rows.items() if at == place]
        share = np.array([metrics.others_share(row) for row in mine], dtype=np.float64)
        warm = times - self._column(place, "startup_s") / workers
        return {
            "workload": self.head.workload,
            "input_set": self.head.input_set,
            "mechanism": configuration.mechanism,
            "start_method": configuration.start_method,
            "workers": workers,
            "chunk_size": configuration.chunk_size,
            "rounds": int(known.sum()),
            "failed": self.failed(place),
            "verdict": word,
            "ratio": verdict.ratio if verdict else (1.0 if word == "best" else NAN),
            "ratio_low": verdict.low if verdict else (1.0 if word == "best" else NAN),
            "ratio_high": verdict.high if verdict else (1.0 if word == "best" else NAN),
            "more_rounds": verdict.more_rounds if verdict else (0 if word == "best" else None),
            "speedup": found.ratio,
            "speedup_low": found.low if known.any() else NAN,
            "speedup_high": found.high if known.any() else NAN,
            "efficiency": metrics.efficiency(found.ratio, workers),
            "makespan_s": _median(times),
            "warm_s": _median(warm),
            **{
                name: _median(self._column(place, name))
                for name in (
                    *("load_balance", "communication_efficiency", "parallel_efficiency"),
                    *("computation_scaling", "global_efficiency"),
                )
            },
            "serial_fraction": metrics.serial_fraction(found.ratio, workers),
            "others_share": _median(share),
        }

    def _verdict(self, place: int) -> tuple[str, Verdict | None]:
        """The word for a configuration, and its verdict against the best."""
        name, ranking = self.names[place], self.ranking
        if ranking is None or (name != ranking.reference and name not in ranking.verdicts):
            return "failed" if self.failed(place) else "open", None
        verdict = ranking.verdicts.get(name)
        if self.complete < 2:
            return "one look", verdict
        if verdict is None:
            return "best", None
        if verdict.named:
            return "slower", verdict
        return "tie" if verdict.decided else "open", verdict

    @property
    def sentence(self) -> str:
        """The verdict, in words with numbers."""
        ranking = self.ranking
        if not self.complete:
            return "The first round is not complete."
        if ranking is None:
            return "No configuration has a time: every run of each failed or was lost."
        best = ranking.reference
        if self.complete < 2:
            took = seconds(float(np.nanmin(self.makespans(self.names.index(best)))))
            return f"One look, no verdict: {best} took the least time, {took}."
        if not ranking.verdicts:
            return self._alone(best)
        rounds = counted(self.complete, "round")
        if ranking.winner:
            near = min(ranking.verdicts, key=lambda name: ranking.verdicts[name].ratio)
            found = ranking.verdicts[near]
            return (
                f"{best} is the fastest: {near} takes {digits(found.ratio)} × its time"
                f" ({digits(found.low)} to {digits(found.high)}, {rounds})."
            )
        others = [ranking.verdicts[name] for name in ranking.tied]
        apart = max(one.apart for one in others)
        crew = _some([best, *ranking.tied])
        n = len(ranking.slower)
        slower = f" {n} {'other is' if n == 1 else 'others are'} slower." if n else ""
        if all(one.decided for one in others):
            return f"{crew} tie, at most {percent(apart)} apart ({rounds}).{slower}"
        reach = f", at most {percent(apart)} apart" if apart < 1 else ""
        more = _more([one for one in others if not one.decided])
        return f"No verdict yet between {crew}{reach} ({rounds}{more}).{slower}"

    def _alone(self, name: str) -> str:
        row = self.summary.iloc[self.names.index(name)]
        took = f"{name} takes {seconds(row['makespan_s'])} ({counted(self.complete, 'round')})"
        if math.isnan(row["speedup"]):
            return f"{took}."
        low, high = digits(row["speedup_low"]), digits(row["speedup_high"])
        return f"{took}, a speedup of {digits(row['speedup'])} ({low} to {high})."

    def ranked(self) -> figure:
        """A Bokeh figure: a row for each configuration, the fastest on top."""
        from mpviz.charts.ranking import ranking, ranking_columns  # bokeh is slow to import

        baseline = _median(self.baseline_makespans)
        return ranking(ranking_columns(self.summary, self.runs, self.names, baseline))

    def speedup(self) -> figure:
        """A Bokeh figure: speedup over workers, with intervals, and the laws where they fit."""
        from mpviz.charts.scaling import scaling, scaling_columns

        cpus = self.usable_cpus
        return scaling(scaling_columns(self.summary, cpus), usable_cpus=cpus)

    def heat(self) -> figure:
        """A Bokeh figure: mechanism × workers, each cell its speedup."""
        from mpviz.charts.heat import heat, heat_columns

        return heat(heat_columns(self.summary))

    def chunks(self) -> figure:
        """A Bokeh figure: makespan over chunk size, with the sizes that others would choose."""
        from mpviz.charts.chunks import chunks, chunks_columns

        return chunks(chunks_columns(self.summary, self.runs, self.chunk_rules))

    @property
    def chunk_rules(self) -> dict[str, int]:
        """Which chunk size the standard library, mpire and joblib would choose.

        Empty where the study has several worker counts, for which they differ.
        """
        counts = {each.workers for each in self.head.configurations if each.mechanism != ALONE}
        if len(counts) != 1:
            return {}
        tasks = self.head.tasks
        took = [_value(row, "useful_s") for row in self.baseline_rows.values()]
        return rules(tasks, counts.pop(), _median(np.array(took, dtype=np.float64)) / tasks)

    def losses(self) -> figure:
        """A Bokeh figure: where the time of each configuration's workers went."""
        from mpviz.charts.losses import losses, losses_columns

        return losses(losses_columns(self.typical()))

    def typical(self) -> pd.DataFrame:
        """Of each configuration the row of the run that is nearest to its median makespan."""
        found = []
        for at, _ in enumerate(self.names):
            times = self.makespans(at)
            if np.isnan(times).all():
                continue
            round_ = int(np.nanargmin(np.abs(times - np.nanmedian(times))))
            found.append(self.rows[round_, at])
        return _frame(found)

    @property
    def usable_cpus(self) -> float:
        """CPUs that its runs could use; NaN before the first."""
        rows = [*self.rows.values(), *self.baseline_rows.values()]
        return float(rows[-1]["usable_cpus"]) if rows else NAN

    def to_csv(self, folder: str | Path) -> None:
        """Write ``runs.csv``, ``baselines.csv``, ``configurations.csv`` and ``study.json``.

        `mpviz.read_study` reads them back.

        Raises
        ------
        mpviz.Refused
            When the folder can't be written.
        """
        frames = {"runs": self.runs, "baselines": self.baselines, "configurations": self.summary}
        keeping.write(folder, self.head, frames, finished=self.finished)

    def __repr__(self) -> str:
        return f"<Study: {self.sentence}>"


def read_study(folder: str | Path) -> Study:
    """Read back what `Study.to_csv` wrote, or `sweep` kept in its folder.

    Raises
    ------
    mpviz.Refused
        When a file is not there, or is not one of ours.
    """
    head, finished, runs, baselines = keeping.read(folder)
    study = Study(head)
    study.finished = finished
    places = {configuration: at for at, configuration in enumerate(head.configurations)}
    for row in runs:
        study.rows[row["round"], places[Configuration.of_row(row)]] = row
    study.baseline_rows |= {row["round"]: row for row in baselines}
    return study


def _frame(rows: Any) -> pd.DataFrame:
    ordered = sorted(rows, key=lambda row: row["order"])
    columns = {column.name: [row[column.name] for row in ordered] for column in schema.RUNS}
    return shaped(columns, schema.RUNS)


def _value(row: Mapping[str, Any] | None, name: str) -> float:
    """One number of a run that ended well; NaN of one that did not, or is not there."""
    if row is None or not went_well(row) or pd.isna(row[name]):
        return NAN
    return float(row[name])


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else NAN


def _more(open_: Sequence[Verdict]) -> str:
    """How many more rounds would probably decide; empty where that can't be said."""
    known = [one.more_rounds for one in open_ if one.more_rounds]
    if not known or len(known) < len(open_):
        return ""
    return f"; some {max(known):,} more would probably decide"


def _some(parts: Sequence[str]) -> str:
    """Join names; of many, the first few and how many more."""
    if len(parts) <= 4:
        return listed(list(parts))
    return f"{', '.join(parts[:3])} and {len(parts) - 3} more"
