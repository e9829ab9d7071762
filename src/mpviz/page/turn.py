"""One thing at a time: who is busy, and how Cancel ends it. Knows no widget and no frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mpviz import runner
from mpviz.model import Plan, Refused

Start = Callable[[Plan], Any]


class Turn:
    """Whoever measures takes the turn, and starts plans through it.

    Parameters
    ----------
    start
        How a plan is started; a test may hand in its own.
    on_change
        Called without arguments when the turn was taken or given back.
    """

    def __init__(
        self, start: Start = runner.start, on_change: Callable[[], object] = lambda: None
    ) -> None:
        self._start = start
        self._on_change = on_change
        self._running: Any = None
        self.busy = False
        self.cancelled = False

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the turn; ask `busy` first."""
        self.busy, self.cancelled = True, False
        self._on_change()
        try:
            yield
        finally:
            self.busy, self._running = False, None
            self._on_change()

    def start(self, plan: Plan) -> Any:
        """Start a plan so that `cancel` ends it; from any thread.

        Raises
        ------
        Refused
            After a cancel: nothing more is started in this turn.
        """
        if self.cancelled:
            raise Refused("Cancelled.")
        self._running = running = self._start(plan)
        if self.cancelled:  # on the loop's thread, while this one was starting it
            running.cancel()
        return running

    def cancel(self) -> None:
        """End what is running, and let nothing follow."""
        self.cancelled = True
        if self._running is not None:
            self._running.cancel()
