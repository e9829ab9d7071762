"""The proof that nothing stays behind is itself proved: each kind of leftover fails its test."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# Each test but the first and the last leaves something; the seconds are its own undoing.
LEAVES = """
import multiprocessing, os, subprocess, tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.process
SLEEP = ["sleep", "20"]

def test_nothing():
    subprocess.run(["true"])

def test_child():
    subprocess.Popen(SLEEP).returncode = 0

def test_orphan():
    subprocess.run(["sh", "-c", "sleep 20 & exit"], stdin=subprocess.DEVNULL)

def test_orphan_in_a_session_of_its_own():
    subprocess.run(["sh", "-c", "setsid sleep 20 & exit"])

def test_shared_memory(tmp_path):
    Path(f"/dev/shm/test_conftest_{os.getpid()}").touch()

def test_folder():
    tempfile.mkdtemp(prefix="mpviz-")

def test_forkserver_and_tracker_are_kept():
    process = multiprocessing.get_context("forkserver").Process(target=os.getpid)
    process.start()
    process.join()
    process.close()
"""


@pytest.mark.process
def test_each_kind_of_leftover_fails_its_test_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "test_leaves.py").write_text(LEAVES, encoding="utf-8")
    text = (HERE / "conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(text.replace("GRACE = 2.0", "GRACE = 0.3"))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rA",
        "--rootdir",
        ".",
        "-p",
        "no:cacheprovider",
    ]
    (tmp_path / "tmp").mkdir()
    answer = subprocess.run(
        ["env", f"TMPDIR={tmp_path / 'tmp'}", *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    for entry in Path("/dev/shm").glob("test_conftest_*"):
        entry.unlink()
    shutil.rmtree(tmp_path / "tmp")
    blamed = {
        line.split("::")[1].split()[0]
        for line in answer.stdout.splitlines()
        if line.startswith("ERROR ")
    }
    assert blamed == {
        "test_child",
        "test_orphan",
        "test_orphan_in_a_session_of_its_own",
        "test_shared_memory",
        "test_folder",
    }, answer.stdout
