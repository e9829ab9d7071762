"""The guard where there is no Linux: kernel and guard ask psutil."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.runs import daemon, gone
from tests.waiting import until

pytestmark = pytest.mark.process

ELSEWHERE = """
import sys, time
from mpviz.engine import runner
from mpviz.core.plan import Plan
from mpviz.workloads import WORKLOADS
function = {"daemon": DAEMON, "sleep": WORKLOADS["sleep"].function}[sys.argv[1]]
inputs = tuple(float(x) if x.isdigit() else x for x in sys.argv[3:])
running = runner.start(Plan(function, inputs, sys.argv[2], workers=2, timeout=1.5))
print(running.folder, flush=True)
record = running.wait(20)
print(record.ending, record.left_behind, len(record.results), flush=True)
"""


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs whose kernel and guard ask psutil, as where there is no Linux."""
    monkeypatch.setenv("MPVIZ_TREE", "portable")

    code = inspect.getsource(daemon) + ELSEWHERE.replace("DAEMON", "daemon")

    def run(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
        )

    return run


@pytest.mark.parametrize("mechanism", ["sequential", "threads", "queue", "pool.map"])
def test_without_linux_a_run_ends_in_its_record(
    elsewhere: Callable[..., subprocess.Popen[str]], mechanism: str
) -> None:
    said, _ = elsewhere("sleep", mechanism, "1", "1").communicate(timeout=20)
    assert said.splitlines()[1] == "finished 0 2"


@pytest.mark.timed
def test_without_linux_the_deadline_ends_daemons_too(
    elsewhere: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    kernel = elsewhere("daemon", "process", str(tmp_path / "one"), str(tmp_path / "two"))
    said, _ = kernel.communicate(timeout=20)
    name, ended = said.splitlines()
    assert ended == "deadline 0 0"
    assert gone(name) == []


@pytest.mark.timed
def test_without_linux_the_kernel_s_death_ends_it_all(
    elsewhere: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    flags = [tmp_path / "one", tmp_path / "two"]
    kernel = elsewhere("daemon", "queue", *map(str, flags))
    assert kernel.stdout is not None
    name = kernel.stdout.readline().strip()
    until(lambda: all(flag.exists() for flag in flags))
    kernel.kill()
    kernel.communicate()
    assert gone(name) == []
