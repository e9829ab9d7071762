"""The folders of runs: what is cleared away is provably a run's own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mpviz.engine import folders
from tests.waiting import until

LONG_AGO = (0, 0)
MAKE = """
import sys
from mpviz.engine import folders
print(folders.make(), flush=True)
sys.stdin.read()
"""

WIPE = """
import sys
from pathlib import Path
from mpviz.engine import folders
folders.wipe(Path(sys.argv[1]))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary directory of this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def killed(place: Path) -> Callable[[], Path]:
    """The folder of a program that was killed before it could remove it."""

    def make() -> Path:
        with subprocess.Popen(
            [sys.executable, "-c", MAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as program:
            assert program.stdout is not None
            folder = Path(program.stdout.readline().strip())
            program.kill()
        assert folder.is_dir()
        return folder

    return make


def aged(folder: Path) -> Path:
    os.utime(folder, LONG_AGO)
    return folder


@pytest.mark.process
def test_a_folder_whose_program_was_killed_is_cleared_away(killed: Callable[[], Path]) -> None:
    folder = killed()
    folders.clear_left_over()
    assert not folder.exists()


def test_a_folder_that_is_held_stays_however_old() -> None:
    folder = folders.make()
    try:
        aged(folder)
        folders.clear_left_over()
        assert folder.is_dir()
    finally:
        folders.remove(folder)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["mpviz-out", "mpviz-project", "mpviz-", "mpviz-x1y2z3"])
def test_what_the_user_named_like_us_stays(place: Path, name: str) -> None:
    theirs = place / name
    (theirs / ".git").mkdir(parents=True)
    (theirs / "tasks.csv").write_text("run,task\n")
    aged(theirs)
    folders.clear_left_over()
    assert (theirs / ".git").is_dir()
    assert (theirs / "tasks.csv").read_text() == "run,task\n"


@pytest.mark.process
def test_what_the_user_put_beside_the_folders_of_runs_stays(killed: Callable[[], Path]) -> None:
    left = killed()
    theirs = left.parent / "results"
    theirs.mkdir()
    (theirs / "tasks.csv").touch()
    (left.parent / "note").touch()
    aged(theirs)
    folders.clear_left_over()
    assert (theirs / "tasks.csv").exists()
    assert (left.parent / "note").exists()
    assert not left.exists()


@pytest.mark.process
def test_a_copy_of_a_run_s_folder_stays(killed: Callable[[], Path]) -> None:
    left = killed()
    copy = left.parent / "kept"
    subprocess.run(["cp", "-a", left, copy], check=True)
    other = left.parent / "mpviz-kept"
    shutil.copytree(left, other, symlinks=True)
    moved = left.rename(left.parent / "renamed")
    for folder in (copy, other, moved):
        aged(folder)
    folders.clear_left_over()
    assert copy.is_dir()
    assert other.is_dir()
    assert moved.is_dir()


@pytest.mark.process
def test_a_copy_in_the_place_of_the_original_stays(killed: Callable[[], Path]) -> None:
    left = killed()
    copy = left.parent / "copy"
    subprocess.run(["cp", "-a", left, copy], check=True)
    left.rename(left.parent / "original")
    copy.rename(left)
    aged(left)
    folders.clear_left_over()
    assert left.is_dir()


@pytest.mark.process
def test_links_are_not_followed(killed: Callable[[], Path], place: Path) -> None:
    left = killed()
    theirs = place / "theirs"
    theirs.mkdir()
    (theirs / "kept").touch()
    (left / "inside").symlink_to(theirs)
    (left.parent / "beside").symlink_to(theirs)
    mark = next(path for path in left.iterdir() if path.is_file())
    other = left.parent / "other"
    other.mkdir()
    (other / mark.name).symlink_to(mark)
    folders.clear_left_over()
    assert (theirs / "kept").exists()
    assert (left.parent / "beside").is_symlink()
    assert other.is_dir()
    assert not left.exists()


@pytest.mark.process
@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777])
def test_in_a_home_that_others_may_enter_nothing_is_cleared(
    killed: Callable[[], Path], mode: int
) -> None:
    left = killed()
    left.parent.chmod(mode)
    folders.clear_left_over()
    assert left.is_dir()
    ours = folders.make()
    assert ours.parent != left.parent
    assert ours.stat().st_mode & 0o077 == 0
    folders.remove(ours)
    assert not ours.exists()


def test_a_link_in_the_place_of_our_home_is_not_followed(place: Path) -> None:
    theirs = place / "theirs"
    theirs.mkdir(0o700)
    (place / f"mpviz-{os.getuid()}").symlink_to(theirs)
    ours = folders.make()
    assert ours.parent == place
    assert list(theirs.iterdir()) == []
    folders.clear_left_over()
    folders.remove(ours)
    assert not ours.exists()


