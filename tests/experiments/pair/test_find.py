"""What the pair finds, on any machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.experiments.finding import Finding

Find = Callable[[str], Finding]


def test_the_pair_is_asked_at_once_and_answered_right(finding: Find) -> None:
    frame = finding("pair").frame
    assert len(frame) == 2
    assert frame["prime"][0]
    assert frame["asked_s"][1] < frame["received_s"][0]
    for before, after in (
        ("pool_ready_s", "asked_s"),
        ("asked_s", "started_s"),
        ("started_s", "finished_s"),
        ("finished_s", "received_s"),
    ):
        assert (frame[before] <= frame[after]).all()


def test_the_pair_asks_for_the_same_numbers_with_the_same_seed() -> None:
    first, second = (EXPERIMENTS["pair"].function(seed=3).frame["number"] for _ in range(2))
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
def test_the_pair_is_answered_by_each_start_method(start_method: str) -> None:
    assert len(EXPERIMENTS["pair"].function(start_method=start_method, workers=2).frame) == 2
