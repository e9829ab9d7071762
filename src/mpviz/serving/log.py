"""The server's log: one short, printable line for each event, at a limited rate.

Whatever strangers send, it can't fill a disk: no tracebacks, no control characters, no long lines,
and no more lines than a person could read. Lines left out are counted. Knows no server.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tornado.ioloop import IOLoop

from mpviz.serving.rates import Clock, Rate

LINES = (50.0, 0.5)  # burst, then each second
LONGEST = 400  # characters of a line
PIECE = 65_536  # bytes read from a pipe at once


class BoundedLog(logging.Handler):
    """A log handler that writes short lines, and not too many of them.

    Parameters
    ----------
    write
        Gets each line, newline included; by default lines go to stderr.
    clock
        Monotonic seconds.
    """

    def __init__(
        self, write: Callable[[str], object] | None = None, clock: Clock = time.monotonic
    ) -> None:
        super().__init__(logging.ERROR)
        self._write, self._rate, self._left_out = write or _to_stderr, Rate(*LINES, clock), 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            text = record.getMessage()
        except Exception:
            text = str(record.msg)
        self.note(text + (cause(record.exc_info[1]) if record.exc_info else ""))

    def note(self, text: str) -> None:
        """Write one line; a text of several lines becomes one."""
        if self._rate.left < 1:
            self._left_out += 1
            return
        self._rate.take()
        if self._left_out:
            self._write(f"mpviz: ({self._left_out} lines were left out)\n")
            self._left_out = 0
        self._write(f"mpviz: {printable(text)}\n")

    def listen(self, fd: int) -> None:
        """Write what arrives in a pipe, until its other end is closed."""
        os.set_blocking(fd, False)
        IOLoop.current().add_handler(fd, self._hear, IOLoop.READ)

    def _hear(self, fd: int, _events: int) -> None:
        try:
            piece = os.read(fd, PIECE)
        except BlockingIOError:
            return
        if not piece:
            IOLoop.current().remove_handler(fd)
            os.close(fd)
            return
        for line in piece.decode(errors="replace").splitlines():
            if line.strip():
                self.note(line)


def install(*loggers: logging.Logger) -> None:
    """Send everything that this process logs, by these loggers too, through one `BoundedLog`."""
    logging.getLogger().handlers = [BoundedLog()]
    for one in loggers:
        one.handlers, one.propagate = [], True


def cause(error: BaseException | None) -> str:
    """An exception in brief: its type, its message, and where it was raised."""
    if error is None:
        return ""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    where = f" at {Path(frames[0].filename).name}:{frames[0].lineno}" if frames else ""
    return f" ({type(error).__name__}: {error}{where})"


def printable(text: str) -> str:
    """The text on one line, control characters escaped, cut if it is long."""
    short = text[: LONGEST + 1]
    seen = "".join(c if c.isprintable() else " " if c == "\n" else repr(c)[1:-1] for c in short)
    return seen if len(seen) <= LONGEST else seen[: LONGEST - 1] + "…"


def _to_stderr(line: str) -> None:
    try:
        sys.stderr.write(line)
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads it any more; the server goes on
        pass
