"""Whether the browser has painted what it was sent. Knows no run.

What paints takes CPU time from what is measured, so a run starts when the page has gone quiet.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from mpviz.page.widgets.base import BaseWidget

HERE = Path(__file__).parent
AT_MOST = 2.0  # seconds to wait for a browser: it may be gone, or busy with something else


class Painted(BaseWidget):
    """Asks the page's views whether they have painted; cannot be seen."""

    _esm = HERE / "painted.js"

    def __init__(self) -> None:
        super().__init__()
        self._asked = 0
        self._answered: asyncio.Future[None] | None = None
        self._there = False  # a browser that answers

    async def wait(self) -> None:
        """Wait until a browser has painted all that it was sent before; not where there is none."""
        if not self._there:
            return
        self._asked += 1
        self._answered = answered = asyncio.get_running_loop().create_future()
        self.send({"type": "ask", "number": self._asked})
        try:
            await asyncio.wait_for(answered, AT_MOST)
        except TimeoutError:
            self._there = False

    def handle_message(self, content: dict[str, object]) -> None:
        """Take an answer, or a view that came."""
        if content.get("type") == "here":
            self._there = True
        elif content.get("type") == "painted" and content.get("number") == self._asked:
            self._there = True
            if self._answered is not None:
                with suppress(asyncio.InvalidStateError):  # of two views the first one's counts
                    self._answered.set_result(None)
