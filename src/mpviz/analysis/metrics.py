"""Numbers about runs, as pure functions of frames. Knows no record, no process and no chart.

The efficiencies are those of the POP Centre of Excellence (pop-coe.eu, "POP Standard Metrics for
Parallel Performance Analysis"), with useful time as wall time inside tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KINDS = ("startup", "task", "gap", "tail", "end")
NOISE = 0.05  # of a speedup: one run differs from the next by about as much


def speedup(makespan: float, baseline: float) -> float:
    """Sequential makespan over makespan, both in seconds; NaN where either is unknown or zero."""
    return baseline / makespan if makespan > 0 else float("nan")


def efficiency(speedup: float, workers: int) -> float:
    """Speedup over workers."""
    return speedup / workers


def possible_speedup(workers: int, cpus: float, computing: float) -> float:
    """The most that a speedup can be, at least 1.

    Parameters
    ----------
    workers
        Lanes.
    cpus
        CPUs that the workers can use at once; NaN where that is unknown.
    computing
        Share of its useful time that a task computes: a CPU can serve two tasks that wait half of
        their time. NaN where that is unknown.
    """
    if not computing <= 1 - NOISE:
        computing = 1.0
    can = cpus / computing if computing > 0 else float("inf")
    return max(1.0, float(workers) if np.isnan(can) else min(float(workers), can))


def suspect(speedup: float, possible: float) -> bool:
    """Whether a speedup can't be: one of the two runs was not measured as it is; no for NaN."""
    return bool(speedup > possible * (1 + NOISE))


def load_balance(useful: Floats) -> float:
    """Mean over max of the lanes' useful seconds; NaN where nothing was useful."""
    most = useful.max(initial=0.0)
    return float(useful.mean() / most) if most > 0 else float("nan")


def communication_efficiency(useful: Floats, makespan: float) -> float:
    """The busiest lane's useful seconds over the makespan."""
    return float(useful.max(initial=0.0) / makespan) if makespan > 0 else float("nan")


def computation_scaling(useful: float, sequential: float) -> float:
    """Useful seconds of the sequential run over those of this one: below 1, tasks got slower."""
    return sequential / useful if useful > 0 else float("nan")


def serial_fraction(speedup: float, workers: int) -> float:
    """The Karp-Flatt metric, (1/S - 1/p) / (1 - 1/p); undefined, so NaN, for one worker.

    A. H. Karp and H. P. Flatt, "Measuring parallel processor performance", CACM 33 (5), 1990.
    """
    if workers == 1 or not speedup > 0:
        return float("nan")
    return (1 / speedup - 1 / workers) / (1 - 1 / workers)


def compared(run: Mapping[Any, Any], before: Mapping[Any, Any]) -> dict[str, float]:
    """What a run's row says only beside its sequential run's; NaN where the work was unequal.

    Parameters
    ----------
    run, before
        Rows by ``schema.RUNS``, of the run and of the sequential one. Of `run` the columns that
        come of a baseline are not read.

    Returns
    -------
    dict
        ``baseline_s``, ``speedup``, ``possible_speedup``, ``efficiency``, ``computation_scaling``,
        ``global_efficiency`` and ``serial_fraction``.
    """
    baseline_s, useful, possible = float("nan"), float("nan"), float("nan")
    if run["ok"] == run["tasks"] and before["ok"] == before["tasks"]:
        baseline_s, useful = float(before["makespan_s"]), float(before["useful_s"])
        possible = _possible(run, before)
    ratio = speedup(run["makespan_s"], baseline_s)
    scaling = computation_scaling(run["useful_s"], useful)
    return {
        "baseline_s": baseline_s,
        "speedup": ratio,
        "possible_speedup": possible,
        "efficiency": efficiency(ratio, run["workers"]),
        "computation_scaling": scaling,
        "global_efficiency": run["parallel_efficiency"] * scaling,
        "serial_fraction": serial_fraction(ratio, run["workers"]),
    }


def _possible(run: Mapping[Any, Any], before: Mapping[Any, Any]) -> float:
    cpus = float(run["usable_cpus"])
    gil = run["gil"]
    if run["mechanism"] == "threads" and not pd.isna(gil) and gil:
        # Where C code lets go of the GIL, threads do compute together, and their CPU time shows it.
        cpus = min(cpus, max(1.0, run["cpu_s"] / run["makespan_s"]))
    # The larger share: in one of the two, tasks may have waited for a CPU that something else had.
    shares = [
        row["cpu_s"] / row["useful_s"] if row["useful_s"] > 0 else float("nan")
        for row in (run, before)
    ]
    return possible_speedup(int(run["workers"]), cpus, max(shares))


