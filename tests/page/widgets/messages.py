"""Messages from a browser, as a widget gets them, and what it sends back."""

from __future__ import annotations

from typing import Any

from mpviz.page.widgets.base import BaseWidget

ODD: list[Any] = [
    *(None, 1, "text", [], {}, {"type": 3}, {"type": "file"}, {"type": "select", "row": None})
]


def receive(widget: BaseWidget, content: Any) -> None:
    """Let a widget get a message."""
    widget._handle_custom_msg(content, [])


def sent_by(widget: Any) -> list[tuple[Any, Any]]:
    """What a widget sends from now on, with its buffers."""
    sent: list[tuple[Any, Any]] = []
    widget.send = lambda content, buffers=None: sent.append((content, buffers))
    return sent
