"""The functions that tasks can run. Knows no process and no measuring. Standard library only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def is_prime(n: int) -> bool:
    """Whether `n` is prime, by trial division with every odd number below it: naive, as a load."""
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    for divisor in range(3, n, 2):
        if n % divisor == 0:
            return False
    return True


def sleep(milliseconds: float) -> float:
    """Wait that long without using the CPU; gives back what it was given."""
    time.sleep(milliseconds / 1000)
    return milliseconds


def busy(thousands: int) -> int:
    """Add up that many thousands of numbers: a fixed amount of CPU work, however long it takes."""
    total = 0
    for number in range(thousands * 1000):
        total += number & 7
    return total


def payload(size: int) -> bytes:
    """Give back that many bytes: next to nothing to compute, all the more to send."""
    return b"x" * size


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload that can be chosen by name: what its input means and what is a sensible one."""

    function: Callable[[Any], Any]
    takes: str
    input_set: str
    largest: int


WORKLOADS: dict[str, Workload] = {
    "is_prime": Workload(is_prime, "a whole number to check", "prime_mixture", 10**12 - 1),
    "sleep": Workload(sleep, "milliseconds to wait", "milliseconds", 60_000),
    "busy": Workload(busy, "thousands of additions", "milliseconds", 1_000_000),
    "payload": Workload(payload, "bytes to send back", "large_results", 64 * 2**20),
}
