"""The memory ceiling of a run. Standard library only."""

from __future__ import annotations

import time
from collections.abc import Iterable

from mpviz.engine.tree import everyone, system

LOOK_EVERY, LOOK_AT_ALL_EVERY = 0.1, 1.0  # seconds: at known workers; at the whole tree


class Ceiling:
    """Whether the run's processes use more memory than they may."""

    def __init__(self, allowed: int, mark: str) -> None:
        self.used = 0  # bytes, when that was too much
        self._allowed, self._mark = allowed, mark
        self._next = self._next_all = 0.0

    def passed(self, known: Iterable[int]) -> bool:
        """Look at the known processes, now and then at all; not at every call."""
        now = time.perf_counter()
        if now < self._next:
            return False
        self._next = now + LOOK_EVERY
        if now >= self._next_all:
            self._next_all = now + LOOK_AT_ALL_EVERY
            known = everyone(self._mark)
        if system.resident(known) <= self._allowed:
            return False
        # What forks share was counted for each of them: now exactly, which takes its time.
        used = system.used(everyone(self._mark))
        if used <= self._allowed:
            self._next += LOOK_AT_ALL_EVERY - LOOK_EVERY
            return False
        self.used = used
        return True
