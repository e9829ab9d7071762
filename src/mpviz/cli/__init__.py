"""The shell face: serve, run, faults, list. Knows no widget and no chart."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from typing import Annotated, Any

import typer

from mpviz import __version__, inputs, workloads
from mpviz.analysis import csvfiles
from mpviz.analysis.explain import agreement, why_suspect
from mpviz.analysis.trace import Trace, sound
from mpviz.cli.asked import plan_of
from mpviz.cli.printing import Unprinted, any_text, aside, note, printed, progress, write
from mpviz.core import schema
from mpviz.core.errors import Refused
from mpviz.core.plan import DEFAULT_TIMEOUT, Plan
from mpviz.core.record import Record
from mpviz.core.text import digits, percent, seconds
from mpviz.engine import runner, turns
from mpviz.faults import FAULTS
from mpviz.mechanisms import MECHANISMS

LOOK_EVERY = 0.1  # seconds between two looks at a run, for the progress shown

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="See what your parallel Python is doing.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line; what is impossible is one line and the exit status 2.

    So is what can't be printed one line: then the exit status is 1.
    """
    any_text()
    status: Any = 0
    try:
        with printed():  # the help, say, which does not come through `write`
            try:
                app(prog_name="mpviz")
            except SystemExit as left:
                status = left.code
            except Refused as refused:
                note(str(refused))
                status = 2
    except Unprinted as error:
        note(f"what was found can't be printed: {error}.")
        status = status or 1
    sys.exit(status)


def _show_version(wanted: bool) -> None:
    if wanted:
        write(f"mpviz {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_show_version, is_eager=True, help="Print the version and leave."
    ),
]


@app.callback()
def _mpviz(_version: Version = False) -> None:
    """See what your parallel Python is doing."""


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
    _version: Version = False,
) -> None:
    """Serve the dashboard as a web page on this machine, until Ctrl-C."""
    from mpviz import serving  # Voila is slow to import

    place = serving.place(
        port, public=public, ip=ip, token=token, hosts=host or (), kernels=kernels, idle=idle
    )

    def ready() -> None:
        try:
            write(f"mpviz: {place.address}  (Ctrl-C ends it)")
        except Unprinted:  # no reason not to serve
            note(f"{place.address}  (Ctrl-C ends it)")

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
    in_json: Annotated[bool, typer.Option("--json", help="Print the run's row as JSON.")] = False,
    _version: Version = False,
) -> None:
    """Run one plan, after its sequential baseline, and say what happened.

    Exit status: 0 every task ok and answers agree; 1 it ran, but tasks failed, were lost, timed
    out or were cancelled, of the run or its baseline, or answers differ, or what was found can't
    be printed or written; 2 asked for something impossible, and nothing was run.
    """
    plan = plan_of(workload, mechanism, workers, input_set, start_method, chunk_size, timeout)
    runner.check(plan)
    if csv is not None:
        csvfiles.check(csv, schema.TABLES)
    with in_turn():
        trace = measured(plan)
    well = saved(csv, trace.to_csv) and trace.went_well
    write(as_json(trace) if in_json else report(trace))
    if trace.record.plan.mechanism != plan.mechanism:
        note("cancelled after the sequential run; the plan itself was not run.")
        well = False
    if not well or (trace.baseline and not trace.baseline.went_well):
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
    in_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    _version: Version = False,
) -> None:
    """Plant faults into tasks and see what each mechanism does: all of them, if none is named.

    Exit status: 0 the matrix was observed, hangs and losses and all; 1 it was cancelled, or a cell
    went on after its deadline or left a task unaccounted for; 2 asked for something impossible.
    """
    from mpviz.cli import faults as terminal
    from mpviz.faults import lab as faultlab
    from mpviz.faults.lab import report

    stream = faultlab.cells(
        mechanism or None, fault or None, start_method=start_method, timeout=timeout
    )
    asked = len({*(mechanism or faultlab.MECHANISMS_TESTED)}) * len({*(fault or FAULTS)})
    if csv is not None:
        csvfiles.check(csv, ["faults"])
    with in_turn():
        seen, cancelled = terminal.observe(stream, aside if in_json else write)
    well = saved(csv, lambda folder: faultlab.to_csv(folder, seen)) and report.well(seen)
    if in_json:
        write(terminal.as_json(seen, cancelled=cancelled))
    else:
        terminal.show(seen, asked)
    if cancelled or not well:
        raise typer.Exit(1)


