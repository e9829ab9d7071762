"""`mpviz faults`: what it prints where, and with which exit status."""

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mpviz.cli.app import main
from mpviz.core.plan import DEFAULT_START_METHOD
from tests.cli.conftest import HEED_CTRL_C, MPVIZ
from tests.cli.conftest import shell as any_shell

WIDEST = 80


def shell(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return any_shell("faults", *arguments, cwd=cwd)


def test_each_cell_is_a_line_then_there_is_the_table_with_its_legend(tmp_path: Path) -> None:
    done = shell(
        "--mechanism", "pipe", "--mechanism", "executor.map", "--fault", "raises", "--fault",
        "sigkill", "--csv", "out", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len([one for one in lines if one.startswith(("pipe ", "executor.map "))]) == 4 + 2
    assert "pipe                sigkill        lost results without a word: 1 of 8" in lines
    head = lines.index("              1  4")
    assert lines[head + 1 : head + 3] == ["pipe          R  L", "executor.map  R  R"]
    assert "R raised" in done.stdout
    assert "1 raises   4 sigkill" in lines
    assert "4 of 4 cells: 3 raised, 1 lost results without a word." in lines
    assert max(map(len, lines)) <= WIDEST
    assert "\x1b" not in done.stdout
    with (tmp_path / "out" / "faults.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["mechanism"], row["fault"]) for row in rows} == {
        (mechanism, fault)
        for mechanism in ("pipe", "executor.map")
        for fault in ("raises", "sigkill")
    }
    assert [int(row["tasks"]) for row in rows] == [8] * 4


def test_a_hang_is_a_result_and_one_cell_is_told_in_full() -> None:
    done = shell("--mechanism", "pool.map", "--fault", "sleep", "--timeout", "1")
    assert done.returncode == 0, done.stderr
    for part in (
        f"pool.map, an endless sleep, {DEFAULT_START_METHOD}: hung until the deadline.",
        "when the deadline of 1.00 s ended it",
        "Safer: ",
        "def call_within(",
    ):
        assert part in done.stdout


def test_json_is_one_document_on_standard_output_and_nothing_else() -> None:
    done = shell("--mechanism", "process", "--fault", "raises", "--start-method", "spawn", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    (cell,) = document["cells"]
    assert not document["cancelled"]
    assert document["differs"] == []
    assert (cell["mechanism"], cell["start_method"], cell["seen"]) == ("process", "spawn", "raised")
    assert cell["raised"] == "ZeroDivisionError: division by zero"
    assert done.stderr.startswith("process ")


def test_on_a_terminal_the_table_has_colours() -> None:
    ours, theirs = pty.openpty()
    command = [*MPVIZ, "faults", "--fault", "raises", "--mechanism", "pipe", "--mechanism", "queue"]
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80"}
    program = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    said = b""
    try:
        while data := os.read(ours, 4096):
            said += data
    except OSError:  # the terminal's other end is closed
        pass
    os.close(ours)
    assert program.wait(timeout=30) == 0
    assert b"\x1b[" in said
    assert b"2 of 2 cells" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--mechanism", "nothing"], "There is no mechanism 'nothing'"),
        (["--fault", "nothing"], "There is no fault 'nothing'; there are raises, bad_exception"),
        (["--start-method", "nothing"], "There is no start method 'nothing'"),
        (["--timeout", "0"], "timeout must be above 0"),
    ],
)
def test_the_impossible_is_one_line_and_the_exit_status_2(
    arguments: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["mpviz", "faults", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    assert (left.value.code, out) == (2, "")
    assert err.startswith(f"mpviz: {sentence}")
    assert len(err.splitlines()) == 1


def test_ctrl_c_cancels_what_runs_and_reports_what_was_seen_by_then() -> None:
    program = subprocess.Popen(
        [
            *(sys.executable, "-c", HEED_CTRL_C, "faults", "--timeout", "60", "--mechanism"),
            *("process", "--fault", "raises", "--fault", "sleep", "--fault", "loop"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        first = program.stdout.readline()  # so both others are under way
        time.sleep(0.5)
        below = psutil.Process(program.pid).children(recursive=True)
        os.kill(program.pid, signal.SIGINT)
        out, err = program.communicate(timeout=10)
    finally:
        program.kill()
        program.communicate()
    assert first.startswith("process             raises         raised ZeroDivisionError")
    assert len(below) >= 4  # a guard and a host each
    assert program.returncode == 1
    assert "1 of 3 cells: 1 raised." in out
    assert "Traceback" not in err
