"""What workers and their neighbours use while a run goes on, as the system counts it.

The guard asks, never the worker. Linux only: elsewhere nothing is told. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mpviz.core.usage import USAGE, Usage

LOOK_EVERY, WEIGH_EVERY = 0.1, 1.0  # seconds: quick counters; memory, which is slower to count
FIRST_WEIGHING = 0.3  # seconds; a shorter run is not weighed
MOST_WORKERS = 64  # that are looked at
TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")
SCHEDULER, FAULTS, BYTES, THREADS, PEAK, LAST = 0, 3, 5, 7, 8, 9


class Meter:
    """Counts what the workers use, and what others take of the CPUs meanwhile.

    Parameters
    ----------
    cgroups
        Folders of cgroups whose throttling counts.
    """

    def __init__(self, cgroups: Iterable[Path] = ()) -> None:
        self._rows: dict[int, list[int]] = {}
        self._next = self._weigh = 0.0
        self._cgroups = list(cgroups)
        self._busy = self._own = self._throttled = -1
        self._began = 0

    def begin(self, everyone: Iterable[int]) -> None:
        """Remember how things stand as the run begins."""
        self._weigh = time.perf_counter() + FIRST_WEIGHING
        self._began = time.perf_counter_ns()
        self._busy, self._own = busy_ns(), own_ns(everyone)
        self._throttled = throttled_ns(self._cgroups)

    def look(self, workers: Mapping[int, tuple[int, int]], *, now: bool = False) -> None:
        """Look at workers, by row their process and thread; not at every call unless `now`."""
        moment = time.perf_counter()
        if moment < self._next and not now:
            return
        self._next = moment + LOOK_EVERY
        weigh = moment >= self._weigh
        if weigh:
            self._weigh = moment + WEIGH_EVERY
        for row, (pid, tid) in list(workers.items())[:MOST_WORKERS]:
            self._look_at(self._rows.setdefault(row, [-1] * len(USAGE)), pid, tid, weigh=weigh)

    def _look_at(self, row: list[int], pid: int, tid: int, *, weigh: bool) -> None:
        own = pid == tid  # a process of its own, not a thread of the host
        place = f"/proc/{pid}" if own else f"/proc/{pid}/task/{tid}"
        if (waited := _words(f"{place}/schedstat")) and len(waited) > 1:
            row[SCHEDULER] = int(waited[1])
        status = _lines(f"{place}/status")
        if b"voluntary_ctxt_switches" in status:
            row[SCHEDULER + 1] = int(status[b"voluntary_ctxt_switches"])
            row[SCHEDULER + 2] = int(status.get(b"nonvoluntary_ctxt_switches", b"-1"))
        if not own:
            return
        row[THREADS] = max(row[THREADS], int(status.get(b"Threads", b"-1")))
        if len(faults := _stat(f"{place}/stat")) > 9:
            row[FAULTS], row[FAULTS + 1] = int(faults[7]), int(faults[9])
        if (moved := _lines(f"{place}/io")) and b"rchar" in moved:
            row[BYTES], row[BYTES + 1] = int(moved[b"rchar"]), int(moved[b"wchar"])
        if weigh and (pss := _lines(f"{place}/smaps_rollup").get(b"Pss")):
            row[LAST] = int(pss.split()[0]) * 1024
            row[PEAK] = max(row[PEAK], row[LAST])

    def report(self, everyone: Iterable[int]) -> dict[str, object]:
        """What was counted since `begin`, as JSON can hold it.

        Fields as those of `mpviz.core.usage.Usage`.
        """
        watched = time.perf_counter_ns() - self._began
        busy, own = busy_ns(), own_ns(everyone)
        others = -1
        if busy > self._busy >= 0:
            others = max(0, busy - self._busy - (own - self._own))
        throttled = throttled_ns(self._cgroups)
        return {
            "workers": self._rows,
            "watched_ns": watched,
            "others_ns": others,
            "throttled_ns": throttled - self._throttled if self._throttled >= 0 else -1,
        }


def usage_of(report: Mapping[str, Any]) -> Usage:
    """The record's form of what a guard reported; everything unknown where it said nothing."""
    if not report:
        return Usage()
    return Usage(
        workers={int(row): tuple(counts) for row, counts in report["workers"].items()},
        watched_ns=report["watched_ns"],
        others_ns=report["others_ns"],
        throttled_ns=report["throttled_ns"],
    )


def busy_ns() -> int:
    """CPU time that this machine's CPUs have been busy; -1 where it is not told."""
    words = _words("/proc/stat")
    if len(words) < 9 or words[0] != b"cpu":
        return -1
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(one) for one in words[1:9])
    return (user + nice + system + irq + softirq + steal) * TICK_NS


def own_ns(pids: Iterable[int]) -> int:
    """CPU time of these processes and of this one, with that of the children they waited for."""
    total = 0
    for pid in {os.getpid(), *pids}:
        if len(stat := _stat(f"/proc/{pid}/stat")) > 14:
            total += sum(int(one) for one in stat[11:15])
    return total * TICK_NS


def throttled_ns(cgroups: Iterable[Path]) -> int:
    """Time that these cgroups kept their processes from CPUs; -1 where none tells."""
    total = -1
    for group in cgroups:
        for key, factor in ((b"throttled_usec", 1000), (b"throttled_time", 1)):
            if value := _lines(f"{group}/cpu.stat").get(key):
                total = max(total, 0) + int(value) * factor
    return total


def _read(path: str) -> bytes:
    with contextlib.suppress(OSError), open(path, "rb", buffering=0) as file:
        return file.read(65536) or b""
    return b""


def _words(path: str) -> list[bytes]:
    """The words of a file's first line."""
    return _read(path).partition(b"\n")[0].split()


def _stat(path: str) -> list[bytes]:
    """The words of a process's ``stat`` from its state on: the name before it may hold anything."""
    return _read(path).rpartition(b")")[2].split()


def _lines(path: str) -> dict[bytes, bytes]:
    """Lines of a name and a value, with a colon between them or not."""
    found = {}
    for line in _read(path).splitlines():
        name, _, value = line.replace(b":", b" ", 1).partition(b" ")
        found[name] = value.strip()
    return found
