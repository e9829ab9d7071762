"""One thing at a time: who is busy, and how Cancel ends it. Knows no widget and no frame.

On this page, and on this machine: whoever takes the turn waits in the machine's line for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from mpviz.core.errors import Refused
from mpviz.core.plan import Plan
from mpviz.engine import runner, turns
from mpviz.serving import limits


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
        self, start: runner.Start = runner.start, on_change: Callable[[], object] = lambda: None
    ) -> None:
        self._start = start
        self._on_change = on_change
        self._running: list[Any] = []  # the lab has several at once
        self._asked = asyncio.Event()  # whether this turn is to end
        self.busy = False

    @property
    def cancelled(self) -> bool:
        """Whether this turn, or the last one, was cancelled."""
        return self._asked.is_set()

    @asynccontextmanager
    async def taken(self, say: Callable[[str], object] = lambda _text: None) -> AsyncIterator[None]:
        """Wait for the turn, and hold it; ask `busy` first, which is so from the start.

        A cancel ends the waiting: then `cancelled` is so within, and `start` refuses. What was
        started and is still under way when something is raised within is ended: nobody would wait
        for it, and no Cancel would reach it.

        Parameters
        ----------
        say
            Gets a sentence that tells how many are ahead, whenever that changes.
        """
        self.busy, self._asked = True, asyncio.Event()
        try:
            self._on_change()
            with turns.Place() as place:
                await self._wait(place, say)
                yield
        except asyncio.CancelledError:
            self.cancel()  # a thread may be about to start the next one
            raise
        except BaseException:
            self._end()
            raise
        finally:
            self.busy, self._running = False, []
            self._on_change()

    async def _wait(self, place: turns.Place, say: Callable[[str], object]) -> None:
        said = 0
        while not self.cancelled and (ahead := place.ahead()):
            if ahead != said:
                say(f"Waiting: {turns.experiments(said := ahead)} of yours.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), turns.pause(ahead))

    def start(self, plan: Plan) -> Any:
        """Start a plan so that `cancel` ends it; from any thread.

        Raises
        ------
        Refused
            When the plan is beyond the limits; after a cancel: nothing more is started in this
            turn.
        """
        if self.cancelled:
            raise Refused("Cancelled.")
        running = self._start(limits.admit(plan))
        self._running.append(running)
        if self.cancelled:  # on the loop's thread, while this one was starting it
            running.cancel()
        return running

    def cancel(self) -> None:
        """End what is running, and let nothing follow."""
        self._asked.set()
        self._end()

    def _end(self) -> None:
        for running in list(self._running):
            running.cancel()
