"""The timeline's columns: tasks and intervals to bars, marks and notes. Knows no figure.

Seconds since the mechanism was called go to the right, lanes go down: lane i is drawn at y = i.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mpviz.charts.canvas import Columns
from mpviz.charts.palette import BLUE, CALM, DONE, FAILED, QUIET, Look
from mpviz.charts.timeline.marks import extent, failure_marks, never_marks, notes, rung
from mpviz.charts.timeline.merging import Bars, Floats, Ints, merge
from mpviz.charts.timeline.tips import quiet_tips, task_tips

MOST = 3000  # bars in all
LANE = 0.8  # of a lane's height is bar
THINNEST = 0.15  # of a bar's height, however little of its time was busy

KINDS: dict[str, Look] = {**QUIET, **DONE, **FAILED}
NAMES = pd.Index(list(KINDS))
LABELS = [look.label for look in KINDS.values()]
OK, RUNNING, ERROR, DIED = (list(KINDS).index(name) for name in ("ok", "running", "error", "died"))


@dataclass(frozen=True, slots=True)
class Spans:
    """What is to be drawn before merging: each array has shape (n,), seconds since the call."""

    lane: Ints
    kind: Ints
    start: Floats
    end: Floats


def timeline_columns(
    tasks: pd.DataFrame,
    intervals: pd.DataFrame,
    *,
    lanes: int,
    now: float | None = None,
    makespan: float | None = None,
    end: str = "makespan",
    most: int = MOST,
) -> Columns:
    """Turn one run into what the timeline draws.

    Parameters
    ----------
    tasks
        Frame by `schema.TASKS`, one run.
    intervals
        Frame by `schema.INTERVALS`, the same run.
    lanes
        Lanes to show, at least 1.
    now
        Seconds since the run began, while it goes on. A task without an end is then running, one
        without a start is not shown, and one whose result has not arrived is not called lost.
    makespan
        In seconds. If it is not given, it is where the last interval ends, of those that are not
        closing down; during a run there is none.
    end
        What is written at the makespan; another word where something else ended the run.
    most
        Bars at most, quiet ones included; neighbours of one lane and outcome are merged. One bar a
        lane and outcome is drawn in any case.

    Returns
    -------
    dict
        Of the sources ``lanes``, ``quiet``, ``swatches`` (kinds of quiet bars, for the legend),
        ``tasks``, ``failed``, ``marks`` (at each failure), ``never`` (tasks that never started),
        ``makespan``, ``notes`` and ``extent``.
    """
    begun = (tasks["worker"].notna() & tasks["started_s"].notna()).to_numpy(bool)
    # A task of a worker without a row has no lane, but it ran.
    never = tasks.loc[~begun & (tasks["outcome"] != "ok")] if now is None else tasks.iloc[:0]
    started = tasks if begun.all() else tasks.loc[begun]
    if makespan is None and now is None and len(intervals):
        makespan = float(intervals.loc[intervals["kind"] != "end", "end_s"].max())
    reach = _latest(now, makespan, started["started_s"], started["finished_s"], intervals["end_s"])
    right = reach * 1.02 if now is None else rung(reach * 1.02)

    spans, unfinished = _tasks(started, intervals, reach, live=now is not None)
    everything = _join(spans, _quiet(intervals))
    bars = merge(everything.lane, everything.kind, everything.start, everything.end, most=most)
    if bars.first.size > most:  # hundreds of lanes: the quiet goes first
        everything = spans
        bars = merge(spans.lane, spans.kind, spans.start, spans.end, most=most)
    lane, kind = everything.lane[bars.first], everything.kind[bars.first]

    quiet, failed = np.flatnonzero(kind < OK), np.flatnonzero(kind >= ERROR)
    done = np.flatnonzero((kind >= OK) & (kind < ERROR))
    texts = {
        "quiet": quiet_tips(bars, quiet, lane[quiet], [LABELS[k] for k in kind[quiet]]),
        "tasks": task_tips(started, bars, done, [LABELS[k] for k in kind[done]], unfinished),
        "failed": task_tips(started, bars, failed, [LABELS[k] for k in kind[failed]], unfinished),
    }
    columns: Columns = {
        "lanes": {"y": np.arange(lanes, dtype=np.float64), "right": np.full(lanes, right)}
    }
    for name, drawn in (("quiet", quiet), ("tasks", done), ("failed", failed)):
        columns[name] = {
            "y": lane[drawn].astype(np.float64),
            "left": bars.left[drawn],
            "right": bars.right[drawn],
            "kind": [LABELS[k] for k in kind[drawn]],
            "text": texts[name],
        }
    columns["tasks"] |= {"height": _heights(bars)[done], "colour": _shades(bars, lane, kind, done)}
    present = sorted(set(kind[quiet].tolist()))
    columns["swatches"] = {
        "x": np.zeros(len(present)),
        "y": np.zeros(len(present)),
        "kind": [LABELS[k] for k in present],
    }
    columns["marks"] = failure_marks(columns["failed"], kind[failed], bars.count[failed], right)
    columns["never"] = never_marks(never, lanes, right)
    columns["makespan"] = {"x": np.array([] if makespan is None else [makespan])}
    columns["notes"] = notes(
        list(never["outcome"]), lanes, right, makespan, empty=not len(tasks), end=end
    )
    columns["extent"] = extent(lanes, right, never=bool(len(never)))
    return columns


def _latest(*known: Any) -> float:
    """Return the largest finite time there is in numbers and columns; 1 s where there is none."""
    times = [
        float(np.nanmax(t, initial=0.0)) for t in (np.atleast_1d(k) for k in known if k is not None)
    ]
    return max(times) or 1.0


def _tasks(
    started: pd.DataFrame, intervals: pd.DataFrame, reach: float, *, live: bool
) -> tuple[Spans, NDArray[np.bool_]]:
    """Return the spans of tasks that started, and which of them have no end of their own.

    Such a task ends where its interval does, else at the latest time known.
    """
    start = started["started_s"].to_numpy(np.float64)
    end = started["finished_s"].to_numpy(np.float64)
    unfinished = np.isnan(end)
    kind = np.asarray(NAMES.get_indexer(pd.Index(started["outcome"])))
    if live:
        still = np.where(kind == DIED, DIED, RUNNING)
        kind = np.where(unfinished, still, np.where(kind == ERROR, ERROR, OK))
    kind = np.where(kind < OK, np.where(unfinished, RUNNING, OK), kind)
    if unfinished.any():
        cut = intervals.loc[(intervals["kind"] == "task") & intervals["task"].notna()]
        until = cut.set_index("task")["end_s"].reindex(started["task"].to_numpy()[unfinished])
        end = end.copy()
        end[unfinished] = until.fillna(reach).to_numpy(np.float64)
    lane = started["worker"].to_numpy(np.int64)
    return Spans(lane, kind, start, np.maximum(start, end)), unfinished


def _quiet(intervals: pd.DataFrame) -> Spans:
    """Return the spans in which a worker ran no task; empty ones are left out."""
    kind = np.asarray(NAMES.get_indexer(pd.Index(intervals["kind"])))
    start = intervals["start_s"].to_numpy(np.float64)
    end = intervals["end_s"].to_numpy(np.float64)
    keep = (kind >= 0) & (kind < OK) & (end > start)
    lane = intervals["worker"].to_numpy(np.int64)
    return Spans(lane[keep], kind[keep], start[keep], end[keep])


def _join(a: Spans, b: Spans) -> Spans:
    return Spans(
        np.append(a.lane, b.lane),
        np.append(a.kind, b.kind),
        np.append(a.start, b.start),
        np.append(a.end, b.end),
    )


def _heights(bars: Bars) -> Floats:
    """Return heights by the share of a bar's time that was busy: its area is its busy time."""
    whole = bars.right - bars.left
    share = np.divide(bars.busy, whole, out=np.ones_like(whole), where=whole > 0)
    return LANE * np.clip(share, THINNEST, 1.0)


def _shades(bars: Bars, lane: Ints, kind: Ints, done: Ints) -> list[str]:
    """Return each bar's colour: neighbours in a lane get one of two shades, in turn."""
    first = np.searchsorted(lane[done], lane[done])
    odd = (np.arange(done.size) - first) % 2 * (bars.count[done] == 1)
    running = kind[done] == RUNNING
    shades = np.array([BLUE, CALM, DONE["running"].colour], dtype=object)
    return list(shades[np.where(running, 2, odd)])
