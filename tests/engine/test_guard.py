"""The guard: whatever a run started is gone when the run is over, however it ends."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.engine.recording.table import TraceTable
from tests.engine.runs import (
    KERNEL,
    SLEEP,
    SOON,
    Start,
    by_value,
    daemon,
    gone,
    outcomes,
    tagged,
)
from tests.waiting import until

pytestmark = pytest.mark.process


def child(flag: str) -> None:
    """A task that starts a program and waits for it."""
    import pathlib
    import subprocess

    with subprocess.Popen(["sleep", "60"]):
        pathlib.Path(flag).touch()


@pytest.mark.timed
@pytest.mark.parametrize("mechanism", ["process", "threads", "pool.map", "executor.map"])
@pytest.mark.parametrize("task", [child, daemon])
def test_what_a_task_started_is_gone_with_the_run(
    started: Start,
    tmp_path: Path,
    mechanism: str,
    task: Callable[[str], None],
) -> None:
    flags = [tmp_path / "one", tmp_path / "two"]
    running = started(by_value(task), *map(str, flags), mechanism=mechanism)
    until(lambda: all(flag.exists() for flag in flags))
    name, began = running.folder.name, time.monotonic()
    assert len(tagged(name)) >= 4
    running.cancel()
    record = running.wait(10)
    left = tagged(name)
    assert time.monotonic() - began < SOON
    assert not left
    assert not running.folder.exists()
    assert outcomes(record) == ["cancelled"] * 2


def test_what_a_task_left_behind_is_gone_when_the_run_finishes(
    started: Start, tmp_path: Path
) -> None:
    def leave(x: int) -> int:
        import subprocess

        subprocess.Popen(["sleep", "60"], start_new_session=True)
        return x

    running = started(leave, 1, 2, mechanism="pipe")
    record = running.wait(10)
    assert record.ending is Ending.FINISHED
    assert not tagged(running.folder.name)


RNG = random.Random(20)
MOMENTS = [round(RNG.uniform(0, 0.6), 3) for _ in range(4)]
MECHANISMS = ["pool.map", "process", "threads", "queue"]


@pytest.mark.timed
@pytest.mark.parametrize(("mechanism", "moment"), list(zip(MECHANISMS, MOMENTS, strict=True)))
def test_when_the_kernel_is_killed_everything_is_gone_at_once(
    mechanism: str, moment: float
) -> None:
    kernel = subprocess.Popen([sys.executable, "-c", KERNEL, mechanism], stdout=subprocess.PIPE)
    try:
        assert kernel.stdout is not None
        name = kernel.stdout.readline().decode().strip()
        time.sleep(moment)
    finally:
        kernel.kill()
        kernel.communicate()
    assert Path(name).is_relative_to(tempfile.gettempdir())
    assert gone(name) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_guard_does_not_die_of_a_polite_signal(started: Start, number: signal.Signals) -> None:
    running = started(SLEEP, 300, 300)
    until(lambda: "running" in outcomes(running.snapshot()))
    os.kill(running._guard.pid, number)
    assert running.wait(10).ending is Ending.FINISHED


@pytest.mark.timed
@pytest.mark.parametrize("mechanism", ["pool.map", "process", "executor.map", "threads"])
def test_when_the_guard_is_killed_the_kernel_sweeps(tmp_path: Path, mechanism: str) -> None:
    flags = [tmp_path / "one", tmp_path / "two"]
    plan = Plan(by_value(daemon), tuple(map(str, flags)), mechanism, workers=2, timeout=20)
    running = runner.start(plan)
    until(lambda: all(flag.exists() for flag in flags))
    name = running.folder.name
    assert len(tagged(name)) >= 4
    began = time.monotonic()
    os.kill(running._guard.pid, signal.SIGKILL)
    record = running.wait(10)
    assert time.monotonic() - began < SOON
    assert tagged(name) == []
    assert not running.folder.exists()
    assert record.ending is Ending.HOST_DIED
    assert record.message == "the guard of the run was killed"
    assert outcomes(record) == ["died", "died"]


def test_when_kernel_and_guard_are_killed_the_next_run_clears_away(
    started: Start,
) -> None:
    kernel = subprocess.Popen([sys.executable, "-c", KERNEL, "queue"], stdout=subprocess.PIPE)
    assert kernel.stdout is not None
    left = Path(kernel.stdout.readline().decode().strip())
    until(lambda: len(tagged(left.name)) >= 4)
    guards = [int(one.split()[0]) for one in tagged(left.name) if "mpviz.engine.guard" in one]
    kernel.kill()
    for pid in guards:
        os.kill(pid, signal.SIGKILL)
    kernel.communicate()
    until(lambda: not any("mpviz.engine.guard" in one for one in tagged(left.name)))
    started(SLEEP, 1).wait(10)
    assert gone(str(left)) == []


def test_a_folder_that_is_in_use_is_not_cleared_away(
    started: Start,
) -> None:
    running = started(SLEEP, 60_000)
    os.utime(running.folder, (0, 0))
    started(SLEEP, 1).wait(10)
    assert running.folder.exists()
    assert not running.done


def test_processes_left_behind_are_counted(started: Start) -> None:
    def leave(x: int) -> int:
        import subprocess

        subprocess.Popen(["sleep", "60"], start_new_session=True)
        return x

    assert started(leave, 1, 2, mechanism="queue").wait(10).left_behind == 2
    for method in ("fork", "spawn", "forkserver"):
        assert started(abs, 1, 2, start_method=method).wait(10).left_behind == 0


def guard_alone(folder: Path) -> dict[str, Any]:
    """What a guard reports of a folder, and that it leaves none."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "mpviz.engine.guard",
        folder,
        str(os.getpid()),
        "5",
        "1000000",
    ]
    done = subprocess.run(
        command,
        input=b"q",
        capture_output=True,
        timeout=20,
        check=True,
        env=os.environ | {"MPVIZ_RUN": folder.name},
    )
    assert not folder.exists()
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_a_guard_that_finds_no_table_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    report = guard_alone(folder)
    assert report["ending"] == Ending.HOST_DIED
    assert report["fault"].startswith("FileNotFoundError")


