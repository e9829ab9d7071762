"""Names and files of the command line become a plan, or are refused in one line."""

from pathlib import Path

import pytest

from mpviz.cli.plan import read_inputs
from tests.cli.conftest import refused, shell


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


def test_the_shell_takes_what_the_runner_takes_not_what_a_page_does(mine: Path) -> None:
    (mine / "many.txt").write_text("1234567890123\n" + "7\n" * 100_000)
    chosen = read_inputs(str(mine / "many.txt"))
    assert chosen.count == 100_001
