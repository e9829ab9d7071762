"""A result, or the exception in its place, so that either can travel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def attempt(task: Callable[[Any], Any], item: Any) -> Any:
    """Run the task; an exception becomes the result, so that the worker lives on."""
    try:
        return task(item)
    except Exception as error:
        return error


def unwrap(result: Any) -> Any:
    """Give the result; raise it where it is an exception, so that no failure passes unseen."""
    if isinstance(result, Exception):
        raise result
    return result
