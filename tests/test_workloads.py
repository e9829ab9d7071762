"""The functions that tasks can run."""

import math
import time

import pytest

from mpviz.inputs import input_set, input_sets
from mpviz.workloads import WORKLOADS, busy, is_prime, payload, sleep


@pytest.mark.parametrize("n", [-15492781, -7, -2, -1, 0, 1])
def test_what_is_below_two_is_not_prime(n: int) -> None:
    assert is_prime(n) is False


@pytest.mark.parametrize("n", [2, 3, 5, 7, 11, 13, 97, 7919, 15492781])
def test_a_prime_is_prime(n: int) -> None:
    assert is_prime(n) is True


@pytest.mark.parametrize("n", [4, 6, 8, 9, 15, 21, 25, 49, 91, 7917, 15492810])
def test_a_composite_number_is_not_prime(n: int) -> None:
    assert is_prime(n) is False


def test_up_to_a_thousand_it_agrees_with_the_sieve() -> None:
    sieve = set(range(2, 1001)) - {a * b for a in range(2, 501) for b in range(2, 1000 // a + 1)}
    assert {n for n in range(-10, 1001) if is_prime(n)} == sieve


def test_the_lesson_has_nine_primes() -> None:
    assert [is_prime(n) for n in input_set("prime_mixture")].count(True) == 9


def test_sleep_waits_without_computing() -> None:
    wall, cpu = time.perf_counter(), time.thread_time()
    assert sleep(50) == 50
    assert time.perf_counter() - wall >= 0.05
    assert time.thread_time() - cpu < 0.04


def test_busy_does_the_same_work_each_time_and_more_of_it_for_more() -> None:
    assert busy(0) == 0
    assert busy(1) == sum(number & 7 for number in range(1000))
    assert busy(2) == busy(2) > busy(1)


@pytest.mark.parametrize("size", [0, 1, 4 * 2**20])
def test_a_payload_is_that_many_bytes(size: int) -> None:
    assert len(payload(size)) == size
    assert isinstance(payload(size), bytes)


@pytest.mark.parametrize("name", ["uniform", "skewed", "longest_first", "tiny"])
def test_the_sets_of_numbers_are_odd_primes_so_that_a_task_is_as_long_as_its_number(
    name: str,
) -> None:
    assert all(
        n % 2 and all(n % d for d in range(3, math.isqrt(n) + 1, 2)) for n in input_set(name)
    )


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_says_what_it_takes_and_has_a_sensible_input_set(name: str) -> None:
    workload = WORKLOADS[name]
    assert workload.function.__name__ == name
    assert workload.takes
    assert workload.input_set in input_sets()
    assert max(input_set(workload.input_set)) <= workload.largest
