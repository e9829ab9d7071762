"""The shell face: serve, run, faults, list. Knows no widget and no chart."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from mpviz import inputs, runner, turns, workloads
from mpviz.api import Trace, baseline_of
from mpviz.faults import FAULTS
from mpviz.mechanisms import MECHANISMS
from mpviz.model import DEFAULT_TIMEOUT, Ending, Plan, Record, Refused
from mpviz.text import seconds

LOOK_EVERY = 0.1  # seconds between two looks at a run, for the progress shown
SAY_EVERY = 2.0  # seconds between two lines of progress in a pipe

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="See what your parallel Python is doing.",
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; what is impossible is one line and the exit status 2."""
    try:
        app()
    except Refused as refused:
        typer.echo(f"mpviz: {refused}", err=True)
        sys.exit(2)


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8866,
    public: Annotated[
        bool, typer.Option("--public", help="Serve others: a token, and caps on what they run.")
    ] = False,
    ip: Annotated[str, typer.Option(help="Address to listen on; --public needs one.")] = "",
    token: Annotated[
        str,
        typer.Option(
            envvar="MPVIZ_TOKEN",
            help="What visitors must show; with --public one is made if none is given.",
        ),
    ] = "",
    host: Annotated[
        list[str] | None, typer.Option(help="A further name for this machine, as a proxy's.")
    ] = None,
    kernels: Annotated[int, typer.Option(help="Pages that may be open at once.")] = 20,
    idle: Annotated[
        float | None,
        typer.Option(help="Seconds without use that end a page; 0 never. [--public: 3600, else 0]"),
    ] = None,
) -> None:
    """Serve the dashboard as a web page on this machine, until Ctrl-C."""
    from mpviz import serving  # Voila is slow to import

    place = serving.place(
        port, public=public, ip=ip, token=token, hosts=host or (), kernels=kernels, idle=idle
    )

    def ready() -> None:
        typer.echo(f"mpviz: {place.address}  (Ctrl-C ends it)")
        sys.stdout.flush()

    serving.serve(place, ready)


@app.command()
def run(
    workload: Annotated[
        str, typer.Argument(help="One of `mpviz list workloads`, or module:function.")
    ] = "is_prime",
    mechanism: Annotated[str, typer.Option(help="One of `mpviz list mechanisms`.")] = "pool.map",
    workers: Annotated[int, typer.Option(help="Processes or threads that run tasks.")] = 2,
    input_set: Annotated[
        str, typer.Option(help="One of `mpviz list input-sets`, or a file, one number a line.")
    ] = "",
    start_method: Annotated[str, typer.Option(help="fork, spawn or forkserver.")] = "fork",
    chunk_size: Annotated[int, typer.Option(help="Tasks handed over at once.")] = 1,
    timeout: Annotated[float, typer.Option(help="The deadline in seconds.")] = DEFAULT_TIMEOUT,
    csv: Annotated[Path | None, typer.Option(help="Folder for the CSV files.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run's row as JSON.")] = False,
) -> None:
    """Run one plan, after its sequential baseline, and say what happened.

    Exit status: 0 every task ok and answers agree; 1 it ran, but tasks failed or were lost;
    2 asked for something impossible.
    """
    plan = plan_of(workload, mechanism, workers, input_set, start_method, chunk_size, timeout)
    runner.check(plan)
    baseline = None
    with in_turn():
        if mechanism != "sequential":
            baseline = Trace(follow(baseline_of(plan)))
            if baseline.record.ending is Ending.CANCELLED:
                typer.echo(report(baseline))
                raise typer.Exit(1)
        trace = Trace(follow(plan), baseline)
    # First what was found: where the CSV can't be written, it is not lost with it.
    typer.echo(trace.runs.to_json(orient="records")[1:-1] if as_json else report(trace))
    if csv is not None:
        trace.to_csv(csv)
    summary = trace.summary
    if summary["ok"] < summary["tasks"] or summary["answers_agree"] is False:
        raise typer.Exit(1)


