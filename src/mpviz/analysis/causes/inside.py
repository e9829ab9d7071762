"""Time inside tasks: what makes them take longer than alone, and tasks that wait."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from mpviz.analysis.causes.cause import Cause
from mpviz.analysis.causes.seen import LITTLE, MOST_OF_IT, NAMED, Evidence
from mpviz.analysis.explain import under_the_gil
from mpviz.core.text import counted, digits, percent, seconds

SEVERAL = 1.2  # CPUs that one task uses by itself


def waiting(seen: Evidence) -> Cause | None:
    """Tasks that wait also when alone: more of them can be under way at once."""
    run, before = seen.run, seen.before
    if before is None or pd.isna(run["computing_s"]) or pd.isna(before["computing_s"]):
        return None
    now = run["computing_s"] / run["useful_s"] if run["useful_s"] else 1.0
    alone = before["computing_s"] / before["useful_s"] if before["useful_s"] else 1.0
    if max(now, alone) > MOST_OF_IT or run["tasks"] <= seen.n:
        return None
    lost = float(run["useful_s"] - run["computing_s"]) / seen.n
    more = min(2 * seen.n, int(run["tasks"]))
    return Cause(
        "waiting",
        lost,
        f"Tasks wait for {percent(1 - now)} of their time, alone as well: they leave the CPUs"
        " to others meanwhile.",
        "More workers than CPUs; threads do for this.",
        {"workers": more},
    )


def inflation(seen: Evidence) -> Cause | None:
    """Tasks that take longer than alone."""
    computing = max(0.0, seen.lost.get("computing", 0.0))
    waiting = max(0.0, seen.lost.get("not_computing", 0.0))
    total = computing + waiting or seen.lost.get("inflation", 0.0)
    if total < NAMED * seen.makespan:
        return None
    if once := _once(seen, total):
        return once
    if under_the_gil(seen.run):
        return Cause(
            "gil",
            total,
            "Together the threads kept one CPU busy, and no more: under the GIL one at a time"
            " runs Python code.",
            "Use processes, or code that lets go of the GIL.",
            {"mechanism": "pool.map"},
        )
    throttled = float(seen.run["throttled_s"])
    if throttled / seen.n > MOST_OF_IT * total:
        fewer = max(1, math.floor(float(seen.run["usable_cpus"])))
        return Cause(
            "quota",
            total,
            f"A CPU quota kept processes from the CPUs for {seconds(throttled)} in all.",
            "No more workers than the quota has CPUs.",
            {"workers": fewer} if fewer < seen.n else {},
        )
    if own := _own_threads(seen, total):
        return own
    if seen.for_a_cpu(total):
        return _crowded(seen, total)
    if waiting >= MOST_OF_IT * total and seen.not_for_a_cpu(waiting):
        return Cause(
            "shared",
            waiting,
            f"Tasks waited {seconds(waiting * seen.n)} longer than alone, and not for a CPU:"
            " for something that they share, a lock, a disk or a network.",
            "Hold what is shared for a shorter time, or share less.",
            {"workers": 1},
        )
    if computing >= MOST_OF_IT * total and seen.dearer():
        ratio = float(seen.run["cpu_s"]) / float(seen.sequential()["cpu_s"])
        return Cause(
            "slower",
            computing,
            f"The tasks took {digits(ratio)} × the CPU time that they take alone, and did not"
            " wait: as where memory bandwidth, caches or clock speed are shared.",
            "Fewer workers, or work that touches less memory.",
            {"workers": max(1, seen.n // 2)} if seen.n > 1 else {},
        )
    return None


def _once(seen: Evidence, total: float) -> Cause | None:
    """What each worker does once: its first task takes longer than alone, the others do not."""
    assert seen.alone is not None
    excess = seen.length - seen.alone
    pid = seen.tasks["pid"].to_numpy(np.int64, na_value=-1)
    order = np.argsort(seen.start)
    _, at = np.unique(pid[order], return_index=True)
    firsts = order[at]
    if len(firsts) * 2 > len(excess) or len(firsts) < 2:
        return None
    more = float(excess[firsts].sum())
    if more < (1 - LITTLE) * max(total * seen.n, float(np.abs(excess).sum())):
        return None
    return Cause(
        "first_task",
        more / seen.n,
        f"Each worker's first task took {seconds(more / len(firsts))} longer than alone, on"
        " average; the others did not.",
        "What is done once in each process: do it before the workers are forked, or in fewer"
        " workers.",
        {"workers": max(1, seen.n // 2)} if seen.n > 1 else {},
    )


def _own_threads(seen: Evidence, total: float) -> Cause | None:
    before = seen.sequential()
    if not before["useful_s"] > 0 or not seen.mechanism or not seen.mechanism.processes:
        return None
    each = float(before["cpu_s"]) / float(before["useful_s"])
    cpus = float(seen.run["usable_cpus"])
    most = seen.crew["threads"].max()
    if each < SEVERAL or each * seen.n <= cpus * (1 + LITTLE) or pd.isna(most) or most < 2:
        return None
    return Cause(
        "own_threads",
        total,
        f"A task alone keeps {digits(each)} CPUs busy with threads of its own, and"
        f" {counted(seen.n, 'worker')} share {counted(cpus, 'CPU')}.",
        "One thread a task (OMP_NUM_THREADS=1 before numpy is imported), or fewer workers.",
        {"workers": max(1, int(cpus / each))},
    )


def _crowded(seen: Evidence, total: float) -> Cause | None:
    cpus = float(seen.run["usable_cpus"])
    others = float(seen.run["others_s"])
    if others >= MOST_OF_IT * total * min(seen.n, cpus):
        return Cause(
            "neighbour",
            total,
            f"Tasks waited for a CPU while other programs had {seconds(others)} of CPU time.",
            "Measure again when they are done.",
        )
    if seen.n > cpus:
        return Cause(
            "crowded",
            total,
            f"{counted(seen.n, 'worker')} share {counted(cpus, 'CPU')}, and waited for one.",
            f"{counted(max(1, int(cpus)), 'worker')}.",
            {"workers": max(1, int(cpus))},
        )
    return None