@pytest.mark.process
def test_the_folder_of_another_machine_stays(
    killed: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A temporary directory that several machines share tells nothing of who lives elsewhere."""
    left = killed()
    monkeypatch.setattr(folders, "machine", lambda: ("another", "another boot"))
    folders.clear_left_over()
    assert left.is_dir()


@pytest.mark.process
def test_a_folder_from_before_the_machine_started_again_is_cleared_away(
    killed: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = killed()
    name, _ = folders.machine()
    monkeypatch.setattr(folders, "machine", lambda: (name, "the boot after"))
    folders.clear_left_over()
    assert not left.exists()


@pytest.mark.process
@pytest.mark.parametrize("words", [b"", b"\xff\x00", b"[", b"[1]", b"{}", b"7", b"[" * 100_000])
def test_a_mark_that_says_something_else_is_none(killed: Callable[[], Path], words: bytes) -> None:
    left = killed()
    (left / folders.MARKER).write_bytes(words)
    folders.clear_left_over()
    assert left.is_dir()


@pytest.mark.process
def test_a_pipe_in_the_place_of_a_mark_holds_nobody_up(killed: Callable[[], Path]) -> None:
    left = killed()
    (left / folders.MARKER).unlink()
    os.mkfifo(left / folders.MARKER)
    folders.clear_left_over()
    assert left.is_dir()


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("name", ["data", "with a space"])
def test_what_is_mounted_inside_is_not_wiped(
    killed: Callable[[], Path], place: Path, name: str
) -> None:
    theirs = place / "theirs"
    theirs.mkdir()
    (theirs / "kept").touch()
    left = killed()
    inside = left / name
    inside.mkdir()
    subprocess.run(["mount", "--bind", theirs, inside], check=True)
    try:
        folders.clear_left_over()
        folders.remove(left)
        assert (theirs / "kept").exists()
    finally:
        subprocess.run(["umount", inside], check=True)
    folders.clear_left_over()
    assert (theirs / "kept").exists()
    assert not left.exists()


@pytest.mark.process
def test_folders_that_may_not_be_written_to_are_removed_too_and_links_out_of_them_not_followed(
    killed: Callable[[], Path], place: Path
) -> None:
    """As a task leaves them that unpacks read-only files; root may do all, so root does less."""
    left, theirs = killed(), place / "theirs"
    theirs.mkdir()
    theirs.chmod(0o500)
    for mode in (0o500, 0o000):
        inside = left / f"{mode:o}"
        inside.mkdir()
        (inside / "file").touch()
        (inside / "link").symlink_to(theirs)
        inside.chmod(mode)
    command = [sys.executable, "-c", WIPE, str(left)]
    if os.geteuid() == 0:
        less = "-dac_override,-dac_read_search"
        command = ["setpriv", "--bounding-set", less, "--inh-caps", less, *command]
    subprocess.run(command, check=True)
    assert not left.exists()
    assert theirs.stat().st_mode & 0o777 == 0o500


@pytest.mark.process
def test_several_may_clear_away_at_once(killed: Callable[[], Path], place: Path) -> None:
    held = folders.make()
    left = [killed() for _ in range(4)]
    code = "from mpviz.engine import folders; folders.clear_left_over()"
    programs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [program.wait(30) for program in programs] == [0] * 4
    assert not any(folder.exists() for folder in left)
    assert held.is_dir()
    folders.remove(held)


@pytest.fixture
def marked() -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Starts a process that carries a run's mark."""
    started = []

    def start(name: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "60"], env=os.environ | {"MPVIZ_RUN": name}))
        until(lambda: Path(f"/proc/{started[-1].pid}/comm").read_text() == "sleep\n")
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.process
def test_what_still_runs_of_it_is_ended_and_what_runs_of_a_copy_is_not(
    killed: Callable[[], Path], marked: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    left = killed()
    copy = left.parent / "copy"
    subprocess.run(["cp", "-a", left, copy], check=True)
    its, theirs = marked(left.name), marked("copy")
    folders.clear_left_over()
    assert its.wait(5) == -signal.SIGKILL
    time.sleep(0.05)
    assert theirs.poll() is None


def test_the_folder_is_private_and_its_name_is_short(place: Path) -> None:
    """The fork server's socket lies below it, and a socket's path has 107 characters at most."""
    folder = folders.make()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent == place / f"mpviz-{os.getuid()}"
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert len(folder.name) == 8
    folders.remove(folder)


def test_where_the_home_vanishes_meanwhile_it_is_made_again(place: Path) -> None:
    """As a cleaner of temporary directories may do while no run is there."""
    folders.remove(folders.make())
    (place / f"mpviz-{os.getuid()}").rmdir()
    folder = folders.make()
    assert folder.is_dir()
    folders.remove(folder)
