"""A real Jupyter kernel, restarted, killed or interrupted at random moments while it runs.

Nothing of the run is left a second later, and a run in the kernel that comes after it works.
"""

import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from mpviz.engine.tree import linux as system
from tests.sampling import sampled
from tests.waiting import until

COUNT = sampled(6, 60)
SEED = int(os.environ.get("MPVIZ_SEED", "1"))
SOON = 1.0  # seconds until all is gone
BUSY = 0.5  # seconds more: a kernel that is told to end takes some to hear of it
LONGEST = 60.0  # seconds for anything a kernel is asked
OWN = "MPVIZ_RESTARTS"  # in the environment of all that a test's kernel starts

BLOCKING = """
import time, mpviz
def nap(number):
    time.sleep(0.3)
    return number
trace = mpviz.run(nap, range(20), mechanism={mechanism!r}, workers=2, start_method={method!r},
                  timeout=30)
"""
PAGE = """
from mpviz.page.app import Page
tab = Page().run_tab
tab.controls.mechanism.value = {mechanism!r}
tab.compare_button.click() if {compare} else tab.run_button.click()
"""
STARTED = """
import time
from mpviz.engine import runner
from mpviz.core.plan import Plan
kept = [runner.start(Plan(time.sleep, (0.5,) * 20, {mechanism!r}, 2, {method!r}, timeout=30))
        for _ in range(3)]
"""
AFTER = """
import mpviz
trace = mpviz.run(abs, range(-4, 0), mechanism={mechanism!r}, workers=2, timeout=30)
assert list(trace.tasks["outcome"]) == ["ok"] * 4, trace.sentence
print("well:", trace.sentence)
"""
CODE = {"run": BLOCKING, "page": PAGE, "compare": PAGE, "started": STARTED}
MECHANISMS = ["pool.map", "process", "threads", "queue", "pipe", "executor.map", "sequential"]


class Kernel:
    """A kernel and who talks to it."""

    def __init__(self, place: Path) -> None:
        env = os.environ | {"TMPDIR": str(place / "tmp"), OWN: str(place)}
        env["MPVIZ_TURNS"] = str(place / "turns")
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=env)
        self.client: BlockingKernelClient = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(LONGEST)

    def ask(self, code: str) -> str:
        """Run code to its end; what it printed, or what it raised."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            said.append(content.get("text", "") + "\n".join(content.get("traceback", ())))

        self.client.execute_interactive(code, timeout=LONGEST, output_hook=hear)
        return "".join(said)

    def end(self, how: str) -> None:
        """Restart, kill or interrupt it; afterwards it is ready, and fresh but for an interrupt."""
        if how == "interrupt":
            self.manager.interrupt_kernel()
        else:
            if how == "kill":
                os.kill(self.pid, signal.SIGKILL)
            self.manager.restart_kernel(now=how != "restart")
        self.client.wait_for_ready(LONGEST)

    @property
    def pid(self) -> int:
        pid: int = self.manager.provisioner.pid
        return pid

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


def cases(seed: int) -> list[tuple[str, str, str, str, float]]:
    """What is run, how it is ended, and after how many seconds."""
    chance = random.Random(seed)
    return [
        (
            chance.choice(list(CODE)),
            chance.choice(MECHANISMS),
            chance.choice(["fork", "fork", "spawn", "forkserver"]),
            chance.choice(["kill", "restart", "restart now", "interrupt"]),
            round(chance.uniform(0, 2.5), 3),
        )
        for _ in range(COUNT)
    ]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "tmp").mkdir()
        yield Path(folder)


@pytest.fixture(scope="module")
def kernel(place: Path, long_lived: set[int]) -> Iterator[Kernel]:
    """One kernel after the other: each test leaves a fresh one."""
    one = Kernel(place)
    yield one
    one.close()


def of_runs(place: Path) -> list[str]:
    """Processes of runs, and their folders."""
    mark = f"{OWN}={place}".encode()
    found = [
        f"process {pid}: {system._read(pid, 'cmdline')[:80]!r}"
        for pid in system._everyone()
        if mark in (read := system._read(pid, "environ")) and b"MPVIZ_RUN=" in read
    ]
    try:
        tables = [str(path) for path in (place / "tmp").rglob("table")]
    except FileNotFoundError as error:  # a folder that is being removed while we look
        tables = [str(error.filename)]
    return found + tables


def look(place: Path, old: int, found: list[str]) -> None:
    """What there is of runs a second after a kernel has ended, or was interrupted."""
    until(lambda: not old or system.is_over(old), LONGEST)
    end = time.monotonic() + SOON + BUSY
    while (left := of_runs(place)) and time.monotonic() < end:
        time.sleep(0.02)
    found += left


@pytest.fixture(autouse=True)
def known(kernel: Kernel, long_lived: set[int], nothing_stays_behind: None) -> None:
    """The kernel outlives a test, and is told of to the fixture that every test has."""


@pytest.mark.parametrize(("code", "mechanism", "method", "how", "moment"), cases(SEED))
def test_a_kernel_ended_in_the_midst_of_a_run_leaves_nothing_and_the_next_run_is_well(
    kernel: Kernel,
    place: Path,
    code: str,
    mechanism: str,
    method: str,
    how: str,
    moment: float,
    long_lived: set[int],
) -> None:
    kernel.client.execute(
        CODE[code].format(mechanism=mechanism, method=method, compare=code == "compare")
    )
    time.sleep(moment)
    if how == "interrupt" and code != "run":  # it is nothing to what runs beside the cell
        how = "restart now"
    old = 0 if how == "interrupt" else kernel.pid
    found: list[str] = []
    watch = threading.Thread(target=look, args=(place, old, found))
    watch.start()
    kernel.end(how)
    watch.join()
    assert found == []
    long_lived.add(kernel.pid)
    said = kernel.ask(AFTER.format(mechanism=mechanism))
    assert "well:" in said, said
    assert of_runs(place) == []
