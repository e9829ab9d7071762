"""The loss waterfall adds up, whatever the run."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mpviz
from mpviz.analysis import metrics
from mpviz.analysis.trace import Trace
from mpviz.analysis.waterfall import Waterfall, waterfall
from mpviz.core.record import Record
from tests.analysis.stage import Stage, plan_of
from tests.analysis.test_metrics import runs, tasks_of, workers_of

Run = tuple[pd.DataFrame, pd.DataFrame, int, float]


def row_of(
    tasks: pd.DataFrame, workers: pd.DataFrame, lanes: int, makespan: float, computing: float
) -> dict[str, Any]:
    """What `schema.RUNS` has of the account of time of one run."""
    intervals = metrics.account(tasks, workers, lanes=lanes, makespan=makespan)
    seconds = metrics.seconds_by_kind(intervals)
    return {
        "workers": lanes,
        "makespan_s": makespan,
        "startup_s": seconds["startup"],
        "gap_s": seconds["gap"],
        "tail_s": seconds["tail"],
        "useful_s": seconds["task"],
        "computing_s": computing,
        "tasks": len(tasks),
        "ok": len(tasks),
    }


def total(found: Waterfall) -> float:
    return found.ideal_s + math.fsum(loss.seconds for loss in found.losses)


def by_kind(found: Waterfall) -> dict[str, float]:
    return {loss.kind: loss.seconds for loss in found.losses}


@st.composite
def sequential_runs(draw: st.DrawFn) -> Run:
    lengths = draw(st.lists(st.floats(0, 3), max_size=6))
    gaps = draw(st.lists(st.floats(0, 1), min_size=len(lengths) + 1, max_size=len(lengths) + 1))
    now, rows = gaps[-1], []
    for length, gap in zip(lengths, gaps, strict=False):
        rows.append((0, now, now + length))
        now += length + gap
    return tasks_of(*rows), workers_of((0, 0, gaps[-1], now)), 1, max(now, 0.001)


@given(runs(), sequential_runs(), st.floats(0, 20), st.floats(0, 20) | st.just(math.nan))
def test_it_adds_up_from_the_ideal_to_the_makespan(
    run: Run, before: Run, computing: float, computing_before: float
) -> None:
    found = waterfall(row_of(*run, computing), row_of(*before, computing_before))
    assert abs(total(found) - run[3]) < 1e-9
    assert found.makespan_s == run[3]
    assert found.ideal_s == before[3] / run[2]


def test_a_small_run_is_the_one_drawn_on_paper() -> None:
    # Two lanes, makespan 10: start-up 3, tasks 13, gap 1, tail 3; alone they took 11 of 12.
    run = {
        "workers": 2, "makespan_s": 10.0, "startup_s": 3.0, "useful_s": 13.0, "gap_s": 1.0,
        "tail_s": 3.0, "computing_s": 11.5, "tasks": 4, "ok": 4,
    }  # fmt: skip
    alone = {
        "workers": 1, "makespan_s": 12.0, "startup_s": 0.0, "useful_s": 11.0, "gap_s": 1.0,
        "tail_s": 0.0, "computing_s": 10.5, "tasks": 4, "ok": 4,
    }  # fmt: skip
    found = waterfall(run, alone)
    assert found.ideal_s == 6
    assert by_kind(found) == {
        "startup": 1.5, "gap": 0.5, "tail": 1.5, "computing": 0.5, "not_computing": 0.5,
        "baseline_overhead": -0.5,
    }  # fmt: skip
    assert total(found) == 10
    untold = waterfall(run, alone | {"computing_s": math.nan})
    assert by_kind(untold)["inflation"] == 1.0
    assert "computing" not in by_kind(untold)
    assert total(untold) == 10


def test_a_run_against_itself_loses_nothing() -> None:
    alone = row_of(tasks_of((0, 1, 4)), workers_of((0, 0, 1, 5)), 1, 5.0, 2.5)
    found = waterfall(alone, alone)
    assert by_kind(found)["computing"] == by_kind(found)["not_computing"] == 0
    assert total(found) == found.ideal_s == found.makespan_s == 5


def test_a_recorded_run_and_its_baseline_give_one(finished: Record, tmp_path: Path) -> None:
    alone = Stage(tmp_path / "alone", plan_of(10, 20, 30, mechanism="sequential", workers=1))
    worker = alone.worker(lane=0, pid=99, requested=0, booted=0)
    for task in range(3):
        alone.task(task, worker, task, task + 0.9, received=task + 1, cpu=0.8)
    baseline = Trace(alone.record(makespan=3.0, results={0: "1", 1: "2", 2: "3"}))
    trace = Trace(finished, baseline)
    found = waterfall(trace.summary.to_dict(), baseline.summary.to_dict())
    assert total(found) == pytest.approx(trace.summary["makespan_s"], abs=1e-9)
    assert found.ideal_s == 1.5
    assert by_kind(found)["baseline_overhead"] == pytest.approx(-0.15)
    # Useful seconds 4 against 2.7, of them computing 3.75 against 2.4.
    assert by_kind(found)["computing"] == pytest.approx((3.75 - 2.4) / 2)
    assert by_kind(found)["not_computing"] == pytest.approx((0.25 - 0.3) / 2)


def test_runs_of_unequal_work_are_refused() -> None:
    good = row_of(tasks_of((0, 1, 4)), workers_of((0, 0, 1, 5)), 1, 5.0, 2.5)
    with pytest.raises(mpviz.Refused, match="in the run 1 tasks are not ok"):
        waterfall(good | {"ok": 0}, good)
    with pytest.raises(mpviz.Refused, match="in the sequential run 1 tasks are not ok"):
        waterfall(good, good | {"ok": 0})