@app.command()
def faults(
    mechanism: Annotated[
        list[str] | None, typer.Option(help="One of `mpviz list mechanisms`; repeatable.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="One of `mpviz list faults`; repeatable.")
    ] = None,
    start_method: Annotated[str, typer.Option(help="fork, spawn or forkserver.")] = "fork",
    timeout: Annotated[
        float | None, typer.Option(help="The deadline of each cell in seconds.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Folder for faults.csv.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Plant faults into tasks and see what each mechanism does: all of them, if none is named.

    Exit status: 0 the matrix was observed, hangs and losses and all; 1 it was cancelled, or a cell
    went on after its deadline or left a task unaccounted for; 2 asked for something impossible.
    """
    from mpviz import faultlab
    from mpviz.faultlab import report, terminal

    stream = faultlab.cells(
        mechanism or None, fault or None, start_method=start_method, timeout=timeout
    )
    asked = len({*(mechanism or faultlab.MECHANISMS_TESTED)}) * len({*(fault or FAULTS)})
    with in_turn():
        seen, cancelled = terminal.observe(stream, lambda line: typer.echo(line, err=as_json))
    if as_json:
        typer.echo(terminal.as_json(seen, cancelled=cancelled))
    else:
        terminal.show(seen, asked)
    if csv is not None:  # as in run: after what was found
        faultlab.to_csv(csv, seen)
    if cancelled or not report.well(seen):
        raise typer.Exit(1)


@app.command(name="list")
def list_names(
    what: Annotated[str, typer.Argument(help="mechanisms, workloads, input-sets or faults")],
) -> None:
    """List what there is to choose from."""
    typer.echo("\n".join(f"{name:<16} {meaning}" for name, meaning in _listed(what)))


def _listed(what: str) -> Iterator[tuple[str, str]]:
    if what == "mechanisms":
        yield from ((name, entry.summary) for name, entry in MECHANISMS.items())
    elif what == "workloads":
        yield from ((name, entry.takes) for name, entry in workloads.WORKLOADS.items())
    elif what == "faults":
        yield from ((name, entry.about) for name, entry in FAULTS.items())
    elif what == "input-sets":
        for name in inputs.input_sets():
            found = inputs.input_set(name)
            yield name, f"{found.count:,} numbers from {found.smallest:,} to {found.largest:,}"
    else:
        known = "mechanisms, workloads, input-sets, faults"
        raise Refused(f"There is no list of {what!r}; there are {known}.")


def plan_of(
    workload: str,
    mechanism: str,
    workers: int,
    input_set: str,
    start_method: str,
    chunk_size: int,
    timeout: float,
) -> Plan:
    """The plan that the options ask for.

    Raises
    ------
    Refused
        When a name among them is unknown or a file can't be read.
    """
    known = workloads.WORKLOADS.get(workload)
    function = known.function if known else import_function(workload)
    chosen = read_inputs(input_set or (known.input_set if known else "prime_mixture"))
    return Plan(
        function=function,
        inputs=chosen.values,
        mechanism=mechanism,
        workers=workers,
        start_method=start_method,
        chunk_size=chunk_size,
        timeout=timeout,
        workload=workload,
        input_set=chosen.name,
    )


def import_function(name: str) -> Callable[[Any], Any]:
    """The function that ``module:function`` names; modules of the current folder count too.

    Raises
    ------
    Refused
        When it can't be had.
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        known = ", ".join(workloads.WORKLOADS)
        raise Refused(f"There is no workload {name!r}; there are {known}, or give module:function.")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  sys.path holds texts
    try:
        found = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise Refused(f"Module {module!r} can't be imported: {error}") from error
    function = getattr(found, attribute, None)
    if not callable(function):
        raise Refused(f"Module {module!r} has no function {attribute!r}.")
    return function  # type: ignore[no-any-return]  # callable() says no more


def read_inputs(name: str) -> inputs.InputSet:
    """An input set by its name, or from a file, one number a line.

    Raises
    ------
    Refused
        When there is neither, or the file is not an input set.
    """
    file = Path(name)
    if name in inputs.input_sets() or not file.is_file():
        return inputs.input_set(name)
    try:
        return inputs.parse(file.read_bytes(), name=file.name)
    except OSError as error:
        raise Refused(f"{name} can't be read: {error.strerror}.") from error


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait until this is the machine's only experiment, and hold the turn; Ctrl-C gives up."""

    def say(ahead: int) -> None:
        typer.echo(f"mpviz: waiting; {turns.experiments(ahead)} (Ctrl-C gives up)", err=True)

    try:
        place = turns.wait(say)
    except KeyboardInterrupt:
        typer.echo("mpviz: gave up waiting; nothing was run.", err=True)
        raise typer.Exit(1) from None
    with place:
        yield


def follow(plan: Plan) -> Record:
    """Run a plan to its end, showing how far it is; Ctrl-C cancels it."""
    running = runner.start(plan)
    try:
        with progress(plan) as show:
            while not running.done:
                try:
                    return running.wait(LOOK_EVERY)
                except TimeoutError:
                    show(running.finished)
    except KeyboardInterrupt:
        running.cancel()
    return running.wait()


@contextmanager
def progress(plan: Plan) -> Iterator[Callable[[int], None]]:
    """Show tasks done: a bar on a terminal, now and then a plain line in a pipe."""
    title, total = f"{plan.workload} {plan.mechanism}", len(plan.inputs)
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

        columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda done: bar.update(task, completed=done)
        return
    said = time.monotonic()

    def line(done: int) -> None:
        nonlocal said
        if time.monotonic() - said >= SAY_EVERY:
            said = time.monotonic()
            typer.echo(f"mpviz: {title}: {done:,} of {total:,} tasks", err=True)

    yield line


def report(trace: Trace) -> str:
    """What to print of a run: the sentence, then the numbers, then what was printed."""
    run = trace.summary
    agree = {True: "yes", False: "NO"}.get(run["answers_agree"], "not compared")
    rows = [
        ("makespan", seconds(run["makespan_s"])),
        ("speedup", f"{run['speedup']:.2f}"),
        ("efficiency", f"{run['efficiency']:.0%}"),
        ("load balance", f"{run['load_balance']:.0%}"),
        ("tasks ok", f"{run['ok']:,} of {run['tasks']:,}"),
        ("answers agree", agree),
    ]
    lines = [
        trace.sentence,
        "",
        *(f"{name:<14} {value}" for name, value in rows if "nan" not in value),
    ]
    if trace.output:
        lines += ["", "printed by the tasks:", *(f"  {line.text}" for line in trace.output)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