@app.command(name="list")
def list_names(
    what: Annotated[str, typer.Argument(help="mechanisms, workloads, input-sets or faults")],
    _version: Version = False,
) -> None:
    """List what there is to choose from."""
    write("\n".join(f"{name:<16} {meaning}" for name, meaning in _listed(what)))


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


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait until this is the machine's only experiment, and hold the turn; Ctrl-C gives up."""

    def say(ahead: int) -> None:
        note(f"waiting; {turns.experiments(ahead)} (Ctrl-C gives up)")

    try:
        place = turns.wait(say)
    except KeyboardInterrupt:
        note("gave up waiting; nothing was run.")
        raise typer.Exit(1) from None
    with place:
        yield


def measured(plan: Plan) -> Trace:
    """Run a plan after its baseline; the baseline alone, where Ctrl-C came in it."""
    if plan.mechanism == "sequential":
        return Trace(follow(plan))
    pressed: list[str] = []
    baseline = Trace(follow(plan.baseline, pressed))
    if pressed:
        return baseline
    return sound(Trace(follow(plan), baseline), follow)


def follow(plan: Plan, pressed: list[str] | None = None) -> Record:
    """Run a plan to its end, showing how far it is; Ctrl-C cancels it and is noted."""
    running = runner.start(plan)
    try:
        with progress(plan) as show:
            while not running.done:
                try:
                    return running.wait(LOOK_EVERY)
                except TimeoutError:
                    show(running.finished)
    except KeyboardInterrupt:
        running.cancel()  # too late, it may be; but then it was pressed all the same
        if pressed is not None:
            pressed.append("Ctrl-C")
    except Exception as error:  # the run is not disturbed by it
        note(f"it can't be shown how far the run is: {type(error).__name__}: {error}")
    return runner.finish(running)


def saved(folder: Path | None, to_csv: Callable[[Path], None]) -> bool:
    """Write the CSV, if it was asked for; where that fails, say so and go on."""
    try:
        if folder is not None:
            to_csv(folder)
    except Refused as refused:
        note(str(refused))
        return False
    return True


def as_json(trace: Trace) -> str:
    """The run's row as one JSON object, with the sentence."""
    (row,) = json.loads(trace.runs.to_json(orient="records"))
    return json.dumps(row | {"sentence": trace.sentence, "failed": trace.failed})


def report(trace: Trace) -> str:
    """What to print of a run: the sentence, then the numbers, then what was printed."""
    run = trace.summary.to_dict()
    rows = [("makespan", seconds(run["makespan_s"]))]
    if why := why_suspect(run):
        rows += [("speedup", f"{digits(run['speedup'])}, suspect: {why}")]
    elif not isnan(run["speedup"]):
        rows += [("speedup", digits(run["speedup"])), ("efficiency", percent(run["efficiency"]))]
    if not isnan(run["load_balance"]):
        rows += [("load balance", percent(run["load_balance"]))]
    agree = agreement(run)
    rows += [
        ("tasks ok", f"{run['ok']:,} of {run['tasks']:,}"),
        ("answers agree", "NO" if agree == "no" else agree),
    ]
    lines = [
        trace.sentence,
        *trace.failed[1:],
        "",
        *(f"{name:<14} {value}" for name, value in rows),
    ]
    if trace.tracebacks:
        first = min(trace.tracebacks)
        story = trace.tracebacks[first].splitlines()
        lines += ["", f"task {first} raised:", *(f"  {line}" for line in story)]
    if trace.output:
        lines += ["", "printed by the tasks:", *(f"  {line.text}" for line in trace.output)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
