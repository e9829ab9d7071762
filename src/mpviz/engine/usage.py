"""What a run's workers use, and what else takes CPU time, while a guard watches.

The guard asks the system, never the worker. What goes wrong here is no fault of the run: nothing
is known of its usage then. Standard library only.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mpviz.core.usage import Usage
from mpviz.engine.tree import system

LOOK_EVERY, WEIGH_EVERY = 0.1, 0.5  # seconds: quick counters; one worker's memory, which is slower
SHARE = 0.02  # of the time may go into looking
MOST_METERED = 64  # workers, the first of a run


class Meter:
    """Counts what the workers use, and what else takes CPU time.

    Parameters
    ----------
    everyone
        Gives the run's processes.
    cgroups
        Gives the folders of the cgroups whose throttling counts.
    """

    def __init__(
        self, everyone: Callable[[], Iterable[int]], cgroups: Callable[[], Iterable[Path]]
    ) -> None:
        self._everyone, self._cgroups = everyone, cgroups
        self._rows: dict[int, dict[str, int]] = {}
        self._host: dict[str, int] = {}
        self._next = 0.0
        self._weigh = time.perf_counter() + WEIGH_EVERY / 2
        self._weighed = 0
        self._broken = False
        self._began = time.perf_counter_ns()
        self._before = self._total()

    def look(self, host: int, workers: Mapping[int, tuple[int, int]]) -> None:
        """Look at the host and at living workers, by row their process and thread; now and then."""
        now = time.perf_counter()
        if now < self._next or self._broken:
            return
        with self._unharmed():
            known = []
            for row, (pid, tid) in workers.items():
                if row in self._rows or len(self._rows) < MOST_METERED:
                    known.append((row, pid, tid))
                    _update(self._rows.setdefault(row, {}), system.counts(pid, tid))
            _update(self._host, system.counts(host, host))
            if known and now >= self._weigh:
                self._weigh_one([one for one in known if one[1] == one[2]])
        took = time.perf_counter() - now
        self._next = now + max(LOOK_EVERY, took / SHARE)

    def _weigh_one(self, processes: list[tuple[int, int, int]]) -> None:
        """Weigh one worker, each in turn: it takes longer the more memory it has."""
        began = time.perf_counter()
        if processes:
            row, pid, _ = processes[self._weighed % len(processes)]
            self._weighed += 1
            if pss := system.used([pid]):
                counts = self._rows[row]
                counts["last_pss_b"] = pss
                counts["peak_pss_b"] = max(pss, counts.get("peak_pss_b", 0))
        took = time.perf_counter() - began
        every = WEIGH_EVERY / max(1, min(len(processes), 4))
        self._weigh = began + max(every, took / SHARE)

    def report(self) -> dict[str, Any]:
        """What was counted so far, as JSON can hold it: the fields of `mpviz.core.usage.Usage`."""
        watched = time.perf_counter_ns() - self._began
        busy, own, throttled = (
            now - before if now >= before >= 0 else -1
            for now, before in zip(self._total(), self._before, strict=True)
        )
        if self._broken:
            return {}
        return {
            "workers": self._rows,
            "host": self._host,
            "watched_ns": watched,
            "others_ns": max(0, busy - own) if busy > 0 and own >= 0 else -1,
            "throttled_ns": throttled,
        }

    def _total(self) -> tuple[int, int, int]:
        """CPU time of the machine and of the run, and throttling, so far; -1 where unknown."""
        with self._unharmed():
            own = system.cpu_ns(self._everyone())
            return system.busy_ns(), own, throttled_ns(self._cgroups())
        return -1, -1, -1

    @contextlib.contextmanager
    def _unharmed(self) -> Iterator[None]:
        """Whatever the system tells, the guard goes on."""
        try:
            yield
        except Exception:
            self._broken = True


def _update(counts: dict[str, int], found: dict[str, int]) -> None:
    """Take in what a look found: of threads the most, of all else the latest."""
    if "threads" in found:
        found["threads"] = max(found["threads"], counts.get("threads", 0))
    counts |= found


def usage_of(report: Mapping[str, Any]) -> Usage:
    """The record's form of what a guard reported; nothing known if it reported nothing."""
    if not report:
        return Usage()
    workers = {int(row): dict(counts) for row, counts in report["workers"].items()}
    return Usage(**dict(report) | {"workers": workers})


def throttled_ns(cgroups: Iterable[Path]) -> int:
    """How long these cgroups, v2 or v1, kept their processes from the CPUs; -1 if none tells."""
    found = []
    for group in cgroups:
        with contextlib.suppress(OSError, ValueError):
            for line in (group / "cpu.stat").read_text(errors="replace").splitlines():
                name, _, value = line.partition(" ")
                if name in ("throttled_usec", "throttled_time"):
                    found.append(int(value) * (1000 if name == "throttled_usec" else 1))
    return sum(found) if found else -1
