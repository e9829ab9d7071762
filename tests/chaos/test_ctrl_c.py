"""Ctrl-C in a terminal, at random moments: the shell and a script end soon and leave nothing.

A real terminal: what is typed there goes as SIGINT to the whole group in its foreground.
"""

import contextlib
import fcntl
import os
import pty
import random
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mpviz.cli.app import app
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.engine import runner, turns
from mpviz.engine.tree import linux as system
from tests.sampling import sampled

pytestmark = pytest.mark.timed

START = runner.start
COUNT = sampled(12, 80)
SEED = int(os.environ.get("MPVIZ_SEED", "1"))
LONGEST = 30.0  # seconds for a program to come so far
SOON = 1.0  # seconds from Ctrl-C to the end
BUSY = 1.0  # seconds more for a Python that imports pandas, or a machine at work
STATUS = {0, 1, 130, -signal.SIGINT}  # 0 where it was done by then; 130 or -2 before anything ran
# What has come to pass, and within how many seconds of it Ctrl-C is typed.
MOMENTS = {"begun": 6.0, "importing": 0.5, "a run's folder": 3.0, "the CSV's folder": 0.03}
SHELL = [sys.executable, "-m", "mpviz", "run", "sleep", "--timeout", "20"]
SCRIPT = """
import sys, time
import mpviz
def nap(number):
    time.sleep(0.2)
    return number
trace = mpviz.run(nap, range(12), mechanism=sys.argv[1], workers=2, baseline=True, timeout=20)
print(trace.sentence)
trace.to_csv(sys.argv[2])
"""


@dataclass
class Case:
    """One program in a terminal, and when Ctrl-C is typed."""

    mechanism: str
    shell: bool
    csv: bool
    waiting: bool  # for its turn, which another has
    after: str  # a key of MOMENTS
    moments: tuple[float, ...]

    def __str__(self) -> str:
        what = "shell" if self.shell else "script"
        extra = " csv" * self.csv + " waiting" * self.waiting
        return f"{what} {self.mechanism}{extra} {self.after} {self.moments}"


def cases(seed: int) -> list[Case]:
    """Different programs and moments; every fourth types it twice in a row."""
    chance = random.Random(seed)
    found, left = [], COUNT
    while left > 0:
        after = chance.choice(list(MOMENTS))
        first = round(chance.uniform(0, MOMENTS[after]), 3)
        twice = chance.random() < 0.25 and left > 1
        moments = (first, round(chance.uniform(0, 0.3), 3)) if twice else (first,)
        left -= len(moments)
        found.append(
            Case(
                mechanism=chance.choice(
                    ["pool.map", "process", "threads", "queue", "executor.map"]
                ),
                shell=chance.random() < 0.6,
                csv=chance.random() < 0.5 or after == "the CSV's folder",
                waiting=chance.random() < 0.5 and after == "begun",
                after=after,
                moments=moments,
            )
        )
    return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A temporary folder and a line of its own."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        (Path(folder) / "tmp").mkdir()
        yield Path(folder)


def typed(case: Case, place: Path) -> tuple[int | None, float, str]:
    """Exit status, seconds from the last Ctrl-C to the end, and what the terminal shows."""
    main, secondary = pty.openpty()
    numbers = place / "numbers.txt"
    numbers.write_text("200\n" * 12)
    command = [sys.executable, "-c", SCRIPT, case.mechanism, str(place / "csv")]
    if case.shell:
        command = [*SHELL, "--mechanism", case.mechanism, "--input-set", str(numbers)]
        command += ["--csv", str(place / "csv")] if case.csv else []
    env = os.environ | {"TMPDIR": str(place / "tmp"), turns.VARIABLE: str(place / "turns")}
    env["MPVIZ_CTRL_C"] = str(place)

    def foreground() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # as a terminal's shell leaves it
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    held = turns.Place(place / "turns") if case.waiting else None
    try:
        if held:
            assert held.ahead() == 0
        process = subprocess.Popen(
            command, stdin=secondary, stdout=secondary, stderr=secondary, env=env,
            preexec_fn=foreground,  # noqa: PLW1509  no threads here
        )  # fmt: skip
        os.close(secondary)
        said = b""
        end = time.monotonic() + LONGEST
        while not come(case.after, place) and process.poll() is None and time.monotonic() < end:
            said += shown(main, 0.01, process)
        for moment in case.moments:
            said += shown(main, moment, process)
            with contextlib.suppress(OSError):
                os.write(main, b"\x03")
        began = time.monotonic()
        said += shown(main, SOON + BUSY + 3, process)
        took = time.monotonic() - began
        status = process.poll()
        if status is None:
            process.kill()
            process.wait()
        said += shown(main, 0.05, process)
    finally:
        os.close(main)
        if held:
            held.leave()
    return status, took, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said.decode(errors="replace"))


def come(event: str, place: Path) -> bool:
    """Whether something has come to pass."""
    if event == "a run's folder":
        return any((place / "tmp").rglob("table"))
    return event != "the CSV's folder" or (place / "csv").exists()


def shown(main: int, seconds: float, process: subprocess.Popen[bytes]) -> bytes:
    """What comes to be seen in so many seconds, or until the program ends."""
    said, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        over = process.poll() is not None
        if select.select([main], [], [], 0 if over else min(left, 0.01))[0]:
            try:
                said += os.read(main, 65536)
            except OSError:  # nobody has the other end
                return said if process.poll() is not None else said + waited(process, left)
        elif over:
            break
    return said


def waited(process: subprocess.Popen[bytes], seconds: float) -> bytes:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return b""


def left(place: Path) -> list[str]:
    """What is left in the temporary folder, and processes of its runs."""
    mark = f"MPVIZ_CTRL_C={place}".encode()
    found = [
        f"process {pid}"
        for pid in system._everyone()
        if mark in system._read(pid, "environ").split(b"\0")
    ]
    folders = [path for path in (place / "tmp").rglob("mpviz-*/*") if path.name == "table"]
    return found + [str(path) for path in folders]


@pytest.mark.parametrize("case", cases(SEED), ids=str)
def test_ctrl_c_ends_it_soon_with_its_status_and_leaves_nothing(case: Case, place: Path) -> None:
    status, took, said = typed(case, place)
    begun = time.monotonic()
    while left(place) and time.monotonic() - begun < SOON:
        time.sleep(0.02)
    assert left(place) == []
    assert status in STATUS, said
    assert took < SOON + BUSY, said
    # A Python that is still about to import its own modules says so, and nobody can help it.
    if case.shell:
        assert "Traceback" not in said or "mpviz" not in said.partition("Traceback")[2], said


class AlmostOver:
    """A run that is over when Ctrl-C comes, though nobody has been told so yet."""

    done = False

    def __init__(self, plan: Plan) -> None:
        self._running = START(plan)
        self._told = False

    def wait(self, _timeout: float | None = None) -> Record:
        record = self._running.wait()
        if not self._told:
            self._told = True
            raise KeyboardInterrupt
        return record

    def cancel(self) -> None:
        self._running.cancel()


def test_ctrl_c_as_the_baseline_ends_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    def start(plan: Plan) -> AlmostOver:
        started.append(plan.mechanism)
        return AlmostOver(plan)

    monkeypatch.setattr(runner, "start", start)
    result = CliRunner().invoke(app, ["run", "sleep", "--mechanism", "process"])
    assert started == ["sequential"]
    assert result.exit_code == 1
