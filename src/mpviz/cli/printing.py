"""Prints for the shell: results on standard output, everything else on standard error.

Knows no option and no trace.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from mpviz.core.plan import Plan

STREAM_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE, errno.EBADF)
SAY_EVERY = 2.0  # seconds between two lines of progress where there is no terminal


class Unprinted(Exception):
    """The results could not be printed; the message says why."""


def write(text: str) -> None:
    """Print results, at once.

    Raises
    ------
    Unprinted
        When standard output is full, closed, or a pipe that nobody reads.
    """
    if sys.stdout is None:
        raise Unprinted("standard output is closed")
    with printed():
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


@contextmanager
def printed() -> Iterator[None]:
    """Let other code print; if that fails, raise as `write` does, at the end at the latest."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is not None or error.errno not in STREAM_ERRORS:
            raise
        _discard(sys.stdout)
        raise Unprinted(error.strerror or type(error).__name__) from error


def note(text: str) -> None:
    """Print a message of mpviz's own on standard error."""
    aside(f"mpviz: {text}")


def aside(text: str) -> None:
    """Print a line on standard error; do nothing if that can't be printed."""
    with suppress(OSError, ValueError, AttributeError):  # full, closed, or None
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def drop_unprinted() -> None:
    """Before the exit: forget what standard error could not take."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Drop what is left in a buffer: if Python can't flush it at exit, the status is 120."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), stream.fileno())
        stream.flush()


def any_text() -> None:
    """Escape what the terminal can't show, so that every text can be printed."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


@contextmanager
def progress(plan: Plan) -> Iterator[Callable[[int], None]]:
    """Show how many tasks are done: a bar on a terminal, elsewhere a line now and then."""
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
