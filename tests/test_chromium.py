"""tools/chromium.py: a path and nothing else, or one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

TOOL = Path(__file__).parents[1] / "tools" / "chromium.py"


def ask(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TOOL)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def stand_in(folder: Path, text: str) -> Path:
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_one_that_the_environment_names_is_taken(tmp_path: Path) -> None:
    path = stand_in(tmp_path, "echo Chromium 1.0")
    assert ask(MPVIZ_CHROMIUM=str(path)).stdout == f"{path}\n"


def test_one_on_the_path_is_found(tmp_path: Path) -> None:
    path = stand_in(tmp_path, "echo Chromium 1.0")
    search = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert ask(MPVIZ_CHROMIUM="", PATH=search).stdout == f"{path}\n"


def test_a_stub_is_not_taken_for_a_browser(tmp_path: Path) -> None:
    path = stand_in(tmp_path, "echo install the snap; exit 1")
    answer = ask(MPVIZ_CHROMIUM=str(path))
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr == (
        f"MPVIZ_CHROMIUM is {str(path)!r}, which is no Chromium that starts.\n"
    )
