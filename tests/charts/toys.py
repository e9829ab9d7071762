"""Frames made by hand: small runs whose every bar is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from mpviz.core import schema

NEVER = (None, np.nan, np.nan)


def frame(columns: tuple[schema.Column, ...], data: dict[str, Any], n: int) -> pd.DataFrame:
    """Every column of the schema with its dtype; what is not given is 0, empty or missing."""
    made = {}
    for column in columns:
        blank = "" if column.dtype == "str" else np.nan if column.dtype == "float64" else 0
        values = data.get(column.name, [blank] * n)
        made[column.name] = pd.Series(values, dtype=column.dtype)
    return pd.DataFrame(made)


def tasks(rows: Iterable[tuple[int | None, float, float, str]]) -> pd.DataFrame:
    """A task a row: lane, started, finished, outcome."""
    rows = list(rows)
    lane, start, end, outcome = zip(*rows, strict=True) if rows else ((), (), (), ())
    start, end = np.array(start, float), np.array(end, float)  # type: ignore[assignment]
    return frame(
        schema.TASKS,
        {
            "task": range(len(rows)),
            "input": [str(15492781 + 2 * i) for i in range(len(rows))],
            "result": ["true" if name == "ok" else "" for name in outcome],
            "worker": list(lane),
            "started_s": start,
            "finished_s": end,
            "received_s": end,
            "cpu_s": (end - start) * 0.98,
            "outcome": list(outcome),
        },
        len(rows),
    )


def intervals(rows: Iterable[tuple[int, str, float, float, int | None]]) -> pd.DataFrame:
    """An interval a row: lane, kind, start, end, task."""
    rows = list(rows)
    lane, kind, start, end, task = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    data = {
        "worker": list(lane), "kind": list(kind), "start_s": list(start), "end_s": list(end),
        "task": list(task),
    }  # fmt: skip
    return frame(schema.INTERVALS, data, len(rows))


def account(
    frame_: pd.DataFrame, lanes: int, makespan: float, *, startup: float, end: float = 0.0
) -> pd.DataFrame:
    """The account of time of such tasks, where each lane's tasks do not overlap."""
    last = frame_["started_s"].max()
    rows: list[tuple[int, str, float, float, int | None]] = []
    for lane in range(lanes):
        at = startup
        rows.append((lane, "startup", 0.0, startup, None))
        mine = frame_[frame_["worker"] == lane].sort_values("started_s")
        ends = mine["finished_s"].fillna(makespan)
        for task, begun, done in zip(mine["task"], mine["started_s"], ends, strict=True):
            if begun > at:
                rows.append((lane, "gap", at, begun, None))
            rows.append((lane, "task", begun, done, task))
            at = done
        if at < last:
            rows.append((lane, "gap", at, last, None))
            at = last
        if at < makespan:
            rows.append((lane, "tail", at, makespan, None))
        if end:
            rows.append((lane, "end", makespan, makespan + end, None))
    return intervals(rows)


def primes() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ten primes on two workers, 1.34 s."""
    took = [0.26, 0.25, 0.27, 0.26, 0.001, 0.25, 0.27, 0.26, 0.28, 0.26]
    at = [0.012, 0.014]
    rows = []
    for seconds in took:
        lane = int(at[1] < at[0])
        rows.append((lane, at[lane], at[lane] + seconds, "ok"))
        at[lane] += seconds + 0.004
    made = tasks(rows)
    return made, account(made, 2, made["finished_s"].max(), startup=0.01, end=0.03)


def failures() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every way to fail, on three workers, cut at 2 s."""
    nan = float("nan")
    made = tasks(
        [
            (0, 0.05, 0.5, "ok"), (0, 0.51, 0.9, "error"), (0, 0.91, 0.9101, "error"),
            (0, 1.2, nan, "timeout"), (1, 0.05, 0.6, "ok"), (1, 0.61, nan, "died"),
            (2, 0.05, 0.7, "missing"), (2, 0.71, 1.1, "ok"), (2, 1.11, nan, "cancelled"),
            (None, nan, nan, "timeout"), (None, nan, nan, "timeout"), (None, nan, nan, "missing"),
        ]
    )  # fmt: skip
    account_ = account(made, 3, 2.0, startup=0.04)
    died = account_["task"] == 5
    account_.loc[died, "end_s"] = 1.0
    return made, pd.concat([account_, intervals([(1, "gap", 1.0, 2.0, None)])], ignore_index=True)


def many(n: int, lanes: int, *, took: float = 1e-5, failing: float = 0.0, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip  # noqa: E501
    """So many short tasks, with gaps between; vectorised."""
    random = np.random.default_rng(seed)
    each = n // lanes
    start, end, lane = [], [], []
    for i in range(lanes):
        spans = random.exponential(took, each)
        gaps = random.exponential(took / 2, each)
        done = np.cumsum(spans + gaps) + 0.02
        start.append(done - spans)
        end.append(done)
        lane.append(np.full(each, i))
    starts, ends, lanes_ = (np.concatenate(x) for x in (start, end, lane))
    outcome = np.where(random.random(starts.size) < failing, "error", "ok")
    made = tasks(zip(lanes_, starts, ends, outcome, strict=True))
    previous = np.concatenate([np.r_[0.02, e[:-1]] for e in end])
    waits = pd.DataFrame(
        {"worker": lanes_, "kind": "gap", "start_s": previous, "end_s": starts,
         "task": pd.Series([pd.NA] * starts.size, dtype="Int64")}
    ).astype({"kind": "str"})  # fmt: skip
    boots = intervals([(i, "startup", 0.0, 0.02, None) for i in range(lanes)])
    rest = intervals([(i, "tail", end[i][-1], ends.max(), None) for i in range(lanes)])
    return made, pd.concat([boots, waits, rest], ignore_index=True)


def runs(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """A run a row, by the columns given."""
    rows = [{"run": i, "ending": "finished", "chunk_size": 1, **row} for i, row in enumerate(rows)]
    names = {name for row in rows for name in row}
    return frame(schema.RUNS, {name: [row.get(name) for row in rows] for name in names}, len(rows))
