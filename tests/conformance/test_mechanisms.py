"""Every mechanism with every start method, over the same tasks: real processes, real stamps.

A case is five runs, made once and asked by many tests; those that mostly wait for a deadline do so
beside the one that computes, so that 44 cases take two minutes on two CPUs.
"""

import functools
import inspect
import math
import multiprocessing
import os
import time
from typing import NamedTuple

import pandas as pd
import pytest

import mpviz
from mpviz.core import schema
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.mechanisms import MECHANISMS
from mpviz.workloads import is_prime
from tests.sampling import TENTH, sampled

PRIMES = sampled(TENTH, mpviz.input_set("prime_mixture").values)
NO_PRIME = PRIMES[4]
SILENT = "process.lesson"  # prints, and gives nothing back
RACES = "queue.lesson"  # may lose any task, so that it never runs
ROBUST = ("process", "process.lesson", "pipe")  # a dead worker harms no other task
HANGS_IF_KILLED = ("queue", "pipe.lesson", *(name for name in MECHANISMS if "pool." in name))
HANGS_IF_RAISED = ("pipe.lesson",)  # all others give the exception, or go on without the task
# Deadlines in seconds where a hang is expected (a spawned worker of a busy machine boots in two),
# where one is rare, and where none is.
HANG, RARE, AMPLE = {"fork": 2.0, "spawn": 4.0, "forkserver": 4.0}, 20.0, 60.0
CASES = [
    (name, method)
    for name, entry in MECHANISMS.items()
    for method in (multiprocessing.get_all_start_methods() if entry.processes else ["fork"])
]


def workloads(offset):
    """What tasks do; closures, that travel by value: by name, each worker would import pandas."""

    def speak(x):
        print("task", x)
        print("no line end", end="")
        return f'{x + offset}, "quoted"\n'

    def fail(x):
        return offset // x

    def die(x):
        if x == 0:
            os.kill(os.getpid(), 9)
        return x

    def stick(x):
        time.sleep(60 if x == 1 else 0)
        return x

    return speak, fail, die, stick


class Case(NamedTuple):
    """A mechanism and a start method, and the traces of what was run with them."""

    mechanism: str
    start_method: str
    lesson: mpviz.Trace
    small: mpviz.Trace
    raised: mpviz.Trace
    killed: mpviz.Trace
    stuck: mpviz.Trace


@functools.cache
def sequential():
    return mpviz.Trace(runner.start(Plan(is_prime, PRIMES, mechanism="sequential")).wait())


@pytest.fixture(scope="module", params=CASES, ids=" ".join)
def case(request):
    mechanism, start_method = request.param
    speak, fail, die, stick = workloads(offset=7)
    hang = HANG[start_method]

    def start(function, inputs, timeout=AMPLE, workers=2, chunk_size=1):
        plan = Plan(function, tuple(inputs), mechanism, workers, start_method, chunk_size, timeout)
        return runner.start(plan)

    def raising():
        return start(fail, range(4), hang if mechanism in HANGS_IF_RAISED else RARE)

    waiting = {
        "raised": raising(),
        "killed": start(die, range(4), hang if mechanism in HANGS_IF_KILLED else AMPLE),
        "stuck": start(stick, range(4), hang),
    }
    small = start(speak, range(7), workers=3, chunk_size=2).wait()
    waiting["lesson"] = start(is_prime, PRIMES)
    ended = {name: mpviz.Trace(running.wait()) for name, running in waiting.items()}
    ended["lesson"].baseline = sequential()
    if "pool." in mechanism and ended["raised"].summary["ending"] == "deadline":
        # An exception makes Pool kill its workers. Where it meets one between raising a semaphore
        # and waking who waits for it, `Pool.terminate` waits for ever: twice in 2,200 runs.
        ended["raised"] = mpviz.Trace(raising().wait())
    return Case(mechanism, start_method, small=mpviz.Trace(small), **ended)


def test_the_lesson_gives_ten_rows_and_nine_primes(case):
    tasks, summary = case.lesson.tasks, case.lesson.summary
    assert len(tasks) == 10
    assert summary["ending"] == "finished"
    arrived = tasks["outcome"] == "ok"
    if case.mechanism == SILENT:
        assert list(tasks["outcome"]) == ["missing"] * 10
        assert tasks["finished_s"].notna().all()
    elif case.mechanism == RACES:
        assert set(tasks["outcome"]) <= {"ok", "missing"}
    else:
        assert arrived.all()
    primes = [str(n != NO_PRIME).lower() for n in PRIMES]
    assert list(tasks["result"][arrived]) == [primes[task] for task in tasks["task"][arrived]]
    assert summary["answers_agree"] if arrived.any() else pd.isna(summary["answers_agree"])


def test_the_lesson_s_processes_print_ten_lines_nine_of_them_prime(case):
    said = sorted(line.text for line in case.lesson.output)
    if case.mechanism == SILENT:
        assert said == [f"{n} {'❌' if n == NO_PRIME else '✅'}" for n in sorted(PRIMES)]
    else:
        assert said == []


def test_a_task_starts_then_finishes_then_arrives_within_the_makespan(case):
    for trace in (case.lesson, case.small):
        tasks, makespan = trace.tasks, trace.summary["makespan_s"]
        begun = tasks[tasks["started_s"].notna()]
        assert case.mechanism == RACES or len(begun) == len(tasks)
        assert (begun["started_s"] >= 0).all()
        assert (begun["finished_s"] > begun["started_s"]).all()
        assert (begun["finished_s"] <= makespan + 1e-9).all()
        assert (begun["cpu_s"] >= 0).all()
        computing = trace.summary["computing_s"]
        assert pd.isna(computing) or 0 <= computing <= trace.summary["useful_s"] + 1e-9
        arrived = tasks[tasks["outcome"] == "ok"]
        assert (arrived["received_s"] >= arrived["finished_s"]).all()
        assert (arrived["received_s"] <= makespan + 1e-9).all()


