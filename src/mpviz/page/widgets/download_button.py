"""A button that has the kernel make a file and the browser save it. Knows no run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import traitlets

from mpviz.page.widgets.base import BaseWidget
from mpviz.page.widgets.handlers import ErrorHandler, ignore

HERE = Path(__file__).parent
LONGEST_ASK = 64  # characters


class DownloadButton(BaseWidget):
    """A button that has the kernel make a file and the browser save it.

    Parameters
    ----------
    label
        On the button.
    make
        Gives the file's name and its bytes when the button is pressed.
    on_error
        Gets what ``make`` raised.
    """

    _esm = HERE / "download_button.js"

    label = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        label: str,
        make: Callable[[], tuple[str, bytes]],
        *,
        disabled: bool = False,
        on_error: ErrorHandler = ignore,
    ) -> None:
        super().__init__(label=label, disabled=disabled, on_error=on_error)
        self._make = make

    def handle_message(self, content: dict[str, object]) -> None:
        """Make the file for the view that asked; ``ask`` tells it from the others.

        Every request gets an answer, since the view takes no other press before.
        """
        ask = content.get("ask")
        if content.get("type") != "make" or not isinstance(ask, str) or len(ask) > LONGEST_ASK:
            return
        if self.disabled:  # pressed before the view heard of that
            self.send({"type": "failed", "ask": ask})
            return
        try:
            name, data = self._make()
        except Exception:
            self.send({"type": "failed", "ask": ask})
            raise
        self.send({"type": "file", "ask": ask, "name": name}, [data])
