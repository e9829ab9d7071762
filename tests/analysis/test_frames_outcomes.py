"""Records made by hand -> the outcome of each task."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mpviz.analysis import frames
from mpviz.core.outcome import Ending
from tests.analysis.stage import Stage, outcomes, plan_of


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
