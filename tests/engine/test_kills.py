"""Killed with -9 at random moments, the kernel or the guard: everything is gone within a second."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.engine.tree import linux as system
from tests.sampling import sampled

pytestmark = pytest.mark.timed

SOON = 1.0  # seconds
MOMENTS = sampled(6, 100)
DAEMONS = 50
MECHANISMS = ["pool.map", "process", "threads", "queue", "pipe", "executor.map", "pool.apply_async"]
# Workers, and the seconds after the start within which all of them are up.
CREWS = {2: 0.6, 50: 1.0, 200: 2.0}
KERNEL = """
import sys
from mpviz.engine import runner
from mpviz.core.plan import Plan
from mpviz.workloads import sleep
workers = int(sys.argv[2])
plan = Plan(sleep, tuple(range(20, 20 + 10 * workers)), sys.argv[1], workers, timeout=60)
running = runner.start(plan)
print(running.folder, running._guard.pid, flush=True)
record = running.wait()
print(record.ending, flush=True)
input()
"""


def cases(seed: int) -> list[tuple[str, int, float]]:
    """A mechanism, workers and a moment, each crew in its turn."""
    chance = random.Random(seed)
    crews = list(CREWS.items())
    found = []
    for number in range(MOMENTS):
        workers, up = crews[number % len(crews)]
        moment = round(chance.uniform(0, up), 3)
        found.append((chance.choice(MECHANISMS), workers, moment))
    return found


@pytest.fixture
def start() -> Callable[[str, int], tuple[subprocess.Popen[str], str, int]]:
    """Start a kernel with a run: the process, the run's folder, the guard's number."""

    def begin(mechanism: str, workers: int) -> tuple[subprocess.Popen[str], str, int]:
        kernel = subprocess.Popen(
            [sys.executable, "-c", KERNEL, mechanism, str(workers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert kernel.stdout is not None
        name, guard = kernel.stdout.readline().split()
        return kernel, name, int(guard)

    return begin


def left(name: str) -> list[str]:
    """What there is of a run: processes, its folder."""
    folder = Path(name)
    return [*map(str, system.marked(folder.name)), *([name] if folder.exists() else [])]


def gone_after(name: str) -> float:
    """Seconds until nothing of a run is left, at most twice as long as it may take."""
    began = time.monotonic()
    while left(name) and time.monotonic() - began < 2 * SOON:
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.process
@pytest.mark.parametrize(("mechanism", "workers", "moment"), cases(seed=1))
def test_the_kernel_is_killed(
    start: Callable[[str, int], tuple[subprocess.Popen[str], str, int]],
    mechanism: str,
    workers: int,
    moment: float,
) -> None:
    kernel, name, _ = start(mechanism, workers)
    time.sleep(moment)
    kernel.kill()
    took = gone_after(name)
    kernel.communicate()
    assert left(name) == []
    assert took < SOON


@pytest.mark.process
@pytest.mark.parametrize(("mechanism", "workers", "moment"), cases(seed=2))
def test_the_guard_is_killed_and_the_kernel_sweeps(
    start: Callable[[str, int], tuple[subprocess.Popen[str], str, int]],
    mechanism: str,
    workers: int,
    moment: float,
) -> None:
    kernel, name, guard = start(mechanism, workers)
    time.sleep(moment)
    with contextlib.suppress(ProcessLookupError):  # when the run is over by then
        os.kill(guard, signal.SIGKILL)
    took = gone_after(name)
    said, _ = kernel.communicate("\n", timeout=10)
    assert left(name) == []
    assert took < SOON
    assert said.split() in (["host", "died"], ["finished"])


@pytest.mark.process
def test_daemons_that_fork_twice_and_ignore_being_told_to_end_are_gone(tmp_path: Path) -> None:
    def daemon(flag: str) -> None:
        import os
        import signal
        import time

        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
                open(flag, "w").close()
                time.sleep(60)
            os._exit(0)
        time.sleep(60)

    flags = [str(tmp_path / str(number)) for number in range(DAEMONS)]
    running = runner.start(Plan(daemon, tuple(flags), "process", workers=DAEMONS, timeout=60))
    end = time.monotonic() + 20
    while len(list(tmp_path.iterdir())) < DAEMONS and time.monotonic() < end:
        time.sleep(0.02)
    name = str(running.folder)
    assert len(system.marked(running.folder.name)) >= 2 * DAEMONS
    began = time.monotonic()
    running.cancel()
    record = running.wait(10)
    assert time.monotonic() - began < SOON
    assert left(name) == []
    assert record.ending is Ending.CANCELLED
