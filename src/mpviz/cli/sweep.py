"""`mpviz sweep`: many configurations in rounds, and which is the fastest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mpviz.cli.interrupts import importing, noting
from mpviz.cli.options import Version
from mpviz.cli.printing import note, write
from mpviz.core.errors import Refused
from mpviz.core.plan import DEFAULT_START_METHOD, DEFAULT_TIMEOUT
from mpviz.core.text import quoted

BUDGET = 60.0


def sweep(
    workload: Annotated[
        str, typer.Argument(help="One of `mpviz list workloads`, or module:function.")
    ] = "is_prime",
    mechanism: Annotated[
        list[str] | None,
        typer.Option(help="One of `mpviz list mechanisms`; again for another. [pool.map]"),
    ] = None,
    workers: Annotated[str, typer.Option(help="Worker counts, as 1,2,4.")] = "2",
    input_set: Annotated[
        str, typer.Option(help="One of `mpviz list input-sets`, or a file, one number a line.")
    ] = "",
    start_method: Annotated[
        list[str] | None,
        typer.Option(
            help=f"fork, spawn or forkserver; again for another. [{DEFAULT_START_METHOD}]"
        ),
    ] = None,
    chunk_size: Annotated[str, typer.Option(help="Chunk sizes, as 1,10,100; or doubling.")] = "1",
    repeats: Annotated[
        int | None, typer.Option(help="Rounds. [until the verdict is decided]")
    ] = None,
    budget: Annotated[
        float, typer.Option(help="Seconds after which no round begins, without --repeats.")
    ] = BUDGET,
    seed: Annotated[int, typer.Option(help="Of the order of runs within each round.")] = 0,
    timeout: Annotated[float, typer.Option(help="The deadline in seconds.")] = DEFAULT_TIMEOUT,
    csv: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps each run at once; a stopped study goes on there."),
    ] = None,
    in_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    _version: Version = False,
) -> None:
    """Measure many configurations in interleaved rounds, and say which is the fastest.

    Exit status: 0 it came to its end, every task was ok and answers agree; 1 it was stopped, or
    tasks failed, were lost or timed out, or answers differ, or what was found can't be printed or
    written; 2 asked for something impossible, and nothing was run.
    """
    with importing():
        from mpviz.cli.experiment import in_turn, kept, quietly
        from mpviz.cli.plan import subject_of
        from mpviz.cli.study import as_json, report, told
        from mpviz.studies import measuring
        from mpviz.studies.rounds import Rounds
        from mpviz.studies.sweep import DOUBLING, Sweep, grid

    function, inputs, name = subject_of(workload, input_set)
    plans = grid(
        function,
        inputs.values,
        mechanisms=mechanism or ["pool.map"],
        workers=_numbers("--workers", workers),
        start_methods=start_method or [DEFAULT_START_METHOD],
        chunk_sizes=(DOUBLING if chunk_size == DOUBLING else _numbers("--chunk-size", chunk_size)),
        timeout=timeout,
        workload=name,
        input_set=inputs.name,
    )
    wanted = Sweep(plans, repeats, budget, seed)
    measuring.check(wanted)
    pressed: list[str] = []
    with in_turn(), noting(pressed), told() as before:
        rounds = Rounds(wanted, csv)

        def run(plan: Any) -> Any:
            record = quietly(plan, pressed)
            if pressed:
                rounds.stop()
            return record

        study = measuring.measure(rounds, run, before)
    if study.rows:
        kept(study)
    write(as_json(study) if in_json else report(study))
    if pressed:
        more = f"; the same command with --csv {csv} goes on" if csv else ""
        note(f"stopped{more}.")
    failed = sum(study.failed(place) for place, _ in enumerate(study.names))
    if pressed or failed or not study.finished:
        raise typer.Exit(1)


def _numbers(option: str, text: str) -> list[int]:
    """The whole numbers of a list such as 1,2,4."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise Refused(f"{option} must be whole numbers, as in 1,2,4, not {quoted(text)}.") from None
