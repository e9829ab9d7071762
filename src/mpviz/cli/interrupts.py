"""Ctrl-C while slow modules are imported. Standard library only."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Let Ctrl-C end the program at once: a KeyboardInterrupt inside numpy is an ImportError."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def noting(pressed: list[str]) -> Iterator[None]:
    """Let Ctrl-C be noted and raise nothing, so that what is being written is written.

    Parameters
    ----------
    pressed
        Grows by one each time. Where Ctrl-C is ignored, it stays so.
    """
    before = signal.getsignal(signal.SIGINT)
    if before != signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda _number, _frame: pressed.append("Ctrl-C"))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
