"""What tasks and their children write: whose it is, and how much of it is kept."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import mpviz
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.engine.recording.raw import NOT_KEPT, own_file
from tests.waiting import until

METHODS = ("fork", "spawn", "forkserver")


@pytest.mark.process
@pytest.mark.parametrize("method", METHODS)
def test_what_a_killed_worker_wrote_is_of_the_task_it_was_killed_in(method: str) -> None:
    def write(number: int) -> int:
        import signal
        import time

        os.write(1, b"of %d\n" % number)
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 3:
            time.sleep(60)
        return number

    trace = mpviz.run(
        write, [1, 2, 3], mechanism="process", workers=1, start_method=method, timeout=2
    )
    assert list(trace.tasks["outcome"]) == ["ok", "died", "timeout"]
    said = {(line.task, line.text) for line in trace.output}
    assert said == {(0, "of 1"), (1, "of 2"), (2, "of 3")}


@pytest.mark.process
def test_what_is_written_between_two_tasks_is_of_no_task(tmp_path: Path) -> None:
    begun = tmp_path / "begun"

    def leave_one_behind(number: int) -> int:
        import time

        if number == 0:
            while not begun.exists():  # so that no worker takes both tasks
                time.sleep(0.01)
            subprocess.Popen(["sh", "-c", "sleep 0.2; echo late"])
        elif number == 1:
            begun.touch()
            time.sleep(0.5)  # it writes meanwhile, in another worker
        return number

    trace = mpviz.run(leave_one_behind, [0, 1], mechanism="pool.map", workers=2, timeout=20)
    assert [(line.task, line.text) for line in trace.output] == [(-1, "late")]


@pytest.mark.process
def test_what_a_task_forks_does_not_tell_what_it_wrote_twice() -> None:
    def fork(_: int) -> None:

        os.write(1, b"parent\n")
        if not os.fork():
            print("child", flush=True)
            os._exit(0)
        os.wait()

    trace = mpviz.run(fork, [0], mechanism="process", workers=1, timeout=20)
    assert sorted((line.task, line.text) for line in trace.output) == [(0, "child"), (0, "parent")]


@pytest.mark.process
@pytest.mark.parametrize("mechanism", ["sequential", "pool.map"])
def test_of_very_much_that_is_written_the_first_mebibyte_is_kept_and_the_rest_said_to_be_lost(
    mechanism: str,
) -> None:
    def flood(number: int) -> int:

        subprocess.run(["head", "-c", "50000000", "/dev/zero"], check=True)
        return number

    trace = mpviz.run(flood, [0, 1], mechanism=mechanism, workers=2, timeout=30)
    assert list(trace.tasks["outcome"]) == ["ok", "ok"]
    *kept, last = trace.output
    assert 2**20 <= sum(len(line.text) for line in kept) <= 2 * 2**20
    assert (last.task, last.text) == (-1, NOT_KEPT)


@pytest.mark.process
@pytest.mark.parametrize("mechanism", ["sequential", "process"])
def test_a_child_that_writes_without_end_does_not_fill_the_disk(mechanism: str) -> None:
    def flood(_: int) -> None:

        subprocess.run(["yes"], check=True)

    running = runner.start(Plan(flood, (0,), mechanism=mechanism, timeout=30))
    path = running.folder / ("host.log" if mechanism == "sequential" else "raw/0")
    most = 0

    def cut_back() -> bool:
        nonlocal most
        size = path.stat().st_size if path.exists() else 0
        most = max(most, size)
        return size < most

    until(cut_back)
    running.cancel()
    record = running.wait(20)
    assert record.ending is Ending.CANCELLED
    assert {line.task for line in record.output[:-1]} == {0}
    assert sum(len(line.text) for line in record.output[:-1]) <= 2**20
    assert record.output[-1].text == NOT_KEPT


def test_a_worker_without_room_for_a_file_of_its_own_works_all_the_same(tmp_path: Path) -> None:
    assert own_file(tmp_path / "nowhere", 3) is None
