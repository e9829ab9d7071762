"""`mpviz run`: what it prints where, and with which exit status."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import mpviz
from mpviz.analysis.trace import Trace
from mpviz.cli.report import NO_GIL, report
from mpviz.core.plan import DEFAULT_START_METHOD
from tests.cli.conftest import FULL, HEED_CTRL_C, MPVIZ, needs_full, shell

pytestmark = pytest.mark.process


def test_a_run_reports_in_words_and_numbers_and_its_csv_reads_back(tmp_path: Path) -> None:
    done = shell("run", "busy", "--workers", "2", "--csv", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 workers (pool.map) took ")
    for name in ("makespan", "speedup", "efficiency", "load balance", "answers agree  yes"):
        assert name in done.stdout
    assert "tasks ok       10 of 10" in done.stdout
    assert "nan" not in done.stdout
    assert list(mpviz.read_csv(tmp_path / "out")["tasks"]["outcome"]) == ["ok"] * 10


def test_json_is_one_object_a_run_on_standard_output_and_nothing_else(mine: Path) -> None:
    done = shell(
        "run", "mine_for_a_test:double", "--json", "--input-set", "numbers.txt",
        "--mechanism", "queue", "--start-method", "spawn", "--chunk-size", "3", cwd=mine,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert (row["tasks"], row["ok"], row["answers_agree"]) == (2, 2, True)
    assert (row["mechanism"], row["start_method"], row["workers"]) == ("queue", "spawn", 2)
    assert row["sentence"].startswith("2 workers (queue) took ")
    assert row["failed"] == []
    assert (row["workload"], row["input_set"]) == ("mine_for_a_test:double", "numbers.txt")


def test_a_function_of_the_current_folder_runs_and_what_it_prints_is_shown(mine: Path) -> None:
    done = shell(
        "run", "mine_for_a_test:double", "--input-set", "numbers.txt", "--mechanism",
        "sequential", cwd=mine,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "printed by the tasks:\n  doubling 50\n  doubling 51" in done.stdout


def test_where_tasks_fail_the_exit_status_is_1_and_the_report_says_which(mine: Path) -> None:
    done = shell(
        "run", "mine_for_a_test:fail", "--input-set", "numbers.txt", "--mechanism", "pipe",
        cwd=mine,
    )  # fmt: skip
    assert done.returncode == 1
    assert "1 raised an exception" in done.stdout
    assert "ZeroDivisionError" in done.stdout
    assert "(input 50) raised ZeroDivisionError" in done.stdout
    assert "return 1 // (x - 50)" in done.stdout
    assert "Traceback" not in done.stderr


def test_where_the_deadline_ends_it_the_exit_status_is_1() -> None:
    done = shell("run", "sleep", "--timeout", "0.2", "--mechanism", "sequential")
    assert done.returncode == 1
    assert "deadline of 200 ms" in done.stdout


def test_in_a_pipe_progress_is_plain_lines_on_standard_error(mine: Path) -> None:
    done = shell(
        "run", "mine_for_a_test:slow", "--input-set", "numbers.txt", "--mechanism", "sequential",
        cwd=mine,
    )  # fmt: skip
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert lines
    assert lines[0] == "mpviz: mine_for_a_test:slow sequential: 0 of 2 tasks"
    assert "\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize("mechanism", ["sequential", "threads"])
def test_ctrl_c_cancels_and_the_exit_status_is_1(mine: Path, mechanism: str) -> None:
    """Sequential is the run itself; before threads it is the baseline that is under way."""
    (mine / "long.txt").write_text("20000\n20000\n")
    program = subprocess.Popen(
        [
            *(sys.executable, "-c", HEED_CTRL_C),
            *("run", "sleep", "--mechanism", mechanism, "--input-set", "long.txt"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=mine,
    )
    try:
        me, end = psutil.Process(program.pid), time.monotonic() + 20
        while len(me.children(recursive=True)) < 2 and time.monotonic() < end:  # guard, host
            time.sleep(0.02)
        time.sleep(0.3)
        os.kill(program.pid, signal.SIGINT)
        out, err = program.communicate(timeout=5)
    finally:
        program.kill()
        program.communicate()
    assert program.returncode == 1
    assert "cancelled" in out + err
    assert "Traceback" not in err


def test_a_csv_that_fails_after_the_run_is_said_and_the_exit_status_is_1(mine: Path) -> None:
    """The workload takes the folder's place meanwhile."""
    done = shell(
        "run", "mine_for_a_test:usurp", "--input-set", "numbers.txt", "--mechanism", "sequential",
        "--csv", "out", cwd=mine,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("mpviz: The CSV can't be written to out: ")
    assert len(done.stderr.splitlines()) == 1
    assert "tasks ok       2 of 2" in done.stdout


def test_where_the_answers_differ_the_exit_status_is_1_and_the_report_says_so(mine: Path) -> None:
    done = shell("run", "mine_for_a_test:moody", "--input-set", "numbers.txt", cwd=mine)
    assert done.returncode == 1, done.stderr
    assert "Its answers differ from the sequential run's: 2 of 2 answers" in done.stdout
    assert "answers agree  NO" in done.stdout


def test_a_baseline_that_did_not_end_well_is_said_and_the_exit_status_is_1(mine: Path) -> None:
    """Two tasks of 2.5 s: alone they do not make the deadline, side by side they do."""
    done = shell(
        "run", "mine_for_a_test:slow", "--input-set", "numbers.txt", "--timeout", "4", "--json",
        cwd=mine,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    row = json.loads(done.stdout)
    assert row["ok"] == row["tasks"]
    assert "The sequential run did not end well: 1 of 2 tasks ended well" in row["sentence"]


def test_the_failing_task_is_named_with_its_input(mine: Path) -> None:
    done = shell("run", "mine_for_a_test:fail", "--input-set", "numbers.txt", cwd=mine)
    assert done.returncode == 1
    assert "Task 0 (input 50) raised ZeroDivisionError: " in done.stdout


@needs_full
def test_where_nobody_can_be_told_of_the_progress_the_run_goes_on(mine: Path) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [*MPVIZ, "run", "mine_for_a_test:slow", "--input-set", "numbers.txt", "--mechanism",
             "sequential"],
            stdout=subprocess.PIPE, stderr=full, text=True, check=False, cwd=mine,
        )  # fmt: skip
    assert done.returncode == 0
    assert "tasks ok       2 of 2" in done.stdout


def test_a_terminal_without_the_characters_gets_the_report_all_the_same(mine: Path) -> None:
    done = subprocess.run(
        [*MPVIZ, "run", "mine_for_a_test:accent", "--mechanism", "sequential", "--input-set",
         "numbers.txt"],
        capture_output=True, env=os.environ | {"PYTHONIOENCODING": "ascii"}, check=False, cwd=mine,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"\\xe9" in done.stdout


def test_without_a_start_method_it_is_this_pythons_own_and_a_gil_is_not_mentioned(
    mine: Path,
) -> None:
    numbers = ["--input-set", "numbers.txt", "--mechanism", "process"]
    done = shell("run", "mine_for_a_test:double", *numbers, "--json", cwd=mine)
    row = json.loads(done.stdout)
    assert row["start_method"] == DEFAULT_START_METHOD
    said = shell("run", "mine_for_a_test:double", *numbers, cwd=mine).stdout
    assert (NO_GIL in said) is not row["gil"]


def test_a_run_without_the_gil_says_so() -> None:
    trace = mpviz.run(abs, [1, 2], mechanism="sequential")
    environment = trace.record.environment | {"gil": False}
    without = Trace(dataclasses.replace(trace.record, environment=environment))
    assert "\nThis Python runs without the GIL.\n\nmakespan" in report(without)


@pytest.mark.process
def test_what_a_spawned_worker_imports_is_said_on_demand() -> None:
    done = shell("run", "busy", "--mechanism", "threads", "--imports")
    assert done.returncode == 0, done.stderr
    assert "A spawned worker imports for " in done.stdout.splitlines()[-1]
