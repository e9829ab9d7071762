"""An experiment of the shell: wait for the machine's turn, run, save the CSV. Knows no option."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mpviz.analysis.trace import Trace, sound
from mpviz.cli.printing import note, progress
from mpviz.core.errors import MpvizError
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.engine import runner, turns

if TYPE_CHECKING:
    from mpviz.studies.study import Study

LOOK_EVERY = 0.1  # seconds between two updates of the progress shown


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait until no other experiment runs on this machine, and hold the turn; Ctrl-C gives up."""

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
    """Run a plan after its baseline; the baseline alone if Ctrl-C was pressed during it."""
    if plan.mechanism == "sequential":
        return Trace(follow(plan))
    pressed: list[str] = []
    baseline = Trace(follow(plan.baseline, pressed))
    if pressed:
        return baseline
    return sound(Trace(follow(plan), baseline), follow)


def follow(plan: Plan, pressed: list[str] | None = None) -> Record:
    """Run a plan to its end and show its progress; Ctrl-C cancels it and is noted in `pressed`."""
    running = runner.start(plan)
    try:
        with progress(plan) as show:
            while not running.done:
                try:
                    return running.wait(LOOK_EVERY)
                except TimeoutError:
                    show(running.finished)
    except KeyboardInterrupt:
        running.cancel()  # perhaps too late, but it was pressed all the same
        if pressed is not None:
            pressed.append("Ctrl-C")
    except Exception as error:  # the run itself is not affected
        note(f"progress can't be shown: {type(error).__name__}: {error}")
    return runner.finish(running)


def quietly(plan: Plan, pressed: Sequence[str]) -> Record:
    """Run a plan to its end and show nothing; cancelled as soon as `pressed` holds something."""
    running = runner.start(plan)
    while not pressed:
        with suppress(TimeoutError):
            return running.wait(LOOK_EVERY)
    running.cancel()
    return runner.finish(running)


def kept(what: Trace | Study) -> None:
    """Keep a run or a study in the history; a line that says why, if that fails."""
    from mpviz.studies.history import History

    try:
        History().keep(what)
    except MpvizError as error:
        note(f"it is not in the history: {error}")


def saved(folder: Path | None, to_csv: Callable[[Path], None]) -> bool:
    """Write the CSV if it was asked for; False, and a line that says why, if that fails."""
    try:
        if folder is not None:
            to_csv(folder)
    except MpvizError as error:
        note(str(error))
        return False
    return True
