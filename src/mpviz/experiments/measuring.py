"""Runs what an experiment measures in clean hosts, all of them within one time limit.

Knows no experiment. A host gives results back as short texts only, so a measured function yields
rows and `report` prints them, each as JSON behind a record separator (as RFC 7464 has it); what
else is printed is text.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.outcome import Ending
from mpviz.core.plan import LONGEST_TIMEOUT, Plan
from mpviz.core.record import Record
from mpviz.core.text import seconds
from mpviz.engine import runner

SEPARATOR = "\x1e"
LEAST = 0.001  # seconds: a plan's deadline must be above none


def report(function: Callable[..., Iterator[dict[str, Any]]], settings: Mapping[str, Any]) -> None:
    """In the host: call a measured function and print each row that it yields."""
    for row in function(**settings):
        print(SEPARATOR + json.dumps(row), flush=True)  # noqa: T201  the host captures it


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
        """Call a measured function in a clean host; give its rows, and the lines printed."""
        plan = Plan(
            function=functools.partial(report, function),
            inputs=(settings,),
            mechanism="sequential",
            timeout=self._left(),
            workload=function.__name__,
        )
        record = runner.finish(self._start(plan))
        if record.ending is not Ending.FINISHED:
            self._refuse(record)
        said = [line for entry in record.output for line in entry.text.split("\n")]
        rows = [json.loads(line[1:]) for line in _with_separator(said)]
        if not rows:
            raise Refused("It ended without having measured anything.")
        return rows, tuple(line for line in said if not line.startswith(SEPARATOR))

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

        With `patience`, in seconds, that is the run's own deadline, and being ended by it is a
        result as good as another.
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
            self._refuse(record)
        return Trace(record)

    def _left(self) -> float:
        """Seconds that are left; a limit that makes no sense is the runner's to refuse."""
        sane = type(self.timeout) in (int, float) and 0 < self.timeout <= LONGEST_TIMEOUT
        if not sane:
            return self.timeout
        return max(LEAST, self._began + self.timeout - time.perf_counter())

    def _refuse(self, record: Record) -> None:
        """Say in one sentence why there is nothing to show."""
        if record.ending is Ending.DEADLINE:
            raise Refused(f"Nothing was found: the deadline of {seconds(self.timeout)} ended it.")
        if record.ending is Ending.CANCELLED:
            raise Refused("Nothing was found: it was cancelled.")
        why = record.message or next(iter(record.errors.values()), "") or str(record.ending)
        raise Refused(f"It could not be measured: {' '.join(why.split()).rstrip('.')}.")


def _with_separator(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if line.startswith(SEPARATOR))
