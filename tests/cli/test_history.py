"""`mpviz history` and `mpviz compare`: what they print, and what is refused."""

from pathlib import Path

import pytest

from mpviz.cli.app import main
from mpviz.studies.history import History
from tests.cli.conftest import shell
from tests.studies.made import plan_of, trace_of


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setenv("MPVIZ_HOME", str(tmp_path / "history"))
    found = History()
    found.keep(trace_of(plan_of(), 1.5), "one")
    found.keep(trace_of(plan_of(mechanism="queue"), 3.0), "two")
    return found


def mpviz(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["mpviz", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_it_lists_what_was_kept(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = mpviz(capsys, "history")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 2
    assert "pool.map, 2 workers, fork: toy" in out
    assert "1.50 s" in out


def test_an_empty_history_says_where_it_would_be(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPVIZ_HOME", str(tmp_path / "none"))
    code, out, err = mpviz(capsys, "history")
    assert (code, out) == (0, "")
    assert f"nothing was kept yet in {tmp_path / 'none'}" in err


def test_shown_labelled_copied_and_deleted(
    capsys: pytest.CaptureFixture[str], history: History, tmp_path: Path
) -> None:
    assert "2 tasks" in mpviz(capsys, "history", "show", "one")[1]
    assert mpviz(capsys, "history", "label", "one", "first")[0] == 0
    assert mpviz(capsys, "history", "export", "first", str(tmp_path / "out"))[0] == 0
    code, name, _ = mpviz(capsys, "history", "import", str(tmp_path / "out"))
    assert code == 0
    assert mpviz(capsys, "history", "delete", name.strip())[0] == 0
    assert sorted(entry.label for entry in history.entries()) == ["first", "two"]


def test_two_entries_or_folders_are_compared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = mpviz(capsys, "compare", "one", "two")
    assert (code, err) == (0, "")
    assert "two took 2.00 × the time of one." in out
    trace_of(plan_of(workload="other"), 1.0).to_csv(tmp_path / "csv")
    code, out, err = mpviz(capsys, "compare", "one", str(tmp_path / "csv"))
    assert code == 0
    assert "they did different work" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["history", "show", "three"], "The history has no entry 'three'."),
        (["history", "delete", "2"], "2 entries of the history match '2'."),
        (["history", "label", "one", "x" * 101], "at most 100 characters"),
        (["history", "import", "/nowhere"], "/nowhere"),
        (["compare", "one", "three"], "The history has no entry 'three'."),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], history: History, arguments: list[str], sentence: str
) -> None:
    code, out, err = mpviz(capsys, *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert len(history.entries()) == 2


@pytest.mark.process
def test_a_run_of_the_shell_is_kept(history: History) -> None:
    done = shell("run", "busy", "--mechanism", "threads")
    assert done.returncode == 0, done.stderr
    assert len(history.entries()) == 3
