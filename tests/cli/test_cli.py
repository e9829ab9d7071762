"""The shell face: what it prints where, and with which exit status."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import mpviz
from mpviz import cli
from mpviz.cli import asked

MPVIZ = [sys.executable, "-m", "mpviz"]
# What a shell starts in the background ignores it, and so would what the tests start.
HEED_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from mpviz.cli import main
main()
"""
MINE = """
def double(x):
    print("doubling", x)
    return 2 * x

def fail(x):
    return 1 // (x - 50)

def moody(x):
    import random
    return random.random()

def accent(x):
    print("caf\u00e9")

def usurp(x):
    import pathlib
    pathlib.Path("out").touch()

def slow(x):
    import time
    time.sleep(2.5)

number = 7
"""

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


def shell(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MPVIZ, *arguments], capture_output=True, text=True, cwd=cwd, timeout=60, check=False
    )


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str):
    """The one line that the shell shows, in this process: it starts nothing."""
    monkeypatch.setattr(sys, "argv", ["mpviz", *arguments])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine_for_a_test.py").write_text(MINE)
    (tmp_path / "numbers.txt").write_text("50\n51\n")
    return tmp_path


def test_a_run_reports_in_words_and_numbers_and_its_csv_reads_back(tmp_path: Path) -> None:
    done = shell("run", "busy", "--workers", "2", "--csv", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 workers (pool.map) took ")
    for name in ("makespan", "speedup", "efficiency", "load balance", "answers agree  yes"):
        assert name in done.stdout
    assert "tasks ok       10 of 10" in done.stdout
    assert "nan" not in done.stdout
    assert list(mpviz.read_csv(tmp_path / "out")["tasks"]["outcome"]) == ["ok"] * 10


def test_json_is_one_object_a_run_on_standard_output_and_nothing_else(mine: Path) -> None:
    done = shell(
        "run", "mine_for_a_test:double", "--json", "--input-set", "numbers.txt",
        "--mechanism", "queue", "--start-method", "spawn", "--chunk-size", "3", cwd=mine,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert (row["tasks"], row["ok"], row["answers_agree"]) == (2, 2, True)
    assert (row["mechanism"], row["start_method"], row["workers"]) == ("queue", "spawn", 2)
    assert row["sentence"].startswith("2 workers (queue) took ")
    assert row["failed"] == []
    assert (row["workload"], row["input_set"]) == ("mine_for_a_test:double", "numbers.txt")


def test_a_function_of_the_current_folder_runs_and_what_it_prints_is_shown(mine: Path) -> None:
    done = shell(
        "run", "mine_for_a_test:double", "--input-set", "numbers.txt", "--mechanism",
        "sequential", cwd=mine,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "printed by the tasks:\n  doubling 50\n  doubling 51" in done.stdout


def test_where_tasks_fail_the_exit_status_is_1_and_the_report_says_which(mine: Path) -> None:
    done = shell(
        "run", "mine_for_a_test:fail", "--input-set", "numbers.txt", "--mechanism", "pipe",
        cwd=mine,
    )  # fmt: skip
    assert done.returncode == 1
    assert "1 raised an exception" in done.stdout
    assert "ZeroDivisionError" in done.stdout
    assert "(input 50) raised ZeroDivisionError" in done.stdout
    assert "return 1 // (x - 50)" in done.stdout
    assert "Traceback" not in done.stderr


def test_where_the_deadline_ends_it_the_exit_status_is_1() -> None:
    done = shell("run", "sleep", "--timeout", "0.2", "--mechanism", "sequential")
    assert done.returncode == 1
    assert "deadline of 200 ms" in done.stdout


def test_in_a_pipe_progress_is_plain_lines_on_standard_error(mine: Path) -> None:
    done = shell(
        "run", "mine_for_a_test:slow", "--input-set", "numbers.txt", "--mechanism", "sequential",
        cwd=mine,
    )  # fmt: skip
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert lines
    assert lines[0] == "mpviz: mine_for_a_test:slow sequential: 0 of 2 tasks"
    assert "\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize("mechanism", ["sequential", "threads"])
def test_ctrl_c_cancels_and_the_exit_status_is_1(mine: Path, mechanism: str) -> None:
    """Sequential is the run itself; before threads it is the baseline that is under way."""
    (mine / "long.txt").write_text("20000\n20000\n")
    program = subprocess.Popen(
        [
            *(sys.executable, "-c", HEED_CTRL_C),
            *("run", "sleep", "--mechanism", mechanism, "--input-set", "long.txt"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=mine,
    )
    try:
        me, end = psutil.Process(program.pid), time.monotonic() + 20
        while len(me.children(recursive=True)) < 2 and time.monotonic() < end:  # guard, host
            time.sleep(0.02)
        time.sleep(0.3)
        os.kill(program.pid, signal.SIGINT)
        out, err = program.communicate(timeout=5)
    finally:
        program.kill()
        program.communicate()
    assert program.returncode == 1
    assert "cancelled" in out + err
    assert "Traceback" not in err


@pytest.mark.parametrize("what", ["mechanisms", "workloads", "input-sets"])
def test_list_names_what_there_is_with_its_meaning(
    what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mpviz", "list", what])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert (
        names
        == {
            "mechanisms": list(mpviz.MECHANISMS),
            "workloads": list(mpviz.WORKLOADS),
            "input-sets": mpviz.inputs.input_sets(),
        }[what]
    )
    assert all(len(line.split()) > 2 for line in lines)


IMPOSSIBLE = {
    "There is no list of 'nothing'": ["list", "nothing"],
    "There is no mechanism 'nothing'": ["run", "--mechanism", "nothing"],
    "There is no start method 'nothing'": ["run", "--start-method", "nothing"],
    "There is no workload 'nothing'": ["run", "nothing"],
    "There is no workload ':x'": ["run", ":x"],
    "There is no input set 'nothing'": ["run", "--input-set", "nothing"],
    "workers must be from 1": ["run", "--workers", "0"],
    "chunk_size must be from 1": ["run", "--chunk-size", "0"],
    "timeout must be above 0": ["run", "--timeout", "0"],
    "Module 'no.such.module' can't be imported": ["run", "no.such.module:f"],
    "Module 'math' has no function 'pi'": ["run", "math:pi"],
    "Module 'math' has no function 'nothing'": ["run", "math:nothing"],
    "Module '.x' can't be imported": ["run", ".x:f"],
}


@pytest.mark.parametrize("sentence", IMPOSSIBLE)
def test_the_impossible_is_one_line_and_the_exit_status_2(
    sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(monkeypatch, capsys, *IMPOSSIBLE[sentence])
    assert said.startswith(f"mpviz: {sentence}")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [["run", "--workers", "two"], ["run", "--nothing"], ["nothing"], ["list"]]
)
def test_what_cannot_be_understood_exits_with_2_and_no_traceback(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(monkeypatch, capsys, *arguments)
    assert "Traceback" not in said
    assert said


def test_a_module_that_leaves_while_it_is_imported_is_refused(mine: Path) -> None:
    (mine / "leaves_for_a_test.py").write_text("import sys; sys.exit(0)")
    done = shell("run", "leaves_for_a_test:f", cwd=mine)
    assert done.returncode == 2
    assert done.stderr.startswith("mpviz: Module 'leaves_for_a_test' can't be imported")


def test_a_broken_input_set_is_refused_by_line(
    mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (mine / "bad.txt").write_text("7\nx\n")
    said = refused(monkeypatch, capsys, "run", "--input-set", str(mine / "bad.txt"))
    assert said == "mpviz: bad.txt, line 2: 'x' is not a whole number.\n"


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("numbers.txt", "is no folder"),
        ("numbers.txt/below", "is no folder"),
        ("taken", "runs.csv is a folder there"),
        ("x" * 300, "File name too long"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "faults"])
def test_a_csv_that_cannot_be_written_is_refused_before_anything_runs(
    mine: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: str,
    why: str,
    verb: str,
) -> None:
    (mine / "taken" / "runs.csv").mkdir(parents=True)
    (mine / "taken" / "faults.csv").mkdir(parents=True)
    before = sorted(mine.rglob("*"))
    said = refused(monkeypatch, capsys, verb, "--csv", str(mine / folder))
    assert said.startswith("mpviz: The CSV can't be written to ")
    assert why.replace("runs", "tasks" if verb == "run" else "faults") in said or why in said
    assert len(said.splitlines()) == 1
    assert sorted(mine.rglob("*")) == before


def test_a_csv_that_fails_after_the_run_is_said_and_the_exit_status_is_1(mine: Path) -> None:
    """The workload takes the folder's place meanwhile."""
    done = shell(
        "run", "mine_for_a_test:usurp", "--input-set", "numbers.txt", "--mechanism", "sequential",
        "--csv", "out", cwd=mine,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("mpviz: The CSV can't be written to out: ")
    assert len(done.stderr.splitlines()) == 1
    assert "tasks ok       2 of 2" in done.stdout


def test_where_the_answers_differ_the_exit_status_is_1_and_the_report_says_so(mine: Path) -> None:
    done = shell("run", "mine_for_a_test:moody", "--input-set", "numbers.txt", cwd=mine)
    assert done.returncode == 1, done.stderr
    assert "Its answers differ from the sequential run's: 2 of 2 answers" in done.stdout
    assert "answers agree  NO" in done.stdout


def test_a_baseline_that_did_not_end_well_is_said_and_the_exit_status_is_1(mine: Path) -> None:
    """Two tasks of 2.5 s: alone they do not make the deadline, side by side they do."""
    done = shell(
        "run", "mine_for_a_test:slow", "--input-set", "numbers.txt", "--timeout", "4", "--json",
        cwd=mine,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    row = json.loads(done.stdout)
    assert row["ok"] == row["tasks"]
    assert "The sequential run did not end well: 1 of 2 tasks ended well" in row["sentence"]


def test_the_failing_task_is_named_with_its_input(mine: Path) -> None:
    done = shell("run", "mine_for_a_test:fail", "--input-set", "numbers.txt", cwd=mine)
    assert done.returncode == 1
    assert "Task 0 (input 50) raised ZeroDivisionError: " in done.stdout


@needs_full
@pytest.mark.parametrize(
    "arguments",
    [["list", "mechanisms"], ["--version"], ["run", "--help"], ["faults", "--fault", "raises"],
     ["run", "busy", "--mechanism", "sequential", "--json"]],
)  # fmt: skip
def test_what_cannot_be_printed_is_one_sentence_and_the_exit_status_1(arguments: list[str]) -> None:
    if arguments[0] == "faults":
        arguments = [*arguments, "--mechanism", "sequential"]
    with FULL.open("w") as full:
        done = subprocess.run(
            [*MPVIZ, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == ("mpviz: what was found can't be printed: No space left on device.\n")


def test_a_pipe_that_nobody_reads_is_one_sentence_and_the_exit_status_1(mine: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*MPVIZ, "run", "busy", "--mechanism", "sequential", "--csv", "out"],
            stdout=writer, stderr=subprocess.PIPE, text=True, check=False, cwd=mine,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert done.returncode == 1
    assert done.stderr == "mpviz: what was found can't be printed: Broken pipe.\n"
    assert (mine / "out" / "runs.csv").is_file()


def test_a_standard_output_that_is_closed_is_one_sentence_too() -> None:
    line = shlex.join([*MPVIZ, "list", "workloads"])
    done = subprocess.run(
        ["sh", "-c", f"{line} >&-"], stderr=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "mpviz: what was found can't be printed: standard output is closed.\n"


@needs_full
def test_where_nobody_can_be_told_of_the_progress_the_run_goes_on(mine: Path) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [*MPVIZ, "run", "mine_for_a_test:slow", "--input-set", "numbers.txt", "--mechanism",
             "sequential"],
            stdout=subprocess.PIPE, stderr=full, text=True, check=False, cwd=mine,
        )  # fmt: skip
    assert done.returncode == 0
    assert "tasks ok       2 of 2" in done.stdout


def test_a_terminal_without_the_characters_gets_the_report_all_the_same(mine: Path) -> None:
    done = subprocess.run(
        [*MPVIZ, "run", "mine_for_a_test:accent", "--mechanism", "sequential", "--input-set",
         "numbers.txt"],
        capture_output=True, env=os.environ | {"PYTHONIOENCODING": "ascii"}, check=False, cwd=mine,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"\\xe9" in done.stdout


@pytest.mark.parametrize("verb", [[], ["run"], ["faults"], ["list"], ["serve"]])
def test_version_and_help_are_everywhere(
    verb: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for option, wanted in (("--version", f"mpviz {mpviz.__version__}\n"), ("-h", "Usage:")):
        monkeypatch.setattr(sys, "argv", ["mpviz", *verb, option])
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert left.value.code == 0
        assert wanted in capsys.readouterr().out


def test_python_dash_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mpviz", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"mpviz {mpviz.__version__}\n")


def test_the_shell_takes_what_the_runner_takes_not_what_a_page_does(mine: Path) -> None:
    (mine / "many.txt").write_text("1234567890123\n" + "7\n" * 100_000)
    chosen = asked.read_inputs(str(mine / "many.txt"))
    assert chosen.count == 100_001


def test_the_installed_command_is_the_same() -> None:
    command = Path(sys.executable).with_name("mpviz")
    done = subprocess.run([command, "list", "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("mpviz: There is no list of 'nothing'")
    assert len(done.stderr.splitlines()) == 1
