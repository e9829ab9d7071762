"""What a shell is told: what was found on standard output, all else on standard error.

Knows no option and no trace.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from mpviz.core.plan import Plan

OF_A_STREAM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE, errno.EBADF)
SAY_EVERY = 2.0  # seconds between two lines of progress in a pipe


class Unprinted(Exception):
    """What was found could not be printed; its text says why."""


def write(text: str) -> None:
    """Print what was found, at once.

    Raises
    ------
    Unprinted
        When standard output is full, closed or a pipe that nobody reads.
    """
    if sys.stdout is None:
        raise Unprinted("standard output is closed")
    with printed():
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


@contextmanager
def printed() -> Iterator[None]:
    """Within, others may print; what they could not raises as `write` does, at the latest here."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is not None or error.errno not in OF_A_STREAM:
            raise
        # What is left in the buffer must not be tried once more when Python ends.
        with suppress(OSError, ValueError), open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), sys.stdout.fileno())
        raise Unprinted(error.strerror or type(error).__name__) from error


def note(text: str) -> None:
    """Say something beside what was found, as of mpviz."""
    aside(f"mpviz: {text}")


def aside(text: str) -> None:
    """Say something beside what was found; where nobody can be told, nobody is."""
    with suppress(OSError, ValueError, AttributeError):  # full, closed, or none from the start
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def any_text() -> None:
    """Let every text be printed, also where the terminal has no such characters."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


@contextmanager
def progress(plan: Plan) -> Iterator[Callable[[int], None]]:
    """Show tasks done: a bar on a terminal, now and then a plain line in a pipe."""
    title, total = f"{plan.workload} {plan.mechanism}", len(plan.inputs)
    if sys.stderr is not None and sys.stderr.isatty():
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
            note(f"{title}: {done:,} of {total:,} tasks")

    yield line
