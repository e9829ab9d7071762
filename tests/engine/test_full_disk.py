"""A disk that is full, or may only be read: a sentence, and the numbers are not lost."""

import html
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import mpviz
from mpviz import inputs
from mpviz.analysis import csvfiles
from mpviz.core.errors import Failed, Refused
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.engine.recording.table import TraceTable
from mpviz.page.app import Page
from tests.conftest import run_folders

NUMBERS = tuple(range(8))
# A limit on the size of files is what a full disk is like for those who may not mount one.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
import pandas as pd
from mpviz.analysis import csvfiles
frames = {"small": pd.DataFrame({"n": [1]}), "big": pd.DataFrame({"n": range(9999)})}
csvfiles.to_csv(sys.argv[1], frames)
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for half a mebibyte."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def runs_on_disk(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs have their folders on it."""
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    monkeypatch.setenv("TMPDIR", str(disk))
    return disk


def fill(disk: Path) -> None:
    """Leave no room at all."""
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def fill_and_print(number: int) -> int:
    # Not tempfile's folder: that would be one with room.
    fill(Path(os.environ["TMPDIR"]))
    print("nobody", "hears")
    return number


def test_a_csv_that_cannot_be_written_whole_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "big.csv").write_text("old")
    command = [sys.executable, "-c", LIMITED, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"Refused: The CSV can't be written to {tmp_path}: File too large." in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["big.csv"]
    assert (tmp_path / "big.csv").read_text() == "old"


@needs_root
def test_on_a_full_disk_too(disk: Path) -> None:
    fill(disk)
    with pytest.raises(Refused, match=r"^The CSV can't be written to .*: No space left on device"):
        csvfiles.to_csv(disk / "out", {"big": pd.DataFrame({"n": range(9999)})})
    assert list((disk / "out").iterdir()) == []


@needs_root
def test_the_shell_prints_the_report_though_the_disk_is_full(disk: Path) -> None:
    fill(disk)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mpviz", "run", "busy", "--mechanism", "sequential"),
            *("--csv", str(disk / "out")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "tasks ok       10 of 10" in done.stdout
    assert done.stderr.startswith("mpviz: The CSV can't be written to ")
    assert len(done.stderr.splitlines()) == 1


@needs_root
def test_a_table_for_which_there_is_no_room_is_an_error_at_once_and_kills_nobody(
    disk: Path,
) -> None:
    with pytest.raises(OSError, match="No space left on device"):
        TraceTable.create(disk / "table", tasks=100_000, workers=2)
    (disk / "table").unlink()
    table = TraceTable.create(disk / "table", tasks=1_000, workers=2)
    fill(disk)
    for index in range(1_000):
        table.words[table.task(index)] = index  # SIGBUS where the room was not taken before
    table.close()


def test_where_room_cannot_be_reserved_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    table = TraceTable.create(tmp_path / "table", tasks=100_000, workers=2)
    assert (table.tasks, table.workers, table.finished) == (100_000, 2, 0)
    about = (tmp_path / "table").stat()
    assert about.st_blocks * 512 >= about.st_size
    table.close()


@needs_root
@pytest.mark.parametrize("tasks", [8, 100_000])
def test_a_run_for_which_there_is_no_room_is_refused(runs_on_disk: Path, tasks: int) -> None:
    if tasks == 8:
        fill(runs_on_disk)
    with pytest.raises(Failed, match=r"^The run could not be started: .*No space left on device"):
        runner.start(Plan(function=abs, inputs=tuple(range(tasks)), mechanism="sequential"))
    assert run_folders() == set()


@needs_root
def test_a_run_is_refused_where_its_folder_cannot_be_made(
    runs_on_disk: Path,
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", runs_on_disk], check=True)
    with pytest.raises(Failed, match=r"^The run could not be started: .*Read-only file system"):
        runner.start(Plan(function=abs, inputs=(1,), mechanism="sequential"))


@needs_root
@pytest.mark.parametrize("mechanism", ["sequential", "pool.map", "queue"])
def test_where_the_disk_fills_meanwhile_the_tasks_are_still_accounted_for(
    runs_on_disk: Path, mechanism: str
) -> None:
    trace = mpviz.run(fill_and_print, NUMBERS, mechanism=mechanism, timeout=20)
    assert list(trace.tasks["outcome"]) == ["ok"] * len(NUMBERS)
    assert trace.output == ()
    assert trace.record.ending is Ending.FINISHED
    assert "The disk was full, so not all that was returned" in trace.sentence
    assert run_folders() == set()
    # The task's own file stays, as with plain code.
    assert (runs_on_disk / "ballast").exists()


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_without_the_data_folder_the_page_opens_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    def data_folder() -> Path:
        if folder == "missing":
            raise FileNotFoundError("mpviz is installed without data")
        return tmp_path

    monkeypatch.setattr(inputs, "data_folder", data_folder)
    page = Page(lambda plan: plan)
    assert len(page.run_tab.controls.plan().inputs) == 10
    preview = html.unescape(page.run_tab.controls.tasks.preview.value)
    assert "The input sets that come with mpviz are missing or can't be read." in preview
    with pytest.raises(Refused, match="the folder of input sets is missing or can't be read"):
        inputs.input_set("prime_mixture")


def test_an_input_set_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.txt").mkdir()
    monkeypatch.setattr(inputs, "data_folder", lambda: tmp_path)
    with pytest.raises(Refused, match=r"^The input set tiny can't be read: Is a directory\.$"):
        inputs.input_set("tiny")


@needs_root
def test_a_data_folder_that_may_only_be_read_is_no_trouble(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (disk / "mine.txt").write_text("7\n11\n")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    monkeypatch.setattr(inputs, "data_folder", lambda: disk)
    assert Page(lambda plan: plan).run_tab.controls.plan().inputs == (7, 11)