def test_a_guard_that_cannot_start_its_host_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "host.log").mkdir(parents=True)
    TraceTable.create(folder / "table", tasks=1, workers=1).close()
    report = guard_alone(folder)
    assert report["ending"] == Ending.HOST_DIED
    assert report["fault"].startswith("IsADirectoryError")


WITHOUT_THE_RIGHT = """
import json, sys
from mpviz.engine import runner
from mpviz.engine.recording.table import TraceTable
from mpviz.core.plan import Plan

def leave(flag):
    import pathlib, subprocess, sys, time
    code = "import os, sys, time; os.setuid(65534); print(flush=True); time.sleep(60)"
    one = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    one.stdout.readline()
    pathlib.Path(flag).write_text(str(one.pid))
    time.sleep(60)

record = runner.start(Plan(leave, (sys.argv[1],), sys.argv[2], timeout=1.0)).wait(30)
print(json.dumps([record.ending, record.message, record.survivors]))
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can be somebody else"
)
@pytest.mark.parametrize("mechanism", ["process", "sequential"])
def test_a_process_that_cannot_be_ended_is_named_and_the_run_ends_all_the_same(
    tmp_path: Path, mechanism: str
) -> None:
    flag = tmp_path / "pid"
    command = [sys.executable, "-c", WITHOUT_THE_RIGHT, str(flag), mechanism]
    began = time.monotonic()
    try:
        done = subprocess.run(
            ["setpriv", "--bounding-set", "-kill", "--inh-caps", "-kill", *command],
            stdout=subprocess.PIPE,
            timeout=30,
            check=True,
        )
        took = time.monotonic() - began
        pid = int(flag.read_text())
        assert psutil.pid_exists(pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(flag.read_text()), signal.SIGKILL)
    ending, message, survivors = json.loads(done.stdout)
    assert ending == Ending.DEADLINE
    assert [name.split()[0] for name in survivors] == [str(pid)]
    assert message == f"could not be ended: {survivors[0]}"
    assert took < 10


def test_a_host_that_never_calls_its_mechanism_is_ended(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        def __reduce__(self) -> Any:
            return (eval, ("__import__('time').sleep(60)",))

        def __call__(self, x: int) -> int:
            return x

    running = started(Slow(), 1)
    time.sleep(0.4)
    running.cancel()
    record = running.wait(10)
    assert record.ending is Ending.CANCELLED
    assert outcomes(record) == ["cancelled"]
    assert not tagged(running.folder.name)


@pytest.mark.timed
def test_a_stopped_worker_does_not_keep_the_run_from_ending(
    started: Start,
) -> None:
    def stop(x: int) -> int:
        import os
        import signal

        os.kill(os.getpid(), signal.SIGSTOP)
        return x

    running = started(stop, 1, 2, mechanism="process")
    until(lambda: outcomes(running.snapshot()) == ["running"] * 2)
    began = time.monotonic()
    running.cancel()
    running.wait(10)
    assert time.monotonic() - began < SOON
    assert not tagged(running.folder.name)
