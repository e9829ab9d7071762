"""One thing at a time: whether the page runs something, and how Cancel ends it.

One thing on this page, and on this machine, whose line (`mpviz.engine.turns`) it waits in. Knows no
widget and no frame.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from mpviz.core.errors import Cancelled
from mpviz.core.plan import Plan
from mpviz.engine import runner, turns
from mpviz.serving.limits import Limits, admit


class Activity:
    """What the page is doing: plans are started through it, by one part of the page at a time.

    Parameters
    ----------
    limits
        The most that a plan may ask for.
    start
        How a plan is started; a test may hand in its own.
    on_change
        Called without arguments when the page becomes busy and when it is free again.
    """

    def __init__(
        self,
        limits: Limits,
        start: runner.Start = runner.start,
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        self.limits = limits
        self._start = start
        self._on_change = on_change
        self._running: list[Any] = []  # the fault lab has several at once
        self._cancel_asked = asyncio.Event()
        self.busy = False

    @property
    def cancelled(self) -> bool:
        """Whether this turn, or the last one, was cancelled."""
        return self._cancel_asked.is_set()

    @asynccontextmanager
    async def turn(
        self, on_wait: Callable[[str], object] = lambda _text: None
    ) -> AsyncIterator[None]:
        """Wait for this machine's turn, and hold it; the page is busy from the start.

        Ask `busy` before. A cancel ends the waiting: then the block begins with `cancelled` set,
        and `start` refuses. When the block raises, what still runs is ended, since nobody would
        wait for it and no Cancel would reach it.

        Parameters
        ----------
        on_wait
            Gets a sentence that says how many are ahead, whenever that changes.
        """
        self.busy, self._cancel_asked = True, asyncio.Event()
        try:
            self._on_change()
            with turns.Place() as place:
                await self._wait(place, on_wait)
                yield
        except asyncio.CancelledError:
            self.cancel()  # a thread may be about to start the next run
            raise
        except BaseException:
            self._end()
            raise
        finally:
            self.busy, self._running = False, []
            self._on_change()

    async def _wait(self, place: turns.Place, on_wait: Callable[[str], object]) -> None:
        shown = 0
        while not self.cancelled and (ahead := place.ahead()):
            if ahead != shown:
                shown = ahead
                on_wait(f"Waiting: {turns.experiments(ahead)} of yours.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._cancel_asked.wait(), turns.pause(ahead))

    def start(self, plan: Plan) -> Any:
        """Start a plan so that `cancel` ends it; from any thread.

        Raises
        ------
        Refused
            When the plan is beyond the limits.
        Cancelled
            When this turn was cancelled.
        """
        if self.cancelled:
            raise Cancelled("Cancelled.")
        running = self._start(admit(plan, self.limits))
        self._running.append(running)
        if self.cancelled:  # on the loop's thread, while this one was starting it
            running.cancel()
        return running

    def cancel(self) -> None:
        """End what is running, and start nothing more in this turn."""
        self._cancel_asked.set()
        self._end()

    def _end(self) -> None:
        for running in list(self._running):
            running.cancel()
