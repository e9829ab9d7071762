"""Waiting for what is to come to pass, with an end to it."""

import time
from collections.abc import Callable


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so; fail when it takes too long."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)
