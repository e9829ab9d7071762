"""`mpviz faults`: the fault lab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mpviz.cli.interrupts import importing
from mpviz.cli.options import StartMethod, Version
from mpviz.cli.printing import aside, write
from mpviz.core.plan import DEFAULT_START_METHOD


def faults(
    mechanism: Annotated[
        list[str] | None, typer.Option(help="One of `mpviz list mechanisms`; repeatable.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="One of `mpviz list faults`; repeatable.")
    ] = None,
    start_method: StartMethod = DEFAULT_START_METHOD,
    timeout: Annotated[
        float | None, typer.Option(help="The deadline of each cell in seconds.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Folder for faults.csv.")] = None,
    in_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    _version: Version = False,
) -> None:
    """Plant faults in tasks and see what each mechanism does; all of them if none is named.

    Exit status: 0 the matrix was observed, hangs and losses included; 1 it was cancelled, or a
    cell went on after its deadline or left a task unaccounted for; 2 asked for something
    impossible.
    """
    with importing():
        from mpviz.analysis import csvfiles
        from mpviz.cli import matrix
        from mpviz.cli.experiment import in_turn, saved
        from mpviz.faults.catalogue import FAULTS
        from mpviz.faults.lab.cell import to_csv
        from mpviz.faults.lab.report import well
        from mpviz.faults.lab.running import MECHANISMS_TESTED, run_cells

    cells = run_cells(mechanism or None, fault or None, start_method=start_method, timeout=timeout)
    asked = len({*(mechanism or MECHANISMS_TESTED)}) * len({*(fault or FAULTS)})
    if csv is not None:
        csvfiles.check(csv, ["faults"])
    with in_turn():
        seen, cancelled = matrix.observe(cells, aside if in_json else write)
    is_saved = saved(csv, lambda folder: to_csv(folder, seen))
    if in_json:
        write(matrix.as_json(seen, cancelled=cancelled))
    else:
        matrix.show(seen, asked)
    if cancelled or not (is_saved and well(seen)):
        raise typer.Exit(1)
