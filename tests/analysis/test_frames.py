"""Records made by hand -> frames."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mpviz.analysis import frames
from mpviz.core import schema
from mpviz.core.outcome import Ending
from mpviz.core.record import Record
from mpviz.core.usage import Usage
from tests.analysis.stage import CALLED, Stage, all_of, at, plan_of

NAN = math.nan


def typed(columns: tuple[schema.Column, ...], data: dict[str, list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        {column.name: pd.Series(data[column.name], dtype=column.dtype) for column in columns}
    )


def test_a_run_of_three_tasks_gives_exactly_these_task_rows(finished: Record) -> None:
    expected = {
        "run": [7] * 3,
        "task": [0, 1, 2],
        "input": ["10", "20", "30"],
        "workload": ["toy"] * 3,
        "mechanism": ["pool.map"] * 3,
        "start_method": ["fork"] * 3,
        "workers": [2] * 3,
        "chunk_size": [2] * 3,
        "worker": [0, 1, 0],
        "pid": [100, 101, 100],
        "tid": [100, 101, 100],
        "started_s": [1, 1.5, 2],
        "finished_s": [2, 3.5, 3],
        "received_s": [4, 4, 4],
        "cpu_s": [0.75, 2.5, 1],  # of two threads, say: more than the wall time
        "outcome": ["ok"] * 3,
        "result": ["1", "2", "3"],
    }
    made = frames.tasks_frame(finished, run=7)
    pd.testing.assert_frame_equal(made, typed(schema.TASKS, expected))


def test_a_run_of_three_tasks_gives_exactly_these_worker_rows(finished: Record) -> None:
    expected = {
        "run": [7, 7],
        "worker": [0, 1],
        "name": ["Worker-0", "Worker-1"],
        "pid": [100, 101],
        "tid": [100, 101],
        "requested_s": [0.1, 0.1],
        "booted_s": [0.2, 0.5],
        "first_task_s": [1, 1.5],
        "last_task_s": [3, 3.5],
        "ended_s": [4.1, 4.3],  # its own stamp before the guard's
        "exitcode": [0, 0],
        "tasks": [2, 1],
        "useful_s": [2, 2],
        "cpu_s": [1.75, 2.5],
        "waited_s": [0.25, NAN],
        "voluntary": [3, None],
        **{name: [None, None] for name in frames.COUNTED[1:]},  # what the system did not tell
    }
    usage = Usage(workers={0: {"waited_ns": 250_000_000, "voluntary": 3}})
    made = frames.workers_frame(replace(finished, usage=usage), run=7)
    pd.testing.assert_frame_equal(made, typed(schema.WORKERS, expected))


def test_the_row_of_a_run_holds_the_plan_and_what_was_measured(finished: Record) -> None:
    row = all_of(finished)["runs"].iloc[0]
    assert (row["workload"], row["input_set"], row["mechanism"]) == ("toy", "three", "pool.map")
    assert (row["workers"], row["chunk_size"], row["timeout_s"]) == (2, 2, 60)
    assert (row["ending"], row["message"], row["makespan_s"]) == ("finished", "", 4)
    # Both lanes were useful for 2 s of the 4: balanced, half of the time idle.
    assert (row["load_balance"], row["communication_efficiency"]) == (1, 0.5)
    assert (row["parallel_efficiency"], row["useful_s"]) == (0.5, 4)
    assert (row["cpu_s"], row["computing_s"]) == (4.25, 3.75)
    # The last task began at 2, so lane 0 waits 0.2-1 and 3-4, lane 1 0.5-1.5 and 3.5-4.
    assert row["startup_s"] == pytest.approx(0.7)
    assert row["gap_s"] == pytest.approx(1.8)
    assert row["tail_s"] == pytest.approx(1.5)
    assert (row["tasks"], row["ok"], row["missing"]) == (3, 3, 0)
    for unknown in ("baseline_s", "speedup", "efficiency", "computation_scaling"):
        assert math.isnan(row[unknown])
    assert row["answers_agree"] is pd.NA


def test_cpu_time_that_only_the_reading_took_is_not_the_task_s(stage: Stage) -> None:
    stage.task(0, stage.worker(lane=0, pid=1), 1, 1.0000003, cpu=0.0000012)
    cpu = frames.tasks_frame(stage.record())["cpu_s"]
    assert cpu[0] == pytest.approx(3e-7)


@pytest.mark.parametrize(
    ("of_the_host", "computing"), [(1.0, 1.0), (1.05, 1.0), (2.0, math.nan), (0, math.nan)]
)
def test_of_threads_it_is_told_whether_they_compute_where_nobody_else_did(
    tmp_path: Path, of_the_host: float, computing: float
) -> None:
    stage = Stage(tmp_path / "table", plan_of(10, mechanism="threads"))
    stage.task(0, stage.worker(lane=0, pid=1), 1, 3, received=3, cpu=1)
    row = all_of(stage.record(host_cpu_ns=at(of_the_host) - CALLED))["runs"].iloc[0]
    assert (row["useful_s"], row["cpu_s"]) == (2, 1)
    assert row["computing_s"] == pytest.approx(computing, nan_ok=True)


def test_of_a_task_that_was_cut_it_cannot_be_told_whether_it_computed(stage: Stage) -> None:
    worker = stage.worker(lane=0, pid=1)
    stage.task(0, worker, 1, 2, cpu=1)
    stage.task(1, worker, 2)
    row = all_of(stage.record(Ending.DEADLINE))["runs"].iloc[0]
    assert (row["useful_s"], row["cpu_s"]) == (3, 1)
    assert math.isnan(row["computing_s"])


@pytest.mark.parametrize("name", schema.TABLES)
def test_every_column_has_its_dtype_in_every_table(finished: Record, name: str) -> None:
    frame = all_of(finished)[name]
    wanted = [(column.name, column.dtype) for column in schema.TABLES[name]]
    assert [(column, str(dtype)) for column, dtype in frame.dtypes.items()] == wanted


@pytest.mark.parametrize("name", schema.TABLES)
def test_where_nothing_ever_happened_the_dtypes_are_the_same(stage: Stage, name: str) -> None:
    record = stage.record(Ending.CANCELLED, makespan=0)
    frame = all_of(record)[name]
    wanted = [(column.name, column.dtype) for column in schema.TABLES[name]]
    assert [(column, str(dtype)) for column, dtype in frame.dtypes.items()] == wanted
    assert len(frame) == {"tasks": 3, "workers": 0, "runs": 1}[name]


def test_a_task_that_never_began_has_no_lane_and_no_times(stage: Stage) -> None:
    record = stage.record(Ending.DEADLINE)
    tasks = frames.tasks_frame(record)
    for unknown in ("worker", "pid", "tid", "started_s", "finished_s", "received_s", "cpu_s"):
        assert tasks[unknown].isna().all()
    assert list(tasks["outcome"]) == ["timeout"] * 3
    assert list(tasks["result"]) == [""] * 3


def test_the_environment_goes_into_the_row_and_what_is_unknown_stays_empty(stage: Stage) -> None:
    record = stage.record(environment={"cpu_model": "Toy 1", "usable_cpus": 1.5, "gil": True})
    row = all_of(record)["runs"].iloc[0]
    assert (row["cpu_model"], row["usable_cpus"], row["gil"]) == ("Toy 1", 1.5, True)
    assert row["python"] == ""
    assert row["seed"] is pd.NA


def test_threads_have_no_start_method_and_a_chunk_size_of_one(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "table", plan_of(1, mechanism="threads", chunk_size=5))
    row = all_of(stage.record())["runs"].iloc[0]
    assert (row["start_method"], row["chunk_size"], row["workers"]) == ("", 1, 2)


def test_sequential_has_one_lane_whatever_was_asked_for(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "table", plan_of(1, mechanism="sequential", workers=5))
    assert all_of(stage.record())["runs"].iloc[0]["workers"] == 1


def test_the_row_of_a_run_says_what_was_not_recorded_and_what_was_left_behind(stage: Stage) -> None:
    stage.task(0, stage.worker(lane=0), 1, 2, received=2)
    record = stage.record(lost_workers=3, left_behind=2)
    tasks, workers = frames.tasks_frame(record), frames.workers_frame(record)
    row = frames.runs_frame(record, tasks, frames.intervals_frame(record, tasks, workers)).iloc[0]
    assert (row["lost_workers"], row["left_behind"]) == (3, 2)


def test_a_process_that_took_over_a_lane_has_a_row_of_its_own(stage: Stage) -> None:
    first = stage.worker(lane=0, pid=100, exited=1.5, exitcode=-9)
    second = stage.worker(lane=0, pid=102, requested=1.6, booted=1.7)
    stage.task(0, first, 1)
    stage.task(1, second, 2, 3, received=3)
    record = stage.record()
    workers, tasks = frames.workers_frame(record), frames.tasks_frame(record)
    assert list(workers["worker"]) == [0, 0]
    assert list(workers["pid"]) == [100, 102]
    assert list(tasks["pid"][:2]) == [100, 102]
