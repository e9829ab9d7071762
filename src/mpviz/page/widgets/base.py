"""What the page's own widgets share: only the kernel sets their traits.

Knows no widget in particular.
"""

from __future__ import annotations

from collections.abc import Mapping

import anywidget

from mpviz.page.widgets.handlers import ErrorHandler, guarded, ignore


class BaseWidget(anywidget.AnyWidget):
    """A widget to which the browser sends messages, each of them checked, and sets nothing.

    Any client of the kernel can send any value for any synced trait. Such a value is ignored, and
    the client is sent the one that holds.

    Parameters
    ----------
    on_error
        Gets what `handle_message` raised.
    **traits
        Their first values.
    """

    def __init__(self, *, on_error: ErrorHandler = ignore, **traits: object) -> None:
        super().__init__(**traits)
        self._guarded = guarded(self.handle_message, on_error)
        self.on_msg(self._on_message)

    def set_state(self, sync_data: Mapping[str, object]) -> None:
        """Refuse what the browser wants to set."""
        refused = [name for name in sync_data if name in self.keys]
        if refused:
            self.send_state(refused)

    def handle_message(self, content: dict[str, object]) -> None:
        """Handle a message from the browser; any value in it may be anything."""

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        if isinstance(content, dict):
            self._guarded(content)
