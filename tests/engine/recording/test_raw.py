"""What came past Python's streams: read once, within bounds, whatever lies there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mpviz.engine.recording.raw import CAP, FOLDER, LOG, RUN_CAP, Reader, trim


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with two workers' files."""
    (tmp_path / FOLDER).mkdir()
    (tmp_path / LOG).write_bytes(b"host\n")
    (tmp_path / FOLDER / "0").write_bytes(b"one\ntwo\n")
    (tmp_path / FOLDER / "1").write_bytes(b"three\n")
    return tmp_path


def rest(reader: Reader, rows: int = 8, logged: int = 0) -> list[tuple[int, str]]:
    return list(reader.rest(rows, logged))


def test_a_part_is_the_text_from_here_to_there(folder: Path) -> None:
    reader = Reader(folder)
    assert reader.part("0 0 4") == "one"
    assert reader.part("0 4 8") == "two"
    assert reader.part("host 0 5") == "host"


def test_what_no_part_names_is_the_rest(folder: Path) -> None:
    reader = Reader(folder)
    assert reader.part("0 0 4") == "one"
    assert rest(reader) == [(-1, "host"), (0, "two"), (1, "three")]
    assert not reader.cut


def test_of_the_host_nothing_is_read_that_came_after_the_end(folder: Path) -> None:
    with (folder / LOG).open("ab") as log:
        log.write(b"There appear to be leaked semaphore objects\n")
    assert rest(Reader(folder), logged=5)[0] == (-1, "host")


def test_nothing_is_read_twice(folder: Path) -> None:
    reader = Reader(folder)
    assert [reader.part("0 0 8"), reader.part("0 0 8"), reader.part("0 2 8")] == [
        "one\ntwo",
        "",
        "",
    ]


@pytest.mark.parametrize(
    "part",
    ["", "0", "0 0", "0 0 1 2", "0 a b", "../../etc/passwd 0 9", "٣ 0 9", "-1 0 9", "7 0 9",
     "0 -5 -1", "0 9 3", "0 99999999999999999999 999999999999999999999", "host.log 0 9",
     f"{'9' * 5000} 0 1", f"0 {'9' * 5000} 1"],
)  # fmt: skip
def test_a_part_that_makes_no_sense_is_empty(folder: Path, part: str) -> None:
    assert Reader(folder).part(part) == ""


def test_only_regular_files_are_opened(folder: Path) -> None:
    secret = folder / "secret"
    secret.write_text("secret")
    os.mkfifo(folder / FOLDER / "2")
    (folder / FOLDER / "3").symlink_to(secret)
    (folder / FOLDER / "4").mkdir()
    (folder / FOLDER / "x").write_text("no worker's")
    assert [row for row, _ in rest(Reader(folder))] == [-1, 0, 1]


def test_a_file_without_end_is_read_up_to_the_cap(folder: Path) -> None:
    os.truncate(folder / FOLDER / "0", 1 << 40)
    reader = Reader(folder)
    assert len(reader.part(f"0 0 {1 << 40}")) == CAP
    assert reader.cut


def test_a_run_has_a_cap_of_its_own(folder: Path) -> None:
    for row in range(8):
        (folder / FOLDER / str(row)).write_bytes(b"x" * CAP)
    reader = Reader(folder)
    assert sum(len(text) for _, text in rest(reader)) <= RUN_CAP
    assert reader.cut


def test_without_its_folder_there_is_nothing_to_read(tmp_path: Path) -> None:
    assert rest(Reader(tmp_path)) == []


def test_what_no_reader_would_look_at_is_cut_off(folder: Path) -> None:
    path = folder / FOLDER / "0"
    path.write_bytes(b"x" * (2 * CAP + 1))
    trim(folder)
    assert path.stat().st_size == CAP + 1
    assert (folder / FOLDER / "1").read_bytes() == b"three\n"


def left_after(folder: Path, written: bytes, child: str) -> bool:
    """Whether a fresh process's file is there after it left, having written so much."""
    code = f"""
import os, subprocess, pathlib
from mpviz.engine.recording.raw import own_file
raw = own_file(pathlib.Path({str(folder)!r}), 5)
os.write(1, {written!r})
child = subprocess.Popen({child!r}, shell=True)
{"child.wait()" if child == "true" else ""}
raw.leave()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    path = folder / FOLDER / "5"
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


@pytest.mark.process
def test_a_worker_leaves_no_file_where_nothing_was_and_will_be_written(folder: Path) -> None:
    assert not left_after(folder, b"", "true")
    assert left_after(folder, b"x", "true")
    assert left_after(folder, b"", "sleep 0.3")
