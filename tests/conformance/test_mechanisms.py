"""Every mechanism with every start method, over the same tasks: real processes, real stamps."""

import math
import multiprocessing
import os

import pytest

import mpviz
from mpviz import frames
from mpviz.mechanisms import MECHANISMS
from mpviz.workloads import is_prime

PRIMES = mpviz.input_set("prime_mixture").values
ROBUST = ("process", "pipe")  # notice a dead worker and go on with the others
HANGS = ("queue", "pool.map")  # wait for the dead worker's result for ever
CASES = [
    (name, method)
    for name, entry in MECHANISMS.items()
    for method in (multiprocessing.get_all_start_methods() if entry.processes else ["fork"])
]
every_mechanism = pytest.mark.parametrize(("mechanism", "start_method"), CASES)


def run(function, inputs, mechanism, start_method, **options):
    return mpviz.run(
        function, inputs, mechanism=mechanism, start_method=start_method, timeout=30, **options
    )


@pytest.fixture(scope="module")
def sequential():
    return mpviz.run(is_prime, PRIMES, mechanism="sequential")


@every_mechanism
def test_the_lesson_gives_ten_rows_and_nine_primes(mechanism, start_method, sequential):
    trace = run(is_prime, PRIMES, mechanism, start_method, workers=2)
    trace.baseline = sequential
    tasks, run_row = trace.tasks, trace.summary
    assert len(tasks) == 10
    assert list(tasks["outcome"]) == ["ok"] * 10
    assert list(tasks["result"]).count("true") == 9
    assert run_row["answers_agree"]
    assert (tasks["started_s"] >= 0).all()
    assert (tasks["finished_s"] > tasks["started_s"]).all()
    assert (tasks["received_s"] >= tasks["finished_s"]).all()
    assert (tasks["received_s"] <= run_row["makespan_s"] + 1e-9).all()
    assert (tasks["cpu_s"] <= tasks["finished_s"] - tasks["started_s"] + 1e-9).all()


@every_mechanism
def test_lanes_stay_within_workers_and_time_is_accounted_for(mechanism, start_method):
    trace = run(is_prime, range(40), mechanism, start_method, workers=3, chunk_size=2)
    lanes = trace.summary["workers"]
    assert trace.tasks["worker"].between(0, lanes - 1).all()
    assert trace.workers["worker"].between(0, lanes - 1).all()
    assert trace.workers["tasks"].sum() == 40
    inside = trace.intervals[trace.intervals["kind"] != "end"]
    told = (inside["end_s"] - inside["start_s"]).sum()
    assert math.isclose(told, lanes * trace.summary["makespan_s"], rel_tol=1e-9)


@every_mechanism
def test_the_clock_is_one_for_all_processes(mechanism, start_method):
    trace = run(is_prime, range(8), mechanism, start_method, workers=2)
    workers, tasks = trace.workers, trace.tasks
    assert (workers["requested_s"] >= 0).all()
    assert (workers["booted_s"] >= workers["requested_s"]).all()
    busy = workers[workers["tasks"] > 0]
    assert (busy["first_task_s"] >= busy["booted_s"]).all()
    assert (tasks["received_s"] >= tasks["finished_s"]).all()


@every_mechanism
def test_a_lambda_that_closes_over_a_value_travels(mechanism, start_method):
    offset = 7
    trace = run(lambda x: x + offset, range(4), mechanism, start_method, workers=2)
    assert list(trace.tasks["result"]) == ["7", "8", "9", "10"]


@every_mechanism
def test_what_tasks_print_is_kept_with_the_task(mechanism, start_method):
    def speak(x):
        print("task", x)
        print("no line end", end="")

    trace = run(speak, range(4), mechanism, start_method, workers=2)
    for task in range(4):
        said = [line.text for line in trace.output if line.task == task]
        assert said == [f"task {task}", "no line end"]


@every_mechanism
def test_a_raising_task_is_an_error_and_ends_the_call(mechanism, start_method):
    trace = run(lambda x: 1 // (x - 2), range(6), mechanism, start_method, workers=2)
    tasks = trace.tasks
    assert tasks["outcome"][2] == "error"
    assert tasks["result"][2].startswith("ZeroDivisionError")
    assert trace.summary["ending"] == "raised"
    assert "ZeroDivisionError" in trace.summary["message"]
    assert set(tasks["outcome"]) <= {"ok", "error", "missing"}


@every_mechanism
def test_a_killed_worker_is_known_and_nothing_hangs(mechanism, start_method):
    def die(x):
        if x == 2:
            os.kill(os.getpid(), 9)
        return x

    timeout = 1.5 if mechanism in HANGS else 30
    trace = mpviz.run(
        die, range(6), mechanism=mechanism, start_method=start_method, workers=2, timeout=timeout
    )
    outcomes = list(trace.tasks["outcome"])
    assert outcomes[2] == "died"
    assert len(outcomes) == 6
    assert (trace.summary["ending"] == "deadline") == (mechanism in HANGS)
    if mechanism in ROBUST:
        assert outcomes.count("ok") == 5
        assert trace.summary["ending"] == "finished"


@every_mechanism
def test_the_deadline_ends_it_and_what_was_done_is_kept(mechanism, start_method):
    def stick(x):
        import time

        time.sleep(60 if x == 1 else 0)
        return x

    trace = mpviz.run(
        stick, range(4), mechanism=mechanism, start_method=start_method, workers=2, timeout=1
    )
    assert trace.tasks["outcome"][1] == "timeout"
    assert set(trace.tasks["outcome"]) <= {"ok", "timeout"}
    assert trace.summary["ending"] == "deadline"
    assert 1 <= trace.summary["makespan_s"] < 2


@every_mechanism
def test_csv_written_and_read_is_the_same(mechanism, start_method, tmp_path):
    import pandas as pd

    trace = run(lambda x: f'{x}, "quoted"\n', range(3), mechanism, start_method, workers=2)
    trace.to_csv(tmp_path)
    back = mpviz.read_csv(tmp_path)
    for name in frames.TABLES:
        pd.testing.assert_frame_equal(back[name], getattr(trace, name))


def test_every_mechanism_shows_its_source_and_says_what_it_is_good_for():
    for entry in MECHANISMS.values():
        assert f"def {entry.function.__name__}" in entry.source
        assert entry.summary.endswith(".")
        assert len((entry.function.__doc__ or "").splitlines()) > 2


def test_a_mechanism_stays_short_enough_to_project():
    import inspect

    for entry in MECHANISMS.values():
        source = inspect.getsource(entry.function)
        body = source.split('"""')[2]
        assert len(body.strip().splitlines()) <= 20, entry.function.__name__
