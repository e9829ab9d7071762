"""A Pool and two questions. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt
from multiprocessing import current_process, get_context
from random import Random
from time import perf_counter
from typing import Any

from mpviz.workloads import is_prime


def ask(number: int) -> tuple[bool, str, float, float]:
    """In a worker: whether the number is prime, which worker found out, from when to when."""
    started = perf_counter()
    prime = is_prime(number)
    return prime, current_process().name, started, perf_counter()


def two_numbers(random: Random, largest: int) -> tuple[int, int]:
    """Two random odd numbers; the first is prime, so that one answer takes a while."""
    first, second = (random.randrange(largest // 2, largest) | 1 for _ in range(2))
    while any(first % divisor == 0 for divisor in range(3, isqrt(first) + 1, 2)):
        first += 2
    return first, second


def pair(start_method: str, workers: int, largest: int, seed: int) -> Iterator[dict[str, Any]]:
    """Ask for two random numbers with apply_async, then get the two answers."""
    numbers = two_numbers(Random(seed), largest)
    zero = perf_counter()
    with get_context(start_method).Pool(workers) as pool:
        ready = perf_counter()
        asked, coming = [], []
        for number in numbers:
            asked.append(perf_counter())
            coming.append(pool.apply_async(ask, (number,)))
        for number, at, answer in zip(numbers, asked, coming, strict=True):
            called = perf_counter()
            prime, worker, started, finished = answer.get()
            got = perf_counter()
            row = {"number": number, "prime": prime, "worker": worker, "pool_ready_s": ready - zero}
            row |= {"asked_s": at - zero, "started_s": started - zero}
            row |= {"finished_s": finished - zero, "get_called_s": called - zero}
            yield row | {"received_s": got - zero}
        pool.close()
        pool.join()
