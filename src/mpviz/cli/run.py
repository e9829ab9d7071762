"""`mpviz run`: one plan, after its sequential baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mpviz.cli.interrupts import importing
from mpviz.cli.options import StartMethod, Version
from mpviz.cli.printing import note, write
from mpviz.core.plan import DEFAULT_START_METHOD, DEFAULT_TIMEOUT


def run(
    workload: Annotated[
        str, typer.Argument(help="One of `mpviz list workloads`, or module:function.")
    ] = "is_prime",
    mechanism: Annotated[str, typer.Option(help="One of `mpviz list mechanisms`.")] = "pool.map",
    workers: Annotated[int, typer.Option(help="Processes or threads that run tasks.")] = 2,
    input_set: Annotated[
        str, typer.Option(help="One of `mpviz list input-sets`, or a file, one number a line.")
    ] = "",
    start_method: StartMethod = DEFAULT_START_METHOD,
    chunk_size: Annotated[int, typer.Option(help="Tasks handed over at once.")] = 1,
    timeout: Annotated[float, typer.Option(help="The deadline in seconds.")] = DEFAULT_TIMEOUT,
    csv: Annotated[Path | None, typer.Option(help="Folder for the CSV files.")] = None,
    in_json: Annotated[bool, typer.Option("--json", help="Print the run's row as JSON.")] = False,
    imports: Annotated[
        bool,
        typer.Option("--imports", help="Say what a spawned worker imports, the slowest first."),
    ] = False,
    _version: Version = False,
) -> None:
    """Run one plan, after its sequential baseline, and say what happened.

    Exit status: 0 every task ok and answers agree; 1 it ran, but tasks failed, were lost, timed
    out or were cancelled, of the run or its baseline, or answers differ, or what was found can't
    be printed or written; 2 asked for something impossible, and nothing was run.
    """
    with importing():
        from mpviz.analysis import csvfiles
        from mpviz.cli.experiment import in_turn, kept, measured, saved
        from mpviz.cli.plan import plan_of
        from mpviz.cli.report import as_json, imported, report
        from mpviz.core import schema
        from mpviz.engine import runner

    plan = plan_of(workload, mechanism, workers, input_set, start_method, chunk_size, timeout)
    runner.check(plan)
    if csv is not None:
        csvfiles.check(csv, schema.TABLES)
    with in_turn():
        trace = measured(plan)
    kept(trace)
    well = saved(csv, trace.to_csv) and trace.went_well
    write(as_json(trace) if in_json else report(trace))
    if imports:
        (note if in_json else write)(imported(plan))
    if trace.record.plan.mechanism != plan.mechanism:
        note("cancelled after the sequential run; the plan itself was not run.")
        well = False
    if not well or (trace.baseline and not trace.baseline.went_well):
        raise typer.Exit(1)