def test_lanes_stay_within_workers(case):
    entry = MECHANISMS[case.mechanism]
    for trace, workers in ((case.lesson, 2), (case.small, 3), (case.killed, 2), (case.stuck, 2)):
        lanes = len(trace.tasks) if entry.one_each else workers if entry.parallel else 1
        assert trace.summary["workers"] == lanes
        assert trace.tasks["worker"].dropna().between(0, lanes - 1).all()
        assert trace.workers["worker"].between(0, lanes - 1).all()
        assert trace.workers["tasks"].sum() == trace.tasks["started_s"].notna().sum()


def test_time_is_accounted_for_exactly(case):
    for trace in (case.lesson, case.small, case.raised, case.killed, case.stuck):
        inside = trace.intervals[trace.intervals["kind"] != "end"]
        told = (inside["end_s"] - inside["start_s"]).sum()
        whole = trace.summary["workers"] * trace.summary["makespan_s"]
        assert math.isclose(told, whole, rel_tol=1e-9)


def test_the_clock_is_one_for_all_processes(case):
    for trace in (case.lesson, case.small):
        workers = trace.workers
        booted = workers[workers["booted_s"].notna()]
        assert (workers["requested_s"] >= 0).all()
        assert (booted["booted_s"] >= booted["requested_s"]).all()
        busy = workers[workers["tasks"] > 0]
        assert (busy["first_task_s"] >= busy["booted_s"]).all()


def test_a_closure_travels_and_answers(case):
    arrived = case.small.tasks[case.small.tasks["outcome"] == "ok"]
    for task, result in zip(arrived["task"], arrived["result"], strict=True):
        assert result == f'"{task + 7}, \\"quoted\\"\\n"'
    if case.mechanism not in (SILENT, RACES):
        assert len(arrived) == 7


def test_what_tasks_print_is_kept_with_the_task(case):
    for task in case.small.tasks["task"][case.small.tasks["started_s"].notna()]:
        said = [line.text for line in case.small.output if line.task == task]
        assert said == [f"task {task}", "no line end"]


def test_csv_written_and_read_is_the_same(case, tmp_path):
    case.small.to_csv(tmp_path)
    back = mpviz.read_csv(tmp_path)
    for name in schema.TABLES:
        pd.testing.assert_frame_equal(back[name], getattr(case.small, name))


def begun_at_all(case, trace):
    """Whether task 0 ever ran: nothing but the lesson's race may keep it from that."""
    begun = trace.tasks["started_s"].notna()[0]
    assert begun or case.mechanism == RACES
    return begun


def test_a_raising_task_is_an_error_and_ends_the_call_unless_the_lesson_overlooks_it(case):
    tasks, summary = case.raised.tasks, case.raised.summary
    hangs = case.mechanism in HANGS_IF_RAISED
    overlooked = case.mechanism in (SILENT, RACES)
    assert summary["ending"] == ("deadline" if hangs else "finished" if overlooked else "raised")
    if begun_at_all(case, case.raised):
        assert tasks["outcome"][0] == "error"
        assert tasks["result"][0].startswith("ZeroDivisionError")
    if summary["ending"] == "raised":
        assert "ZeroDivisionError" in summary["message"]
    assert set(tasks["outcome"]) <= {"ok", "error", "timeout" if hangs else "missing"}


def test_a_killed_worker_is_known_and_nothing_hangs_past_the_deadline(case):
    outcomes, ending = list(case.killed.tasks["outcome"]), case.killed.summary["ending"]
    assert len(outcomes) == 4
    if begun_at_all(case, case.killed):
        assert outcomes[0] == "died"
    assert (ending == "deadline") == (case.mechanism in HANGS_IF_KILLED)
    if case.mechanism in (*ROBUST, RACES):
        assert ending == "finished"
    if case.mechanism in ROBUST:
        assert outcomes[1:] == ["missing" if case.mechanism == SILENT else "ok"] * 3


def test_the_deadline_ends_it_and_what_was_done_is_kept(case):
    outcomes, summary = case.stuck.tasks["outcome"], case.stuck.summary
    if case.mechanism == RACES and outcomes[1] == "missing":  # it was lost before it could stick
        assert summary["ending"] == "finished"
        return
    assert outcomes[1] == "timeout"
    assert set(outcomes) <= {"ok", "timeout"}
    assert summary["ending"] == "deadline"
    hang = HANG[case.start_method]
    assert hang <= summary["makespan_s"] < hang + 2


def test_every_mechanism_shows_its_source_and_says_what_it_is_good_for():
    for name, entry in MECHANISMS.items():
        assert f"def {entry.function.__name__}" in entry.source
        assert entry.function.__name__ == name.replace(".", "_")
        assert entry.summary.endswith(".")
        assert len((entry.function.__doc__ or "").splitlines()) > 2


def test_a_mechanism_stays_short_enough_to_project():
    for entry in MECHANISMS.values():
        source = inspect.getsource(entry.function)
        body = source.split('"""')[2]
        assert len(body.strip().splitlines()) <= 20, entry.function.__name__


def test_a_mechanism_knows_of_no_measuring():
    for entry in MECHANISMS.values():
        assert "perf_counter" not in entry.source
        assert "mpviz.engine.recording" not in inspect.getsource(inspect.getmodule(entry.function))
