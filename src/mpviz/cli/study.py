"""A study as text: for a person, as JSON, and while it is measured. Knows no option."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mpviz.cli.printing import note
from mpviz.core.text import counted, digits, seconds
from mpviz.studies.rounds import WARM_UP, NextRun, Rounds
from mpviz.studies.study import Study

SAY_EVERY = 2.0  # seconds between two lines of progress where there is no terminal


def as_json(study: Study) -> str:
    """The study as one JSON object: sentence, cautions, configurations and runs."""
    return json.dumps(
        {
            "sentence": study.sentence,
            "finished": study.finished,
            "rounds": study.complete,
            "cautions": [one.sentence for one in study.cautions],
            "configurations": json.loads(study.summary.to_json(orient="records")),
            "runs": json.loads(study.runs.to_json(orient="records")),
        }
    )


def report(study: Study) -> str:
    """What to print: the verdict, a line a configuration, and what speaks against it."""
    rows = [(name, row) for name, row in zip(study.names, study.rows_in_order, strict=True)]
    rows.sort(key=lambda pair: (math.isnan(pair[1]["makespan_s"]), _ratio(pair[1])))
    lines = [_line(name, row) for name, row in rows]
    heads = ("", "makespan", "× the best", "speedup", "")
    table = [heads, *lines]
    widths = [max(len(row[at]) for row in table) for at in range(len(heads))]
    told = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table]  # fmt: skip
    cautions = [one.sentence for one in study.cautions]
    return "\n".join([study.sentence, "", *told, *([""] if cautions else []), *cautions])


def _ratio(row: dict[str, Any]) -> float:
    return float(row["makespan_s"] if math.isnan(row["ratio"]) else row["ratio"])


def _line(name: str, row: dict[str, Any]) -> tuple[str, str, str, str, str]:
    failed = f", {counted(row['failed'], 'run')} failed" if row["failed"] else ""
    if math.isnan(row["makespan_s"]):
        return name, "", "", "", f"{counted(row['failed'], 'run')} failed"
    return (
        name,
        seconds(row["makespan_s"]),
        "" if row["verdict"] == "best" else _between(row, "ratio"),
        "" if math.isnan(row["speedup"]) else _between(row, "speedup"),
        f"{row['verdict']}{failed}",
    )


def _between(row: dict[str, Any], name: str) -> str:
    found = digits(row[name]) if not math.isnan(row[name]) else ""
    if not row[f"{name}_high"] < math.inf:
        return found
    return f"{found} ({digits(row[f'{name}_low'])} to {digits(row[f'{name}_high'])})"


@contextmanager
def told() -> Iterator[Callable[[Rounds, NextRun], None]]:
    """Show which round it is and how long it goes on: a bar on a terminal, elsewhere a line."""
    if sys.stderr is not None and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), "{task.description}", TimeElapsedColumn())
        # Drawn between runs only: what redraws takes CPU time from what is measured.
        with Progress(
            *columns, console=Console(stderr=True), auto_refresh=False, transient=True
        ) as bar:
            task = bar.add_task("")

            def draw(now: Rounds, step: NextRun) -> None:
                bar.update(task, description=where(now, step))
                bar.refresh()

            yield draw
        return
    said = time.monotonic()

    def line(now: Rounds, step: NextRun) -> None:
        nonlocal said
        if time.monotonic() - said >= SAY_EVERY:
            said = time.monotonic()
            note(where(now, step))

    yield line


def where(rounds: Rounds, step: NextRun) -> str:
    """Where a study is: "round 3 of 20 at most: pool.map; 40 s more at most"."""
    what = step.plan.mechanism
    if step.round == WARM_UP:
        return f"warming up: {what}"
    most = rounds.most_rounds
    at_most = " at most" if rounds.sweep.rounds is None else ""
    of = f" of {most}{at_most}" if most else ""
    left = rounds.at_most_s
    more = f"; {seconds(left)} more at most" if left is not None else ""
    return f"round {step.round + 1}{of}: {what}{more}"
