"""Records made by hand -> what follows from a baseline: speedup, and what was possible."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mpviz.analysis import frames
from mpviz.core.outcome import Ending
from mpviz.core.record import Record
from mpviz.engine.recording.table import (
    BOOTED,
    FINISHED,
    REQUESTED,
    STARTED,
    STATE,
    TASK_WORDS,
    WORKER_WORDS,
)
from tests.analysis.stage import Stage, all_of, at, outcomes


def both_lanes(stage: Stage, cpu: float, environment: dict[str, Any]) -> Record:
    """Three tasks of two seconds each, of which `cpu` is computing, in four seconds."""
    for lane in (0, 1):
        stage.worker(lane=lane, pid=100 + lane, requested=0.0, booted=0.0)
    for index, (lane, begin) in enumerate(((0, 0), (1, 0), (0, 2))):
        stage.task(index, lane, begin, begin + 2, received=begin + 2, cpu=2 * cpu)
    return stage.record(environment=environment)


def sequential_of(
    record: Record, makespan: float = 6.0
) -> tuple[Record, pd.DataFrame, dict[str, Any]]:
    """The same tasks, one after the other, by one process."""
    rows = np.frombuffer(record.tasks, dtype=np.int64).reshape(-1, TASK_WORDS).copy()
    length = rows[:, FINISHED] - rows[:, STARTED]
    rows[:, STARTED] = at(0) + np.cumsum(length) - length
    rows[:, FINISHED] = rows[:, STARTED] + length
    rows[:, STATE] &= 3  # by the worker in row 0
    crew = np.frombuffer(record.workers, dtype=np.int64).reshape(-1, WORKER_WORDS).copy()
    crew[0, [REQUESTED, BOOTED]] = at(0)
    before = replace(
        record,
        plan=replace(record.plan, mechanism="sequential"),
        ended_ns=at(makespan),
        tasks=rows.tobytes(),
        workers=crew.tobytes(),
    )
    return with_row(before)


def with_row(before: Record) -> tuple[Record, pd.DataFrame, dict[str, Any]]:
    """What a baseline is handed in as: its record, its tasks, its row."""
    row = all_of(before)["runs"].iloc[0].to_dict()
    return before, frames.tasks_frame(before), {str(k): v for k, v in row.items()}


def test_with_a_baseline_there_is_a_speedup(finished: Record) -> None:
    row = all_of(finished, baseline=sequential_of(finished))["runs"].iloc[0]
    assert (row["baseline_s"], row["speedup"], row["efficiency"]) == (6, 1.5, 0.75)
    assert row["computation_scaling"] == 1
    assert row["global_efficiency"] == 0.5
    assert row["serial_fraction"] == pytest.approx(1 / 3)
    assert row["answers_agree"]


@pytest.mark.parametrize(
    ("cpu", "usable", "possible"),
    [(1.0, 2.0, 2.0), (1.0, 1.0, 1.0), (0.5, 1.0, 2.0), (0.0, 1.0, 2.0), (1.0, None, 2.0)],
)
def test_the_speedup_that_is_possible_follows_from_workers_cpus_and_how_much_tasks_compute(
    stage: Stage, cpu: float, usable: float | None, possible: float
) -> None:
    record = both_lanes(stage, cpu, {} if usable is None else {"usable_cpus": usable})
    row = all_of(record, baseline=sequential_of(record))["runs"].iloc[0]
    assert row["possible_speedup"] == possible


@pytest.mark.parametrize(("cpu", "possible"), [(0.5, 2.0), (1.0, 2.0)])
def test_threads_that_do_compute_side_by_side_are_not_bounded_by_the_gil(
    stage: Stage, cpu: float, possible: float
) -> None:
    """Three tasks of two seconds on two lanes in four: 1.5 CPUs, where they compute throughout."""
    record = both_lanes(stage, cpu, {"usable_cpus": 8.0, "gil": True})
    threads = replace(record, plan=replace(record.plan, mechanism="threads"))
    row = all_of(threads, baseline=sequential_of(record))["runs"].iloc[0]
    assert row["possible_speedup"] == pytest.approx(min(possible, max(1, 1.5 * cpu) / cpu))


def test_without_a_speedup_none_is_possible_or_not(finished: Record) -> None:
    assert math.isnan(all_of(finished)["runs"].iloc[0]["possible_speedup"])


def test_a_lost_task_makes_the_speedup_unknown(finished: Record, stage: Stage) -> None:
    lossy = replace(finished, ending=Ending.DEADLINE, tasks=finished.tasks[:-8] + bytes(8))
    assert outcomes(lossy) == ["ok", "ok", "timeout"]
    row = all_of(lossy, baseline=sequential_of(finished))["runs"].iloc[0]
    for unknown in ("baseline_s", "speedup", "efficiency", "computation_scaling"):
        assert math.isnan(row[unknown])
    assert row["answers_agree"]  # of what can be compared


def test_a_task_lost_in_the_baseline_makes_the_speedup_unknown_too(finished: Record) -> None:
    lossy = replace(finished, ending=Ending.DEADLINE, tasks=finished.tasks[:-8] + bytes(8))
    row = all_of(finished, baseline=sequential_of(lossy))["runs"].iloc[0]
    assert math.isnan(row["speedup"])
    assert math.isnan(row["baseline_s"])


def test_one_different_result_and_the_answers_do_not_agree(finished: Record) -> None:
    other = replace(finished, results={0: "1", 1: "-2", 2: "3"})
    row = all_of(finished, baseline=sequential_of(other))["runs"].iloc[0]
    assert not row["answers_agree"]
    assert row["speedup"] == 1.5  # it was as fast as it was, right or wrong


def test_where_no_two_results_can_be_compared_agreement_is_unknown(finished: Record) -> None:
    nothing = replace(finished, ending=Ending.DEADLINE, tasks=bytes(len(finished.tasks)))
    row = all_of(finished, baseline=with_row(nothing))["runs"].iloc[0]
    assert row["answers_agree"] is pd.NA
