from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpviz.charts.timeline.merging import FEW, Bars, merge


def spans(n: int, lanes: int, seed: int) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    start = np.sort(random.random(n))
    end = start + random.exponential(1 / n, n)
    return random.integers(0, lanes, n), random.integers(0, 4, n), start, end


def members(bars: Bars) -> list[np.ndarray]:
    return [bars.order[s : s + c] for s, c in zip(bars.starts, bars.count, strict=True)]


def test_a_few_bars_stay_as_they_are() -> None:
    lane, kind = np.array([1, 0, 1]), np.array([0, 0, 0])
    start, end = np.array([0.0, 0.1, 0.5]), np.array([0.4, 0.2, 0.50001])
    bars = merge(lane, kind, start, end, most=100)
    assert bars.first.tolist() == [1, 0, 2]
    assert bars.count.tolist() == [1, 1, 1]
    np.testing.assert_allclose(bars.busy, [0.1, 0.4, 0.00001])


def test_neighbours_of_one_place_become_one_bar_and_a_long_one_stays() -> None:
    start, end = np.array([0.0, 0.1, 0.2, 4.0]), np.array([0.05, 0.15, 4.0, 4.1])
    zeros = np.zeros(4, int)
    bars = merge(zeros, zeros, start, end, most=3)
    assert bars.count.tolist() == [2, 1, 1]
    assert bars.left.tolist() == [0.0, 0.2, 4.0]
    assert bars.right.tolist() == [0.15, 4.0, 4.1]
    np.testing.assert_allclose(bars.busy, [0.1, 3.8, 0.1])


def test_nothing_merges_to_nothing() -> None:
    none = np.array([])
    assert merge(none.astype(int), none.astype(int), none, none, most=10).first.size == 0


def test_tasks_that_took_no_time_at_all_are_drawn() -> None:
    zeros = np.zeros(FEW + 5)
    bars = merge(zeros.astype(int), zeros.astype(int), zeros, zeros, most=FEW)
    assert bars.count.sum() == FEW + 5


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 4000),
    lanes=st.integers(1, 20),
    most=st.integers(200, 3000),
    seed=st.integers(0, 99),
)
def test_merging_keeps_every_task_its_kind_and_its_time(
    n: int, lanes: int, most: int, seed: int
) -> None:
    lane, kind, start, end = spans(n, lanes, seed)
    bars = merge(lane, kind, start, end, most=most)
    assert bars.first.size <= max(most, 4 * lanes)
    assert np.sort(bars.order).tolist() == list(range(n))
    np.testing.assert_allclose(bars.busy.sum(), (end - start).sum())
    for bar, group in enumerate(members(bars)):
        assert len(set(zip(lane[group], kind[group], strict=True))) == 1
        assert bars.left[bar] == start[group].min()
        assert bars.right[bar] == end[group].max()
        assert bars.busy[bar] == pytest.approx((end - start)[group].sum())
