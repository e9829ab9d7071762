"""The page's address, which only the browser knows. Knows no control and no run.

What comes from the browser is checked here for its type; `mpviz.page.links` checks what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mpviz.page.widgets.base import BaseWidget
from mpviz.page.widgets.handlers import ErrorHandler, ignore

HERE = Path(__file__).parent


class Address(BaseWidget):
    """Tells the kernel the query of the page's address when the page opens; cannot be seen.

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

    def scroll_to(self, selector: str) -> None:
        """Bring a part of the page into view, and the focus into it."""
        self.send({"type": "scroll", "selector": selector})

    def handle_message(self, content: dict[str, object]) -> None:
        """Take a page's query."""
        query = content.get("query")
        if content.get("type") == "query" and isinstance(query, str) and query != self._last:
            self._last = query
            self._on_query(query)
