"""A task that may end its process before it returns. Standard library only."""

from __future__ import annotations

import os
import time


def wait_or_die(milliseconds: int) -> int:
    """Wait so long; below zero, wait and then end the process without a word."""
    time.sleep(abs(milliseconds) / 1000)
    if milliseconds < 0:
        os._exit(1)
    return milliseconds
