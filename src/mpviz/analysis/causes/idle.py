"""Time in which workers were idle: between tasks, and at the end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mpviz.analysis.causes.cause import Cause
from mpviz.analysis.causes.seen import LITTLE, MOST_OF_IT, NAMED, Evidence, Floats, floats
from mpviz.analysis.chunking import pool_chunk
from mpviz.core.text import counted, seconds, short, size

WAYS = ("read", "written")
LARGE = 2**20  # bytes a task: pickling, moving and unpickling one takes about a millisecond
FEWEST_GAPS = 10  # between tasks, to tell what a hand-over usually takes
TENTH = 10  # so many times as long as its hand-over a chunk is to be


def gaps(seen: Evidence) -> Cause | None:
    """The largest part of the time in which workers were idle though tasks were left."""
    total = float(seen.run["gap_s"])
    if total / seen.n < NAMED * seen.makespan:
        return None
    chunks, first, between, each = _gap_parts(seen)
    parts = {"chunks": chunks, "first": first, "between": between}
    kind = max(parts, key=parts.__getitem__)
    lost = parts[kind] / seen.n
    if parts[kind] < MOST_OF_IT * total:
        return None
    if kind == "chunks":
        return _uneven(seen, lost)
    large = _large(seen, lost)
    if kind == "first":
        return large or _before_first(seen, lost)
    return large or _handover(seen, lost, each)


def _gap_parts(seen: Evidence) -> tuple[float, float, float, Floats]:
    """Idle seconds while each chunk had been begun, before first tasks, and between tasks."""
    begun = _last_chunk_begun(seen)
    chunks = first = between = 0.0
    each: list[float] = []
    lanes = seen.tasks["worker"].to_numpy(np.int64, na_value=-1)
    booted = floats(seen.crew["booted_s"])
    of_lane = seen.crew["worker"].to_numpy(np.int64)
    for lane in range(seen.n):
        mine = np.flatnonzero(lanes == lane)
        order = mine[np.argsort(seen.start[mine])]
        begin, end = seen.start[order], seen.end[order]
        boots = booted[of_lane == lane]
        boots = np.sort(boots[~np.isnan(boots)])
        if not len(order):
            since = boots[0] if len(boots) else seen.last_start
            chunks += max(0.0, seen.last_start - max(since, begun))
            continue
        at = max(0.0, float(boots[0])) if len(boots) else 0.0
        first += max(0.0, float(begin[0]) - at)
        idle = np.maximum(0.0, begin[1:] - end[:-1])
        # Where another process took the lane over meanwhile, that is start-up, not idle time.
        same = np.searchsorted(boots, begin[1:], "right") == np.searchsorted(
            boots, end[:-1], "right"
        )
        idle = idle[same]
        between += float(idle.sum())
        each += idle.tolist()
        last = max(float(end[-1]), begun)
        chunks += max(0.0, seen.last_start - last)
    return chunks, first, between, np.array(each)


def _last_chunk_begun(seen: Evidence) -> float:
    """When the last chunk was begun: from then on a worker that is idle can get no task."""
    step = int(seen.run["chunk_size"])
    heads = seen.start[::step]
    return float(heads.max()) if len(heads) else seen.makespan


def _uneven(seen: Evidence, lost: float) -> Cause | None:
    step, tasks = int(seen.run["chunk_size"]), int(seen.run["tasks"])
    if step < 2:
        return None
    chunks = math.ceil(tasks / step)
    better = min(pool_chunk(tasks, seen.n), max(1, step // 2))
    return Cause(
        "chunks",
        lost,
        f"{counted(chunks, 'chunk')} of {counted(step, 'task')} cannot be dealt evenly to"
        f" {counted(seen.n, 'worker')}: they cost {seconds(lost)} of idle time each.",
        f"Smaller chunks: {better:,}.",
        {"chunk_size": better},
    )


def _before_first(seen: Evidence, lost: float) -> Cause:
    change = {"start_method": "fork"} if seen.run["start_method"] == "spawn" else {}
    return Cause(
        "before_first",
        lost,
        f"From a worker's first instruction to its first task passed {seconds(lost)} on average.",
        "Under spawn and forkserver a worker imports what function and inputs need by then.",
        change,
    )


def _handover(seen: Evidence, lost: float, each: Floats) -> Cause | None:
    threads = seen.run["mechanism"] == "threads"
    if len(each) < FEWEST_GAPS or threads or (seen.for_a_cpu(lost) and seen.short_of_cpus(lost)):
        return None
    step = int(seen.run["chunk_size"])
    every = float(each.mean())
    # Where a few gaps are most of it, something stood still now and then: no matter of hand-over.
    few = max(1, min(FEWEST_GAPS, len(each) // 10))
    if step == 1 and float(np.sort(each)[-few:].sum()) > MOST_OF_IT * float(each.sum()):
        return None
    task = float(np.median(seen.length))
    tasks = int(seen.run["tasks"])
    if max(_moved(seen)) >= LARGE * tasks:
        return None  # what moved may be what took the time, and `_large` can't tell
    wanted = math.ceil(TENTH * every * step / max(task, 1e-9))
    better = min(wanted, pool_chunk(tasks, seen.n))
    change: dict[str, Any] = {}
    if better > step:
        change = {"chunk_size": better}
        if seen.mechanism and not seen.mechanism.chunks:
            change["mechanism"] = "pool.map"
    advice = "Do more in one task."
    if change:
        pool = "" if seen.mechanism and seen.mechanism.chunks else "pool.map with "
        advice = f"Hand over more at once: {pool}chunks of {better:,}."
    return Cause(
        "handover",
        lost,
        f"Between two tasks a worker is idle for {seconds(every)} on average, and a task takes"
        f" {seconds(task)}.{_break_even(task, every, seen.n)}",
        advice,
        change,
    )


def _break_even(task: float, every: float, workers: int) -> str:
    """Below which length one process alone is sooner; empty where this run does not tell.

    All workers together take (task + every) / workers for each task, and no less where tasks are
    longer. What idle time longer tasks would have is not known, so the length is a lower bound.
    """
    pace = (task + every) / workers
    if task >= pace:
        return ""
    return f" One process alone is sooner, and so it is for all tasks shorter than {seconds(pace)}."


def _moved(seen: Evidence) -> tuple[float, float]:
    """Bytes that workers read and wrote."""
    read, written = (float(seen.crew[f"{way}_b"].astype("float64").sum()) for way in WAYS)
    return read, written


def _large(seen: Evidence, lost: float) -> Cause | None:
    tasks = int(seen.run["tasks"])
    # What one side wrote and the other read; a file that a task reads or writes is neither. Linux
    # counts to a program's bytes those of each child that it has waited for.
    read, written = _moved(seen)
    own_read, own_written = (
        max(0.0, seen.host.get(f"{way}_b", 0) - of_workers)
        for way, of_workers in zip(WAYS, (read, written), strict=True)
    )
    sent, back = min(own_written, read) / tasks, min(own_read, written) / tasks
    if seen.mechanism is None or not seen.mechanism.processes:
        return None
    sends = seen.mechanism.sends(seen.run["start_method"])
    if sends and sent >= LARGE and sent >= back:
        kind, bytes_, what = "large_arguments", sent, "sends to a worker"
        advice = "Send what is small (a name, a number) and let the worker load it."
    elif back >= LARGE:
        kind, bytes_, what = "large_results", back, "sends back"
        advice = "Let the worker reduce its result, or write it to a file or shared memory."
    else:
        return None
    change = {"mechanism": "threads"}
    return Cause(
        kind,
        lost,
        f"Each task {what} {size(round(bytes_))}; workers were idle for {seconds(lost)} meanwhile.",
        advice,
        change,
    )


def tail(seen: Evidence) -> Cause | None:
    """One task, or one chunk, that ended when no other was left."""
    lost = float(seen.run["tail_s"]) / seen.n
    step = int(seen.run["chunk_size"])
    last = int(np.nanargmax(seen.end))
    # What it alone held up: nobody else was at work any more.
    others = np.delete(seen.end, last)
    alone = float(seen.end[last] - others.max()) if len(others) else 0.0
    if seen.n < 2 or alone * (seen.n - 1) < MOST_OF_IT * lost * seen.n:
        return None
    if step > 1:
        mates = (np.arange(len(seen.end)) // step) == last // step
        rest = seen.end[~mates]
        if len(rest) and seen.length[last] < MOST_OF_IT * (seen.end[last] - rest.max()):
            return _uneven(seen, lost)
    if seen.length[last] < 2 * float(np.median(seen.length)) and seen.alone is None:
        return None
    order = np.argsort(-(seen.alone if seen.alone is not None else seen.length), kind="stable")
    input_ = short(" ".join(str(seen.tasks["input"].iloc[last]).split()))
    # Begun first it would have ended earlier; a task longer than an even share can't.
    early = seen.start[last] > LITTLE * seen.makespan
    return Cause(
        "long_task",
        lost,
        f"Task {last} (input {input_}) was the last to end and took"
        f" {seconds(float(seen.length[last]))}; for {seconds(alone)} no other task was left.",
        "Begin the long tasks first." if early else "Split it: it is longer than an even share.",
        {"order": tuple(int(at) for at in order)} if early else {},
    )
