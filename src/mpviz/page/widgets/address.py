"""The page's address and the projector: what only the browser knows. Knows no control and no run.

What comes from the browser is checked here for its kind; `mpviz.page.links` checks what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import traitlets

from mpviz.page.widgets.widget import ErrorHandler, Piece, ignore

HERE = Path(__file__).parent


class Address(Piece):
    """Tells the kernel the query of the page's address, when a view of it opens; takes no room.

    Parameters
    ----------
    on_query
        Gets the query, once for each that is new: a reload does not set the page again.
    on_error
        Gets what ``on_query`` raised.
    """

    _esm = HERE / "address.js"

    def __init__(
        self, on_query: Callable[[str], object], *, on_error: ErrorHandler = ignore
    ) -> None:
        super().__init__(on_error=on_error)
        self._on_query = on_query
        self._last = ""

    def show(self, selector: str) -> None:
        """Bring a part of the page into view, and the focus into it."""
        self.send({"type": "show", "selector": selector})

    def received(self, content: dict[str, object]) -> None:
        """A page's query."""
        query = content.get("query")
        if content.get("type") == "query" and isinstance(query, str) and query != self._last:
            self._last = query
            self._on_query(query)


class ProjectorButton(Piece):
    """A button that stays pressed until it is pressed again, or Escape is.

    Parameters
    ----------
    on_change
        Gets whether it is pressed now.
    on_error
        Gets what ``on_change`` raised.
    """

    _esm = HERE / "projector.js"

    pressed = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, on_change: Callable[[bool], object], *, on_error: ErrorHandler = ignore
    ) -> None:
        super().__init__(on_error=on_error)
        self._on_change = on_change

    def received(self, content: dict[str, object]) -> None:
        """The reader wants it pressed, or not."""
        pressed = content.get("pressed")
        if content.get("type") == "press" and isinstance(pressed, bool):
            self.pressed = pressed
            self._on_change(pressed)
