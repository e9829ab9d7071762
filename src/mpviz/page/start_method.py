"""Buttons for the start methods; this Python's own default is chosen at first, and marked."""

from __future__ import annotations

import multiprocessing
import platform

import ipywidgets as widgets

from mpviz.core.plan import DEFAULT_START_METHOD


def start_method_buttons() -> widgets.ToggleButtons:
    """Make a button for each start method that this system has."""
    return widgets.ToggleButtons(
        options=[(_label(method), method) for method in multiprocessing.get_all_start_methods()],
        value=DEFAULT_START_METHOD,
        description="Start method",
    )


def _label(method: str) -> str:
    if method != DEFAULT_START_METHOD:
        return method
    major, minor, _ = platform.python_version_tuple()
    return f"{method} (default of Python {major}.{minor})"