def account(
    tasks: pd.DataFrame, workers: pd.DataFrame, *, lanes: int, makespan: float
) -> pd.DataFrame:
    """The one account of time: non-overlapping intervals that tile lanes x makespan.

    Parameters
    ----------
    tasks, workers
        Frames of one run, by `mpviz.core.schema`.
    lanes
        Workers asked for: a lane in which nothing ever ran is accounted for as well.
    makespan
        Seconds.

    Returns
    -------
    pandas.DataFrame
        A row an interval, by ``schema.INTERVALS``. ``startup``: until a worker's first instruction.
        ``task``. Idle time is ``gap`` until the last task was started (to the end, where some
        never were), ``tail`` after. ``end`` is closing down and lies after the makespan.
    """
    started = tasks["started_s"].to_numpy(np.float64, na_value=np.nan)
    all_started = not np.isnan(started).any()
    last_start = float(started.max()) if all_started and len(started) else makespan
    last_start = min(max(last_start, 0.0), makespan)
    finished = _ends(tasks, workers, makespan)
    lane_of_task = tasks["worker"].to_numpy(np.int64, na_value=-1)
    number = tasks["task"].to_numpy(np.int64)
    lane_of_worker = workers["worker"].to_numpy(np.int64)
    requested = workers["requested_s"].to_numpy(np.float64, na_value=np.nan)
    booted = workers["booted_s"].to_numpy(np.float64, na_value=np.nan)
    ended = workers["ended_s"].to_numpy(np.float64, na_value=np.nan)
    parts = []
    for lane in range(lanes):
        mine = np.flatnonzero((lane_of_task == lane) & ~np.isnan(started))
        crew = np.flatnonzero(lane_of_worker == lane)
        boots = np.where(np.isnan(booted[crew]), makespan, booted[crew])
        asked = requested[crew].copy()
        if len(asked):
            asked[0] = 0.0  # what came before the first start() was starting the others
        begin = np.concatenate([asked, started[mine]])
        end = np.concatenate([boots, finished[mine]])
        task = np.concatenate([np.full(len(crew), -1), number[mine]])
        last_end = np.nanmax(ended[crew], initial=-np.inf) if len(crew) else -np.inf
        parts.append(_lane(lane, begin, end, task, makespan, last_start, float(last_end)))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    worker, kind, start_s, end_s, task = columns
    frame = pd.DataFrame(
        {
            "worker": worker,
            "kind": pd.array(np.array(KINDS, dtype=object)[kind], dtype="str"),
            "start_s": start_s,
            "end_s": end_s,
            "task": pd.array(task, dtype="Int64"),
        }
    )
    frame.loc[frame["task"] < 0, "task"] = pd.NA
    return frame


def _ends(tasks: pd.DataFrame, workers: pd.DataFrame, makespan: float) -> Floats:
    """When each task ended; one that never did, when its worker did, or the run."""
    finished = tasks["finished_s"].to_numpy(np.float64, na_value=np.nan).copy()
    started = tasks["started_s"].to_numpy(np.float64, na_value=np.nan)
    open_ended = np.flatnonzero(np.isnan(finished) & ~np.isnan(started))
    if len(open_ended):
        thread = zip(workers["pid"], workers["tid"], strict=True)
        ended = dict(zip(thread, workers["ended_s"], strict=True))
        for at in open_ended:
            end = ended.get((tasks["pid"].iloc[at], tasks["tid"].iloc[at]), float("nan"))
            finished[at] = makespan if np.isnan(end) else end
    return finished


def _lane(
    lane: int,
    begin: Floats,
    end: Floats,
    task: NDArray[np.int64],
    makespan: float,
    last_start: float,
    last_end: float,
) -> tuple[NDArray[Any], ...]:
    """One lane's intervals, as columns: what is busy, and the idle time between."""
    order = np.argsort(begin, kind="stable")
    end = np.clip(end[order], 0, makespan)
    task = task[order]
    # What would overlap begins where the one before ended, so that nothing is counted twice.
    reached = np.concatenate([[0.0], np.maximum.accumulate(end)])
    begin = np.clip(np.maximum(begin[order], reached[:-1]), 0, makespan)
    end = np.maximum(end, begin)
    idle_begin = np.concatenate([[0.0], end])
    idle_end = np.concatenate([begin, [makespan]])
    gap_end = np.clip(last_start, idle_begin, idle_end)
    closing = max(last_end, makespan)
    starts = np.concatenate([begin, idle_begin, gap_end, [makespan]])
    ends = np.concatenate([end, gap_end, idle_end, [closing]])
    kinds = np.concatenate(
        [np.where(task < 0, 0, 1), np.full(len(idle_begin), 2), np.full(len(gap_end), 3), [4]]
    )
    of_task = np.concatenate([task, np.full(len(starts) - len(task), -1)])
    keep = (ends > starts) | (kinds == 1)
    order = np.flatnonzero(keep)[np.argsort(starts[keep], kind="stable")]
    lanes = np.full(len(order), lane)
    return lanes, kinds[order], starts[order], ends[order], of_task[order]


def seconds_by_kind(intervals: pd.DataFrame) -> dict[str, float]:
    """Worker-seconds of each kind of interval."""
    length = intervals["end_s"] - intervals["start_s"]
    sums = length.groupby(intervals["kind"]).sum()
    return {kind: float(sums.get(kind, 0.0)) for kind in KINDS}


def useful_by_lane(intervals: pd.DataFrame, lanes: int) -> Floats:
    """Useful seconds of each lane, shape (lanes,)."""
    inside = intervals[intervals["kind"] == "task"]
    length = (inside["end_s"] - inside["start_s"]).to_numpy(np.float64)
    sums = np.bincount(inside["worker"].to_numpy(np.int64), length, minlength=lanes)
    return sums.astype(np.float64)  # counts, where there is no interval at all


def others_share(run: Mapping[Any, Any]) -> float:
    """What share of the machine's CPU time other programs took during a run; NaN if not known.

    Parameters
    ----------
    run
        A row by ``schema.RUNS``.
    """
    values = [run[name] for name in ("others_s", "watched_s", "cpus")]
    if any(pd.isna(value) for value in values):
        return float("nan")
    others, watched, cpus = (float(value) for value in values)
    return others / (watched * cpus) if watched * cpus > 0 else float("nan")
