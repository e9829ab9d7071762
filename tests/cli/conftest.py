"""The shell: as a program, and in this process where it starts nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from mpviz.cli.app import main

MPVIZ = [sys.executable, "-m", "mpviz"]


HEED_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from mpviz.cli.app import main
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
        main()
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine_for_a_test.py").write_text(MINE)
    (tmp_path / "numbers.txt").write_text("50\n51\n")
    return tmp_path
