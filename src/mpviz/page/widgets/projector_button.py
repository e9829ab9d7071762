"""A button that stays pressed, for the projector view. Knows no chart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import traitlets

from mpviz.page.widgets.base import BaseWidget
from mpviz.page.widgets.handlers import ErrorHandler, ignore

HERE = Path(__file__).parent


class ProjectorButton(BaseWidget):
    """A button that stays pressed until it is pressed again, or Escape is.

    Parameters
    ----------
    on_change
        Gets whether it is pressed now.
    on_error
        Gets what ``on_change`` raised.
    """

    _esm = HERE / "projector_button.js"

    pressed = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, on_change: Callable[[bool], object], *, on_error: ErrorHandler = ignore
    ) -> None:
        super().__init__(on_error=on_error)
        self._on_change = on_change

    def handle_message(self, content: dict[str, object]) -> None:
        """Press it or let it go, as the reader wants."""
        pressed = content.get("pressed")
        if content.get("type") == "press" and isinstance(pressed, bool):
            self.pressed = pressed
            self._on_change(pressed)
