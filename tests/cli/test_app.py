"""The command itself: version, help, and what is impossible or can't be printed."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import mpviz
from mpviz.cli.app import main
from mpviz.core.plan import DEFAULT_START_METHOD
from mpviz.engine import folders
from tests.cli.conftest import FULL, MPVIZ, needs_full, refused

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


@pytest.mark.process
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


@pytest.mark.process
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


@pytest.mark.process
def test_a_standard_output_that_is_closed_is_one_sentence_too() -> None:
    line = shlex.join([*MPVIZ, "list", "workloads"])
    done = subprocess.run(
        ["sh", "-c", f"{line} >&-"], stderr=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "mpviz: what was found can't be printed: standard output is closed.\n"


@pytest.mark.parametrize(
    "verb", [[], ["run"], ["sweep"], ["history"], ["compare"], ["faults"], ["list"], ["serve"]]
)
def test_version_and_help_are_everywhere(
    verb: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for option, wanted in (("--version", f"mpviz {mpviz.__version__}\n"), ("-h", "Usage:")):
        monkeypatch.setattr(sys, "argv", ["mpviz", *verb, option])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == 0
        assert wanted in capsys.readouterr().out


@pytest.mark.process
def test_python_dash_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mpviz", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"mpviz {mpviz.__version__}\n")


@pytest.mark.process
def test_the_installed_command_is_the_same() -> None:
    command = Path(sys.executable).with_name("mpviz")
    done = subprocess.run([command, "list", "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("mpviz: There is no list of 'nothing'")
    assert len(done.stderr.splitlines()) == 1


LOADED = """
import contextlib, json, sys
from mpviz.cli.app import main
from mpviz.core.plan import DEFAULT_START_METHOD
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
    main()
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.process
@pytest.mark.parametrize("arguments", [["--version"], ["-h"], ["run", "-h"], ["list", "faults"]])
def test_version_help_and_lists_load_nothing_slow(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert not {"pandas", "numpy", "bokeh", "voila", "tornado", "psutil"} & loaded


@pytest.mark.parametrize("verb", ["run", "faults"])
def test_the_help_names_the_start_method_that_is_this_pythons_own(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mpviz", verb, "-h"])
    with pytest.raises(SystemExit):
        main()
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    python = "{}.{}".format(*sys.version_info)
    assert f"(default: {DEFAULT_START_METHOD}, Python {python}'s own)" in told


@pytest.mark.process
def test_what_cannot_be_done_here_is_one_line_and_the_status_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "make", full)
    monkeypatch.setattr(sys, "argv", ["mpviz", "run", "--input-set", "tiny"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "The run could not be started: [Errno 28] No space left on device." in told.err
    assert "Traceback" not in told.err
