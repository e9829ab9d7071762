"""The guard: whatever a run started is gone when the run is over, however it ends."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from mpviz import frames, guard, runner
from mpviz.model import Ending, Plan
from mpviz.workloads import WORKLOADS

SLEEP = WORKLOADS["sleep"].function
SOON = 1.0  # seconds within which everything must be gone


def tagged(name: str) -> list[str]:
    """Living processes that carry the mark of a run."""
    found = []
    for process in psutil.process_iter():
        try:
            mark = Path(f"/proc/{process.pid}/environ").read_bytes()
            if f"MPVIZ_RUN={name}".encode() in mark and process.status() != "zombie":
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except (OSError, psutil.Error):
            continue
    return found


def gone(name: str, seconds: float = SOON) -> list[str]:
    """What is left of a run after so long: processes, folder; nothing as soon as nothing is."""
    end = time.monotonic() + seconds
    folder = Path(tempfile.gettempdir()) / name
    while (left := tagged(name) + [str(folder)] * folder.exists()) and time.monotonic() < end:
        time.sleep(0.01)
    return left


@pytest.fixture
def started() -> Iterator[Callable[..., runner.Running]]:
    under_way: list[runner.Running] = []

    def start(function: Callable[[Any], Any], *inputs: Any, **options: Any) -> runner.Running:
        plan = Plan(function, inputs, **{"workers": 2, "timeout": 20} | options)
        under_way.append(runner.start(plan))
        return under_way[-1]

    yield start
    for running in under_way:
        running.cancel()
        running.wait(10)


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def child(flag: str) -> None:
    """A task that starts a program and waits for it."""
    import pathlib
    import subprocess

    with subprocess.Popen(["sleep", "60"]):
        pathlib.Path(flag).touch()


def daemon(flag: str) -> None:
    """A task that starts a program which does all it can to outlive it."""
    import pathlib
    import subprocess
    import sys
    import time

    code = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
open(%r, "w").close()
time.sleep(60)
"""
    subprocess.Popen([sys.executable, "-c", code % flag], start_new_session=True)
    while not pathlib.Path(flag).exists():
        time.sleep(0.01)
    time.sleep(60)


# By value, since a worker that imports this module imports pytest as well.
def by_value(function: Callable[[str], None]) -> Callable[[str], None]:
    import types

    return types.FunctionType(
        function.__code__, {"__builtins__": __builtins__, "__name__": "__main__"}, function.__name__
    )


@pytest.mark.parametrize("mechanism", ["process", "threads", "pool.map", "executor.map"])
@pytest.mark.parametrize("task", [child, daemon])
def test_what_a_task_started_is_gone_with_the_run(
    started: Callable[..., runner.Running],
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
    assert list(frames.tasks_frame(record)["outcome"]) == ["cancelled"] * 2


def test_what_a_task_left_behind_is_gone_when_the_run_finishes(
    started: Callable[..., runner.Running], tmp_path: Path
) -> None:
    def leave(x: int) -> int:
        import subprocess

        subprocess.Popen(["sleep", "60"], start_new_session=True)
        return x

    running = started(leave, 1, 2, mechanism="pipe")
    record = running.wait(10)
    assert record.ending is Ending.FINISHED
    assert not tagged(running.folder.name)


KERNEL = """
import sys, time
from mpviz import runner
from mpviz.model import Plan
from mpviz.workloads import sleep
running = runner.start(Plan(sleep, (60_000, 60_000, 60_000), mechanism=sys.argv[1], workers=2))
print(running.folder.name, flush=True)
time.sleep(60)
"""
RNG = random.Random(20)
MOMENTS = [round(RNG.uniform(0, 0.6), 3) for _ in range(4)]
MECHANISMS = ["pool.map", "process", "threads", "queue"]


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
    assert name.startswith("mpviz-")
    assert gone(name) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_guard_does_not_die_of_a_polite_signal(
    started: Callable[..., runner.Running], number: signal.Signals
) -> None:
    running = started(SLEEP, 300, 300)
    until(lambda: "running" in list(frames.tasks_frame(running.snapshot())["outcome"]))
    os.kill(running._guard.pid, number)
    assert running.wait(10).ending is Ending.FINISHED


def test_when_the_guard_is_killed_wait_says_so_at_once() -> None:
    running = runner.start(Plan(SLEEP, (2_000, 2_000), workers=2, timeout=20))
    until(lambda: "running" in list(frames.tasks_frame(running.snapshot())["outcome"]))
    name = running.folder.name
    began = time.monotonic()
    os.kill(running._guard.pid, signal.SIGKILL)
    record = running.wait(10)
    try:
        assert time.monotonic() - began < SOON
        assert record.ending is Ending.HOST_DIED
        assert record.message == "the guard of the run was killed"
        assert list(frames.tasks_frame(record)["outcome"]) == ["missing", "missing"]
    finally:  # the host and its workers go on without it
        for entry in tagged(name):
            os.kill(int(entry.partition(" ")[0]), signal.SIGKILL)
    assert gone(name) == []


def test_a_host_that_never_calls_its_mechanism_is_ended(
    started: Callable[..., runner.Running], monkeypatch: pytest.MonkeyPatch
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
    assert list(frames.tasks_frame(record)["outcome"]) == ["cancelled"]
    assert not tagged(running.folder.name)


def test_a_stopped_worker_does_not_keep_the_run_from_ending(
    started: Callable[..., runner.Running],
) -> None:
    def stop(x: int) -> int:
        import os
        import signal

        os.kill(os.getpid(), signal.SIGSTOP)
        return x

    running = started(stop, 1, 2, mechanism="process")
    until(lambda: list(frames.tasks_frame(running.snapshot())["outcome"]) == ["running"] * 2)
    began = time.monotonic()
    running.cancel()
    running.wait(10)
    assert time.monotonic() - began < SOON
    assert not tagged(running.folder.name)


def test_its_children_s_children_are_its_descendants() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60; true"]) as shell:
        until(lambda: len(list(guard.descendants(shell.pid))) == 2)
        below = list(guard.descendants(shell.pid))
        assert set(below) < set(guard.descendants(os.getpid()))
        for pid in (shell.pid, *below):
            os.kill(pid, signal.SIGKILL)
    assert list(guard.descendants(2**22 + 1)) == []


def test_a_process_that_has_ended_has_no_descriptor() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert guard.open_pidfd(process.pid) is None
    own = guard.open_pidfd(os.getpid())
    assert own is not None
    os.close(own)
