"""What the frames of a run show, for the rules that read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mpviz.analysis.waterfall import waterfall
from mpviz.core.errors import Refused
from mpviz.mechanisms import MECHANISMS

Floats = NDArray[np.float64]
Row = Mapping[Any, Any]


NAMED = 0.10  # of the makespan: twice what one quiet run differs from the next by
MOST_OF_IT = 0.5  # of a loss: what explains less is not its cause
LITTLE = 0.2  # of a loss: so much of something else leaves the cause what it is
IDLE = 0.75  # of the CPUs in use at most, where something else than a CPU is waited for


class Evidence:
    """What a run's frames show, for the rules that read it."""

    def __init__(
        self,
        run: Row,
        tasks: pd.DataFrame,
        workers: pd.DataFrame,
        before: Row | None,
        tasks_before: pd.DataFrame | None,
        host: Mapping[str, int],
    ) -> None:
        self.run, self.tasks, self.crew, self.before = run, tasks, workers, before
        self.n, self.makespan = int(run["workers"]), float(run["makespan_s"])
        self.mechanism = MECHANISMS.get(run["mechanism"])
        self.host = host
        self.start = floats(tasks["started_s"])
        self.end = floats(tasks["finished_s"])
        self.length = self.end - self.start
        all_started = not np.isnan(self.start).any()
        self.last_start = float(self.start.max()) if all_started else self.makespan
        self.waited_s = float(np.nansum(floats(workers["waited_s"])))
        self.whole = bool(run["ok"] == run["tasks"] and run["ending"] == "finished")
        self.alone: Floats | None = None
        self.lost: dict[str, float] = {}
        if before is not None and tasks_before is not None and self.whole:
            try:
                steps = waterfall(run, before).losses
            except Refused:
                return
            self.lost = {step.kind: step.seconds for step in steps}
            self.alone = floats(tasks_before["finished_s"]) - floats(tasks_before["started_s"])

    def for_a_cpu(self, lost: float) -> bool:
        """Whether workers stood ready to run, with no CPU free, for most of a loss."""
        return self.waited_s / self.n > MOST_OF_IT * lost

    def short_of_cpus(self, lost: float) -> bool:
        """Whether there were fewer CPUs than workers, or others took what is most of a loss.

        Elsewhere workers that wait for a CPU wait for the program that hands tasks over.
        """
        taken: float = 0.0 if pd.isna(self.run["others_s"]) else float(self.run["others_s"])
        return self.n > float(self.run["usable_cpus"]) or taken > MOST_OF_IT * lost

    def not_for_a_cpu(self, lost: float) -> bool:
        """Whether they hardly did, and CPUs were idle."""
        cpus = min(float(self.run["usable_cpus"]), self.n)
        others = self.run["others_s"]
        used = float(self.run["cpu_s"]) + (0.0 if pd.isna(others) else float(others))
        known = not self.crew["waited_s"].isna().all()
        idle = used < IDLE * cpus * self.makespan
        return known and self.waited_s / self.n < LITTLE * lost and idle

    def dearer(self) -> bool:
        """Whether the tasks took more CPU time than alone, and hardly waited for a CPU."""
        before = float(self.sequential()["cpu_s"])
        dear = float(self.run["cpu_s"]) - before
        known = not self.crew["waited_s"].isna().all()
        waited_little = known and self.waited_s < LITTLE * dear
        return before > 0 and dear / self.n > NAMED * self.makespan and waited_little

    def sequential(self) -> Row:
        """The sequential run's row, for rules that are asked only where there is one."""
        assert self.before is not None
        return self.before


def floats(column: pd.Series[Any]) -> Floats:
    """A column's numbers, NaN where there is none."""
    found: Floats = column.to_numpy(np.float64, na_value=np.nan)
    return found
