"""`mpviz sweep`: what it prints, what it keeps, and with which exit status."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import mpviz
from tests.cli.conftest import HEED_CTRL_C, shell
from tests.waiting import until

pytestmark = pytest.mark.process


def test_it_says_which_is_the_fastest_and_keeps_the_study(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = shell(
        "sweep", "busy", "--mechanism", "pool.map", "--mechanism", "threads", "--workers", "1,2",
        "--repeats", "2", "--csv", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in ("pool.map, 1 worker", "threads, 2 workers", "makespan", "speedup"):
        assert name in done.stdout
    assert "nan" not in done.stdout
    study = mpviz.read_study(out)
    assert study.finished
    assert len(study.runs) == 8
    assert done.stdout.startswith(study.sentence)


def test_json_is_one_object() -> None:
    done = shell("sweep", "busy", "--repeats", "1", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rounds"] == 1
    assert found["finished"] is True
    assert len(found["configurations"]) == 1
    assert len(found["runs"]) == 1
    assert found["runs"][0]["mechanism"] == "pool.map"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--workers", "1,x"], "--workers must be whole numbers, as in 1,2,4, not '1,x'."),
        (["--workers", "0"], "workers must be from 1 to 1,000, not 0."),
        (["--mechanism", "magic"], "There is no mechanism 'magic'"),
        (["--chunk-size", ""], "--chunk-size must be whole numbers"),
        (["--repeats", "0"], "The number of rounds must be from 1"),
        (["--budget", "0"], "The budget must be above 0"),
    ],
)
def test_what_cannot_be_measured_is_one_line_and_status_2(
    options: list[str], sentence: str, tmp_path: Path
) -> None:
    done = shell("sweep", "busy", "--csv", str(tmp_path / "out"), *options)
    assert done.returncode == 2
    assert done.stdout == ""
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_with_another_study_is_refused(tmp_path: Path) -> None:
    given = ("sweep", "busy", "--csv", str(tmp_path), "--repeats")
    assert shell(*given, "1").returncode == 0
    done = shell(*given, "2")
    assert done.returncode == 2
    assert "holds another study" in done.stderr


def test_ctrl_c_stops_it_and_the_same_command_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = ["sweep", "busy", "--repeats", "4", "--csv", str(out)]
    program = subprocess.Popen(
        [sys.executable, "-c", HEED_CTRL_C, *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until((out / "study.json").is_file, 30)
    until(lambda: bool(mpviz.read_study(out).rows), 30)
    os.kill(program.pid, signal.SIGINT)
    _, said = program.communicate(timeout=30)
    assert program.returncode == 1, said
    assert "stopped; the same command with --csv" in said
    kept = set(mpviz.read_study(out).rows)
    assert kept
    again = shell(*given)
    assert again.returncode == 0, again.stderr
    study = mpviz.read_study(out)
    assert study.finished
    assert kept <= set(study.rows)
    assert len(study.rows) == 4
