"""What every browser-side piece shares: traits the browser may not set, handlers that lose nothing.

Knows no piece in particular, no chart and no plan.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ParamSpec

import anywidget

P = ParamSpec("P")
ErrorHandler = Callable[[Exception], object]

_running: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly


def guarded(handler: Callable[P, object], on_error: ErrorHandler) -> Callable[P, None]:
    """A handler for a widget: on the kernel's loop, and what it raises is told.

    Parameters
    ----------
    handler
        A function, or a coroutine function, which then runs as a task.
    on_error
        Gets the exception, after its traceback went to ``sys.__stderr__``.

    Notes
    -----
    Voila shows neither tracebacks nor prints of handlers. After a reload JupyterLab may deliver
    messages on another thread (a subshell's), so a call there hops to the loop that was running
    when the handler was guarded.
    """
    hop = _hop()

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            result = handler(*args, **kwargs)
        except Exception as error:
            _tell(error, on_error)
        else:
            if asyncio.iscoroutine(result):
                task = asyncio.get_running_loop().create_task(_watched(result, on_error))
                _running.add(task)
                task.add_done_callback(_running.discard)

    def guard(*args: P.args, **kwargs: P.kwargs) -> None:
        hop(lambda: call(*args, **kwargs))

    return guard


def _hop() -> Callable[[Callable[[], object]], None]:
    """Something that calls on this thread's running loop, or at once where there is none."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return lambda step: (step(), None)[1]
    home = threading.get_ident()

    def hop(step: Callable[[], object]) -> None:
        if threading.get_ident() == home or loop.is_closed():
            step()
        else:
            loop.call_soon_threadsafe(step)

    return hop


async def _watched(result: Coroutine[Any, Any, object], on_error: ErrorHandler) -> None:
    try:
        await result
    except Exception as error:
        _tell(error, on_error)


def _tell(error: Exception, on_error: ErrorHandler) -> None:
    report(error)
    try:
        on_error(error)
    except Exception as second:
        report(second)


def report(error: Exception) -> None:
    """Write a traceback to the server's log."""
    with contextlib.suppress(OSError, ValueError):  # stderr closed: the callback counts more
        traceback.print_exception(error, file=sys.__stderr__)


def ignore(_told: object) -> None:
    """Do no more: its traceback is on stderr already."""


class Piece(anywidget.AnyWidget):
    """A widget of which the browser sets no trait: it sends messages, and those are checked.

    Any client of the kernel can send any value for any synced trait. What it sends is ignored,
    and it is told the value that holds.
    """

    def __init__(self, *, on_error: ErrorHandler = ignore, **traits: object) -> None:
        super().__init__(**traits)
        self._receive = guarded(self.received, on_error)
        self.on_msg(self._heard)

    def set_state(self, sync_data: Mapping[str, object]) -> None:
        """Refuse what the browser wants to set."""
        refused = [name for name in sync_data if name in self.keys]
        if refused:
            self.send_state(refused)

    def received(self, content: dict[str, object]) -> None:
        """A message from the browser; every value in it may be anything."""

    def _heard(self, _widget: object, content: object, _buffers: object) -> None:
        if isinstance(content, dict):
            self._receive(content)
