"""Links that set the page: the query of an address -> settings, and back. Knows no widget.

A link may come from anyone: each of its values is usable or becomes a sentence, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from mpviz.core.text import clipped

LONGEST = 2_000  # characters of a query
MOST_KEYS = 40
LONGEST_VALUE = 40  # characters of a value in a sentence
STEP, TAB, START = "step", "tab", "start"

Value = str | int | float
Check = Callable[[str], Value]


@dataclass(frozen=True, slots=True)
class Link:
    """What a link asks for: the usable values by key, and a sentence for each other."""

    values: Mapping[str, Value]
    ignored: tuple[str, ...] = ()


def read(query: str, checks: Mapping[str, Check]) -> Link:
    """Read what a query asks for.

    Parameters
    ----------
    query
        As in the address, with or without its question mark.
    checks
        For each key of ours: gives the value that a text stands for, or raises ValueError with what
        was expected. Other keys are not ours and are ignored.
    """
    if len(query) > LONGEST:
        return Link({}, (f"The link is longer than {LONGEST:,} characters and was ignored.",))
    try:
        pairs = parse_qsl(query.removeprefix("?"), max_num_fields=MOST_KEYS, keep_blank_values=True)
    except ValueError:
        return Link({}, ("The link has too many parts and was ignored.",))
    values: dict[str, Value] = {}
    ignored = []
    for key, text in pairs:
        if key not in checks:
            continue
        try:
            values[key] = checks[key](text)
        except ValueError as expected:
            ignored.append(f"The link's {key}={_shown(text)} was ignored: {expected}.")
    return Link(values, tuple(ignored))


def query(values: Mapping[str, Value]) -> str:
    """Write the query of a link that asks for these values."""
    return urlencode({key: _text(value) for key, value in values.items()})


def one_of(what: str, known: Mapping[str, object] | list[str] | tuple[str, ...]) -> Check:
    """Make a check for a known name."""

    def check(text: str) -> str:
        if text not in known:
            raise ValueError(f"there is no such {what}")
        return text

    return check


def whole(what: str, least: int, most: int) -> Check:
    """Make a check for a whole number within bounds."""

    def check(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ValueError(f"{what} must be a whole number from {least} to {most:,}")
        return int(text)

    return check


def number(what: str, least: float, most: float) -> Check:
    """Make a check for a decimal number within bounds."""

    def check(text: str) -> float:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) or not least <= float(text) <= most:
            raise ValueError(f"{what} must be a number from {least:g} to {most:g}")
        return float(text)

    return check


def _shown(text: str) -> str:
    return clipped("".join(c if c.isprintable() else "�" for c in text), LONGEST_VALUE)


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
