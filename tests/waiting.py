"""Waiting for what is to come to pass, with an end to it."""

import time
from collections.abc import Callable


def until(true: Callable[[], bool], seconds: float = 10) -> float:
    """Wait until something is so; the seconds that took. Fails when it takes too long."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not come to pass"
        time.sleep(0.01)
    return time.monotonic() - began
