"""Chunk sizes: the rules of others, held against the others where they are here."""

import itertools
import math
from multiprocessing.pool import Pool, ThreadPool

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpviz.analysis.chunking import doubling_sizes, joblib_chunk, mpire_chunk, pool_chunk


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("inputs", [1, 7, 8, 9, 24, 25, 1000])
def test_the_pool_s_rule_is_what_a_pool_does(
    inputs: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    cut = vars(Pool)["_get_tasks"].__func__

    def watch(function: object, inputs: object, size: int) -> object:
        taken.append(size)
        return cut(function, inputs, size)

    monkeypatch.setattr(Pool, "_get_tasks", staticmethod(watch))
    with ThreadPool(workers) as pool:
        pool.map(abs, range(inputs))
    assert taken == [pool_chunk(inputs, workers)]


def test_the_pool_s_rule_is_the_one_that_is_written_down() -> None:
    assert pool_chunk(10, 2) == math.ceil(10 / 8) == 2
    assert pool_chunk(20_000, 2) == 2500
    assert pool_chunk(0, 2) == 1


def test_mpire_makes_64_chunks_a_worker() -> None:
    assert mpire_chunk(20_000, 2) == 157  # 156.25, in chunks of 156 and 157
    assert mpire_chunk(128, 2) == 1
    assert mpire_chunk(10, 2) == 1


def test_joblib_doubles_until_a_batch_takes_a_fifth_of_a_second() -> None:
    # 1, 2, 4, 8: eight tasks of 30 ms take 0.24 s.
    assert joblib_chunk(1000, 2, 0.03) == 8
    assert joblib_chunk(1000, 2, 0.2) == 1
    assert joblib_chunk(1000, 2, 0.15) == 2
    # 16,384 tasks of 10 µs take 0.16 s, still too little; twice as many take 0.33 s.
    assert joblib_chunk(10**6, 2, 1e-5) == 32_768


def test_joblib_deals_evenly_what_is_too_little_to_double_on() -> None:
    assert joblib_chunk(100, 2, 1e-5) == 50
    assert joblib_chunk(1, 2, 1e-5) == 1
    assert joblib_chunk(100, 2, 0.0) == 1


def test_sizes_to_measure_double_up_to_an_even_deal() -> None:
    assert doubling_sizes(100, 2) == (1, 2, 4, 8, 16, 32, 50)
    assert doubling_sizes(64, 2) == (1, 2, 4, 8, 16, 32)
    assert doubling_sizes(3, 8) == (1,)
    assert doubling_sizes(0, 2) == (1,)


@given(st.integers(1, 10**6), st.integers(1, 64))
def test_every_size_gives_each_worker_a_chunk_where_there_are_inputs_enough(
    inputs: int, workers: int
) -> None:
    sizes = doubling_sizes(inputs, workers)
    assert list(sizes) == sorted(set(sizes))
    assert sizes[0] == 1
    assert sizes[-1] == math.ceil(inputs / workers)
    assert all(2 * small >= large for small, large in itertools.pairwise(sizes))
    for rule in (pool_chunk, mpire_chunk):
        assert 1 <= rule(inputs, workers) <= sizes[-1]
