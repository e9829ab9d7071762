"""Each experiment is run once for all tests."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.experiments.finding import Finding

QUICK = {
    "hello": {"work_s": 0.3},  # longer than a busy machine may hold up the parent
    "worker_cost": {"workers": 5, "rounds": 2},
    "nothing_shared": {"rounds": 1},
    "gil": {"tasks_each": 2, "thousands": 500},
    "losing_queue": {"repetitions": 3, "items": 50},
}


@pytest.fixture(scope="session")
def finding() -> Callable[[str], Finding]:
    """What an experiment finds, by its name."""

    @functools.cache
    def find(name: str) -> Finding:
        return EXPERIMENTS[name].function(**QUICK.get(name, {}))

    return find
