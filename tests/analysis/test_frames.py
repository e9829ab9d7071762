"""Records made by hand -> frames."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mpviz.analysis import frames
from mpviz.core import schema
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.engine.recording.table import (
    BOOTED,
    CPU,
    DONE,
    EXITCODE,
    EXITED,
    FAILED,
    FINISHED,
    PID,
    RECEIVED,
    RUNNING,
    STARTED,
    STATE,
    STOPPED,
    TID,
    TraceTable,
)

CALLED = 5_000_000_000  # the clock when the mechanism was called
SECOND = 10**9
NAN = math.nan
Scene = Callable[..., Record]


class Stage:
    """A trace table to write in; all times in seconds since the call."""

    def __init__(self, path: Path, plan: Plan, rows: int = 8) -> None:
        self.plan = plan
        self.table = TraceTable.create(path, tasks=len(plan.inputs), workers=rows)

    def worker(
        self,
        *,
        lane: int,
        pid: int = 0,
        requested: float = 0.1,
        booted: float | None = 0.2,
        stopped: float | None = None,
        exited: float | None = None,
        exitcode: int | None = None,
    ) -> int:
        row = self.table.claim(name=f"Worker-{lane}", lane=lane, requested=at(requested))
        begin, words = self.table.worker(row), self.table.words
        words[begin + PID] = words[begin + TID] = pid
        for cell, moment in ((BOOTED, booted), (STOPPED, stopped), (EXITED, exited)):
            if moment is not None:
                words[begin + cell] = at(moment)
        if exitcode is not None:
            words[begin + EXITCODE] = exitcode
        return row

    def task(
        self,
        index: int,
        worker: int,
        started: float,
        finished: float | None = None,
        *,
        received: float | None = None,
        cpu: float = 0.0,
        failed: bool = False,
    ) -> None:
        begin, words = self.table.task(index), self.table.words
        words[begin + STARTED] = at(started)
        state = RUNNING
        if finished is not None:
            words[begin + FINISHED] = at(finished)
            words[begin + CPU] = round(cpu * SECOND)
            state = FAILED if failed else DONE
        if received is not None:
            words[begin + RECEIVED] = at(received)
        words[begin + STATE] = worker << 2 | state

    def record(
        self, ending: Ending = Ending.FINISHED, makespan: float = 4.0, **more: Any
    ) -> Record:
        made = Record(
            plan=self.plan,
            ending=ending,
            called_ns=CALLED,
            ended_ns=at(makespan),
            tasks=self.table.task_bytes(),
            workers=self.table.worker_bytes(),
            **more,
        )
        self.table.close()
        return made


def at(seconds: float) -> int:
    return CALLED + round(seconds * SECOND)


def plan_of(*inputs: Any, **options: Any) -> Plan:
    options = {"mechanism": "pool.map", "workers": 2, "workload": "toy"} | options
    return Plan(abs, inputs, **options)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "table", plan_of(10, 20, 30, chunk_size=2, input_set="three"))


@pytest.fixture
def finished(stage: Stage) -> Record:
    """Three tasks on two workers, all well."""
    first = stage.worker(lane=0, pid=100, stopped=4.1, exited=4.2, exitcode=0)
    second = stage.worker(lane=1, pid=101, booted=0.5, exited=4.3, exitcode=0)
    stage.task(0, first, 1, 2, received=4, cpu=0.75)
    stage.task(1, second, 1.5, 3.5, received=4, cpu=2.5)
    stage.task(2, first, 2, 3, received=4, cpu=1)
    return stage.record(results={0: "1", 1: "2", 2: "3"})


def typed(columns: tuple[schema.Column, ...], data: dict[str, list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        {column.name: pd.array(data[column.name], dtype=column.dtype) for column in columns}
    )


def outcomes(record: Record) -> list[str]:
    return list(frames.tasks_frame(record)["outcome"])


def all_of(record: Record, **options: Any) -> dict[str, pd.DataFrame]:
    tasks, workers = frames.tasks_frame(record), frames.workers_frame(record)
    intervals = frames.intervals_frame(record, tasks, workers)
    runs = frames.runs_frame(record, tasks, intervals, **options)
    return {"tasks": tasks, "workers": workers, "runs": runs}


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
    }
    made = frames.workers_frame(finished, run=7)
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


def test_a_task_under_way_when_its_worker_ended_died(stage: Stage) -> None:
    killed = stage.worker(lane=0, pid=100, exited=2, exitcode=-9)
    alive = stage.worker(lane=1, pid=101)
    stage.task(0, killed, 1)
    stage.task(1, alive, 1)
    record = stage.record(Ending.DEADLINE)
    assert outcomes(record) == ["died", "timeout", "timeout"]


@pytest.mark.parametrize(
    "end", [{"stopped": 2}, {"exited": 2}, {"exitcode": -9}, {"exitcode": 0}, {"exitcode": 1}]
)
def test_any_one_sign_that_a_worker_is_over_is_enough(stage: Stage, end: dict[str, Any]) -> None:
    stage.task(0, stage.worker(lane=0, pid=100, **end), 1)
    assert outcomes(stage.record(Ending.CANCELLED))[0] == "died"


def test_what_a_dead_worker_had_finished_did_not_die(stage: Stage) -> None:
    killed = stage.worker(lane=0, pid=100, exited=3, exitcode=-9)
    stage.task(0, killed, 0, 1, received=1.5)
    stage.task(1, killed, 1, 2)
    assert outcomes(stage.record(Ending.FINISHED))[:2] == ["ok", "missing"]


def test_workers_that_a_raising_call_terminates_did_not_die(stage: Stage) -> None:
    failing = stage.worker(lane=0, pid=100, exited=3, exitcode=-15)
    terminated = stage.worker(lane=1, pid=101, exited=3, exitcode=-15)
    stage.task(0, failing, 1, 2, failed=True)
    stage.task(1, terminated, 1)
    record = stage.record(Ending.RAISED, errors={0: "ValueError: no"}, message="ValueError: no")
    assert outcomes(record) == ["error", "missing", "missing"]


@pytest.mark.parametrize("ending", [Ending.FINISHED, Ending.DEADLINE, Ending.CANCELLED])
def test_a_worker_terminated_while_the_call_went_on_died(stage: Stage, ending: Ending) -> None:
    stage.task(0, stage.worker(lane=0, pid=100, exited=2, exitcode=-15), 1)
    assert outcomes(stage.record(ending))[0] == "died"


def test_of_a_raising_call_a_worker_that_was_killed_still_died(stage: Stage) -> None:
    stage.task(0, stage.worker(lane=0, pid=100, exited=2, exitcode=-9), 1)
    assert outcomes(stage.record(Ending.RAISED))[0] == "died"


@pytest.mark.parametrize(("exited", "outcome"), [(2, "died"), (9, "missing")])
def test_of_a_raising_call_a_worker_that_ended_after_it_went_with_the_program(
    stage: Stage, exited: float, outcome: str
) -> None:
    stage.task(0, stage.worker(lane=0, pid=100, exited=exited), 1)
    assert outcomes(stage.record(Ending.RAISED))[0] == outcome


def test_while_it_runs_tasks_are_running_ok_error_died_or_not_yet_anything(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "table", plan_of(0, 1, 2, 3, 4))
    alive = stage.worker(lane=0, pid=100)
    killed = stage.worker(lane=1, pid=101, exited=2)
    stage.task(0, alive, 0, 1)
    stage.task(1, alive, 1, 2, failed=True)
    stage.task(2, alive, 2)
    stage.task(3, killed, 1)
    record = stage.record(Ending.RUNNING)
    assert outcomes(record) == ["ok", "error", "running", "died", ""]


def test_an_error_shows_its_exception_in_place_of_a_result(stage: Stage) -> None:
    stage.task(0, stage.worker(lane=0), 0, 1, failed=True)
    record = stage.record(Ending.RAISED, errors={0: "ValueError: no", -1: "outside"})
    tasks = frames.tasks_frame(record)
    assert list(tasks["result"]) == ["ValueError: no", "", ""]
    assert list(tasks["outcome"]) == ["error", "missing", "missing"]


def test_a_task_of_a_worker_without_a_row_has_its_times_but_no_lane(stage: Stage) -> None:
    stage.task(0, -1, 1, 2, received=2)
    record = stage.record(lost_workers=1)
    row = frames.tasks_frame(record).iloc[0]
    assert (row["started_s"], row["finished_s"], row["outcome"]) == (1, 2, "ok")
    assert row["worker"] is pd.NA


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


def both_lanes(stage: Stage, cpu: float, environment: dict[str, Any]) -> Record:
    """Three tasks of two seconds each, of which `cpu` is computing, in four seconds."""
    for lane in (0, 1):
        stage.worker(lane=lane, pid=100 + lane)
    for index, (lane, begin) in enumerate(((0, 0), (1, 0), (0, 2))):
        stage.task(index, lane, begin, begin + 2, received=begin + 2, cpu=2 * cpu)
    return stage.record(environment=environment)


def sequential_of(record: Record, makespan: float = 6.0) -> tuple[Record, pd.DataFrame]:
    before = replace(
        record,
        plan=replace(record.plan, mechanism="sequential"),
        ended_ns=at(makespan),
    )
    return before, frames.tasks_frame(before)


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
    row = all_of(finished, baseline=(nothing, frames.tasks_frame(nothing)))["runs"].iloc[0]
    assert row["answers_agree"] is pd.NA
