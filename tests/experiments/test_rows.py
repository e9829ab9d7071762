"""Rows as printed lines: what is printed is what is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mpviz.experiments.rows import print_rows, read_rows


def two(first: str) -> Iterator[dict[str, Any]]:
    yield {"text": first, "n": 1.5}
    print("a line")
    yield {"text": None}


def test_rows_are_told_from_what_else_was_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(two, {"first": "é\u2028\x1e\n"})
    lines = capsys.readouterr().out.removesuffix("\n").split("\n")
    assert read_rows(lines) == (
        [{"text": "é\u2028\x1e\n", "n": 1.5}, {"text": None}],
        ("a line",),
    )
