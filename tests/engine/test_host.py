"""The host by itself, without a guard: one plan in a folder, run in a clean process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mpviz.core.outcome import Ending
from mpviz.engine import host, runner
from mpviz.engine.recording import results
from mpviz.engine.recording.files import OUTPUT, RESULTS
from mpviz.engine.recording.table import CALLED, ENDED, HOST_CPU, TraceTable
from tests.engine.runs import SLEEP, plan
from tests.waiting import until

pytestmark = pytest.mark.process

Hosted = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder."""
    made = tmp_path / "run"
    (made / "tmp").mkdir(parents=True)
    (made / OUTPUT).touch()
    return made


@pytest.fixture
def hosted(folder: Path) -> Iterator[Hosted]:
    """Start a host in the folder."""
    under_way: list[subprocess.Popen[bytes]] = []

    def start(function: Callable[[Any], Any], *inputs: Any, **options: Any) -> Any:
        made = plan(function, *inputs, **options)
        (folder / "plan").write_bytes(runner._payload(made))
        TraceTable.create(folder / "table", tasks=len(inputs), workers=8).close()
        command = [sys.executable, "-P", "-m", "mpviz.engine.host", str(folder)]
        under_way.append(subprocess.Popen(command))
        return under_way[-1]

    yield start
    for process in under_way:
        process.kill()
        process.wait()


def left(folder: Path) -> tuple[Ending | None, dict[int, str]]:
    """How it ended, and the text of each result."""
    saved = results.read(folder / RESULTS, 3)
    assert saved.whole
    return saved.ending, saved.texts


def word(folder: Path, index: int) -> int:
    """A word of the table's header."""
    table = TraceTable(folder / "table")
    try:
        return int(table.words[index])
    finally:
        table.close()


@pytest.mark.parametrize("mechanism", ["sequential", "threads", "queue"])
def test_it_runs_the_plan_and_leaves_its_results(
    hosted: Hosted, folder: Path, mechanism: str
) -> None:
    assert hosted(abs, -1, 2, -3, mechanism=mechanism).wait(20) == 0
    assert left(folder) == (Ending.FINISHED, {0: "1", 1: "2", 2: "3"})
    assert 0 < word(folder, CALLED) < word(folder, ENDED)
    assert word(folder, HOST_CPU) >= 0


def test_what_the_mechanism_raises_is_how_it_ended(hosted: Hosted, folder: Path) -> None:
    assert hosted(lambda n: 1 // n, 1, 0, mechanism="sequential").wait(20) == 0
    assert left(folder) == (Ending.RAISED, {0: "1"})
    assert b"ZeroDivisionError" in (folder / OUTPUT).read_bytes()


def test_a_plan_that_can_not_be_unpacked_ends_before_it_is_called(
    hosted: Hosted, folder: Path
) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (eval, ("1/0",))

        def __call__(self, n: int) -> int:
            return n

    assert hosted(Trap(), 1).wait(20) == 0
    assert left(folder) == (Ending.RAISED, {})
    assert word(folder, CALLED) == 0


def test_asked_to_end_it_saves_what_is_in_hand_and_leaves(hosted: Hosted, folder: Path) -> None:
    process = hosted(SLEEP, 1, 60_000, mechanism="sequential")
    until(lambda: word(folder, ENDED) > 0)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(20) == 0
    assert left(folder) == (Ending.CANCELLED, {0: "1"})


@pytest.mark.parametrize("length", [60, 200])
def test_multiprocessing_s_sockets_are_in_the_folder_however_long_its_name_is(
    tmp_path: Path, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import multiprocessing.process as module

    settings: dict[str, str] = {}
    monkeypatch.setattr(module.current_process(), "_config", settings)
    folder = tmp_path / ("x" * length)
    folder.mkdir()
    before = set(os.listdir("/proc/self/fd"))
    host.keep_sockets_in(folder)
    assert len(settings["tempdir"]) <= host.LONGEST_FOLDER
    assert Path(settings["tempdir"]).samefile(folder)
    for number in set(os.listdir("/proc/self/fd")) - before:
        if Path(f"/proc/self/fd/{number}").exists():
            os.close(int(number))
