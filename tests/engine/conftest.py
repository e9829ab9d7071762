"""Runs that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mpviz.engine import runner
from tests.engine.runs import Start, plan


@pytest.fixture
def started() -> Iterator[Start]:
    """Start runs that are ended with the test, however it ends."""
    under_way: list[runner.Running] = []

    def start(function: Callable[[Any], Any], *inputs: Any, **options: Any) -> runner.Running:
        under_way.append(runner.start(plan(function, *inputs, **options)))
        return under_way[-1]

    yield start
    for running in under_way:
        running.cancel()
        running.wait(10)
