"""Rows that a measured function yields, as lines that its process prints.

A host gives results back only as short texts, so each row is printed: JSON behind a record
separator, as in RFC 7464. Every other line was printed by the experiment. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

SEPARATOR = "\x1e"


def print_rows(
    function: Callable[..., Iterator[dict[str, Any]]], settings: Mapping[str, Any]
) -> None:
    """In the host: call a measured function and print each row that it yields."""
    for row in function(**settings):
        print(SEPARATOR + json.dumps(row), flush=True)  # noqa: T201  the host captures it


def read_rows(lines: Iterable[str]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Tell the rows from the lines that were printed besides."""
    rows, printed = [], []
    for line in lines:
        if line.startswith(SEPARATOR):
            rows.append(json.loads(line.removeprefix(SEPARATOR)))
        else:
            printed.append(line)
    return rows, tuple(printed)
