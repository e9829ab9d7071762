"""Handlers for widgets that lose no exception. Knows no widget."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")
ErrorHandler = Callable[[Exception], object]
Guard = Callable[[Callable[..., object]], Callable[..., None]]

_running: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly


def guarded(handler: Callable[P, object], on_error: ErrorHandler) -> Callable[P, None]:
    """Wrap a widget's handler: it runs on the kernel's loop, and its exceptions are shown.

    Parameters
    ----------
    handler
        A function, or a coroutine function, which then runs as a task.
    on_error
        Gets the exception, after its traceback went to ``sys.__stderr__``.

    Notes
    -----
    Voila shows neither tracebacks nor prints of handlers. After a reload JupyterLab may deliver
    messages on another thread (a subshell's). Such a call is passed to the loop that was running
    when the handler was wrapped.
    """
    call_at_home = _caller()

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            result = handler(*args, **kwargs)
        except Exception as error:
            _handle(error, on_error)
        else:
            if asyncio.iscoroutine(result):
                task = asyncio.get_running_loop().create_task(_awaited(result, on_error))
                _running.add(task)
                task.add_done_callback(_running.discard)

    def guard(*args: P.args, **kwargs: P.kwargs) -> None:
        call_at_home(lambda: call(*args, **kwargs))

    return guard


def _caller() -> Callable[[Callable[[], object]], None]:
    """A function that calls another on this thread's loop, or at once where there is no loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return lambda function: (function(), None)[1]
    home = threading.get_ident()

    def call(function: Callable[[], object]) -> None:
        if threading.get_ident() == home or loop.is_closed():
            function()
        else:
            loop.call_soon_threadsafe(function)

    return call


async def _awaited(result: Coroutine[Any, Any, object], on_error: ErrorHandler) -> None:
    try:
        await result
    except Exception as error:
        _handle(error, on_error)


def _handle(error: Exception, on_error: ErrorHandler) -> None:
    report(error)
    try:
        on_error(error)
    except Exception as second:
        report(second)


def report(error: Exception) -> None:
    """Write a traceback to the server's log."""
    with contextlib.suppress(OSError, ValueError):  # stderr is closed: showing it still matters
        traceback.print_exception(error, file=sys.__stderr__)


def ignore(_value: object) -> None:
    """Do nothing: the traceback is on stderr already."""
