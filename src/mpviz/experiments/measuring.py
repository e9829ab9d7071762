"""Runs what an experiment measures in clean hosts, all of them within one time limit.

Knows no experiment.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mpviz.analysis.trace import Trace
from mpviz.core.errors import Cancelled, Failed
from mpviz.core.outcome import Ending
from mpviz.core.plan import LONGEST_TIMEOUT, Plan
from mpviz.core.record import Record
from mpviz.core.text import seconds
from mpviz.engine import runner
from mpviz.experiments.rows import print_rows, read_rows

LEAST = 0.001  # seconds: a plan's deadline must be above 0


class Measuring:
    """The runs of one experiment, which share a time limit.

    Parameters
    ----------
    timeout
        Seconds for all of them together.
    start
        Starts a run; `runner.start`, or one that also keeps the run so that it can be cancelled.
    """

    def __init__(self, timeout: float, start: runner.Start = runner.start) -> None:
        self.timeout = timeout
        self._start = start
        self._began = time.perf_counter()

    def rows(
        self, function: Callable[..., Iterator[dict[str, Any]]], **settings: Any
    ) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        """Call a measured function in a clean host; return its rows, and the lines printed."""
        plan = Plan(
            function=functools.partial(print_rows, function),
            inputs=(settings,),
            mechanism="sequential",
            timeout=self._left(),
            workload=function.__name__,
        )
        record = runner.finish(self._start(plan))
        if record.ending is not Ending.FINISHED:
            self._give_up(record)
        said = [line for entry in record.output for line in entry.text.split("\n")]
        rows, printed = read_rows(said)
        if not rows:
            raise Failed("It ended without having measured anything.")
        return rows, printed

    def trace(
        self,
        function: Callable[[Any], Any],
        inputs: Iterable[Any],
        *,
        mechanism: str,
        workers: int,
        patience: float | None = None,
    ) -> Trace:
        """Run a workload with a mechanism.

        `patience`, in seconds, is the run's own deadline; to be ended by it is a result too.
        """
        left = self._left()
        own = patience is not None and patience < left
        plan = Plan(
            function=function,
            inputs=tuple(inputs),
            mechanism=mechanism,
            workers=workers,
            timeout=patience if own and patience is not None else left,
            workload=getattr(function, "__name__", ""),
        )
        record = runner.finish(self._start(plan))
        if record.ending is not Ending.FINISHED and not (own and record.ending is Ending.DEADLINE):
            self._give_up(record)
        return Trace(record)

    def _left(self) -> float:
        """Seconds that are left; the plan refuses a limit that makes no sense."""
        sane = type(self.timeout) in (int, float) and 0 < self.timeout <= LONGEST_TIMEOUT
        if not sane:
            return self.timeout
        return max(LEAST, self._began + self.timeout - time.perf_counter())

    def _give_up(self, record: Record) -> None:
        """Say in one sentence why there is nothing to show."""
        if record.ending is Ending.DEADLINE:
            raise Failed(f"Nothing was found: the deadline of {seconds(self.timeout)} ended it.")
        if record.ending is Ending.CANCELLED:
            raise Cancelled("Nothing was found: it was cancelled.")
        why = record.message or next(iter(record.errors.values()), "") or str(record.ending)
        raise Failed(f"It could not be measured: {' '.join(why.split()).rstrip('.')}.")
