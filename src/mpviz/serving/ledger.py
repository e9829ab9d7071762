"""What the server tells whoever runs it: a line for each thing, and so many lines, whatever comes.

What strangers send must not fill a disk: no traceback, nothing unprintable, no line that is long,
and no more lines than a person could read. What was left out is counted. Knows no server.
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

LINES = (50.0, 0.5)  # at once, and a second
LONGEST = 400  # characters of a line
PIECE = 65_536


class Ledger(logging.Handler):
    """Writes lines, not too many.

    Parameters
    ----------
    write
        Gets each line, with its end; stderr does, if nothing else.
    clock
        Seconds, only ever growing.
    """

    def __init__(
        self, write: Callable[[str], object] | None = None, clock: Clock = time.monotonic
    ) -> None:
        super().__init__(logging.ERROR)
        self._write, self._rate, self._left_out = write or _to_stderr, Rate(*LINES, clock), 0

    def emit(self, record: logging.LogRecord) -> None:
        """Note a record."""
        try:
            text = record.getMessage()
        except Exception:
            text = str(record.msg)
        self.note(text + (cause(record.exc_info[1]) if record.exc_info else ""))

    def note(self, text: str) -> None:
        """Note something; several lines become one."""
        if self._rate.left < 1:
            self._left_out += 1
            return
        self._rate.take()
        if self._left_out:
            self._write(f"mpviz: ({self._left_out} lines were left out)\n")
            self._left_out = 0
        self._write(f"mpviz: {printable(text)}\n")

    def listen(self, fd: int) -> None:
        """Note what is written into a pipe, until it is closed at its other end."""
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


def install(*loggers: logging.Logger) -> Ledger:
    """Let everything that is logged in this process go through one ledger."""
    ledger = Ledger()
    root = logging.getLogger()
    root.handlers = [ledger]
    for one in loggers:
        one.handlers, one.propagate = [], True
    return ledger


def cause(error: BaseException | None) -> str:
    """An exception in a few words: its kind, what it says, and where it arose."""
    if error is None:
        return ""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    where = f" at {Path(frames[0].filename).name}:{frames[0].lineno}" if frames else ""
    return f" ({type(error).__name__}: {error}{where})"


def printable(text: str) -> str:
    """One line of characters that can be seen, not too long."""
    short = text[: LONGEST + 1]
    seen = "".join(c if c.isprintable() else " " if c == "\n" else repr(c)[1:-1] for c in short)
    return seen if len(seen) <= LONGEST else seen[: LONGEST - 1] + "…"


def _to_stderr(line: str) -> None:
    try:
        sys.stderr.write(line)
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads it any more; the server goes on
        pass
