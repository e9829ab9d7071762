"""The fields that controls are made of, and the check of a chosen name. Knows no plan."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import ipywidgets as widgets

from mpviz.core.errors import Refused


def dropdown(label: str, options: list[str], value: str) -> widgets.Dropdown:
    """Make a list to choose from; the first is chosen where `value` is not among the options.

    So it is with the usual input set where the data folder can't be read.
    """
    first = value if value in options else options[0]
    return widgets.Dropdown(options=options, value=first, description=label)


def whole_number(label: str, value: int, least: int, most: int) -> widgets.BoundedIntText:
    """Make a field for a whole number within bounds."""
    return widgets.BoundedIntText(value=value, min=least, max=most, description=label)


def control(*parts: widgets.Widget) -> widgets.VBox:
    """Put a field above its explanations."""
    return widgets.VBox(list(parts)).add_class("mpviz-control")


def choice(what: str, value: Any, known: Container[str]) -> str:
    """Check that a chosen name is a known one: a client can set a widget to anything.

    Raises
    ------
    Refused
        When it is not.
    """
    if not isinstance(value, str) or value not in known:
        raise Refused(f"There is no such {what}.")
    return value
