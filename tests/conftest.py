"""What every test is held to: nothing of it stays behind. And which tests run where and when.

Imports only what the conformance suite has on every Python: pytest and psutil.
"""

from __future__ import annotations

import _posixsubprocess
import asyncio
import ctypes
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from multiprocessing import active_children, forkserver, resource_tracker
from pathlib import Path
from typing import Any

import psutil
import pytest

GRACE = 2.0  # seconds for what is ending already
EXEC_LOOKS = 20  # at an environment that is empty, a millisecond apart
# Inherited by everything the tests start, so that what was reparented is still known as theirs,
# and what another session on this machine started is known as not.
SESSION = f"MPVIZ_TEST_SESSION={uuid.uuid4()}"
SHARED_MEMORY = Path("/dev/shm")
BROWSERS = (".org.chromium.", ".com.google.Chrome.")
# Every test in these folders starts a process, a browser or a server, or has a fixture that does.
FOLDERS = ("tests/browser/", "tests/chaos/", "tests/conformance/")
FIXTURES = {"finding", "public", "real", "recorded", "several", "start", "started", "way"}
SPAWN = "multiprocessing's spawn"
EVENTS = {
    *("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "socket.bind"),
    SPAWN,
}
LONGEST = ("browser", "serving", "test_lesson_notebook.py", "chaos", "conformance")
NEW_MOUNTS = 0x00020000  # CLONE_NEWNS
MOUNTS = "mount --make-rprivate / && mount -t tmpfs -o mode=1777 none /dev/shm"


class Starts:
    """Hears of each process and each server that is started in this process."""

    def __init__(self) -> None:
        self.may = True
        sys.addaudithook(self.heard)
        self.fork_exec = _posixsubprocess.fork_exec
        _posixsubprocess.fork_exec = self.spawned  # by which multiprocessing spawns, unheard

    def heard(self, event: str, _: object) -> None:
        if event in EVENTS and not self.may:
            pytest.fail(f"It starts a process or a server ({event}): mark it as `process`.")

    def spawned(self, *arguments: Any) -> int:
        self.heard(SPAWN, arguments)
        return self.fork_exec(*arguments)


STARTS = Starts()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="only tests that start no process, browser or server",
    )


def pytest_configure(config: pytest.Config) -> None:
    name, _, value = SESSION.partition("=")
    os.environ[name] = value
    # A folder for this session's runs alone; what pytest itself keeps stays where one looks for it.
    # A worker of pytest-xdist is a session of its own, with its folder beside its parent's.
    place = os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="tests-", dir=place)
    # A line of this session's own, so that it neither waits for others nor holds them up.
    os.environ["MPVIZ_TURNS"] = str(Path(tempfile.gettempdir()) / "turns")
    os.environ["MPVIZ_HOME"] = str(Path(tempfile.gettempdir()) / "home")  # of the history
    own_shared_memory()
    platform.platform()  # asks a program, once in each process


def own_shared_memory() -> None:
    """Give this session a /dev/shm of its own, where it may: what is in it then is the session's.

    Elsewhere others' entries are told by who holds them.
    """
    if os.geteuid() == 0 and ctypes.CDLL(None).unshare(NEW_MOUNTS) == 0:
        subprocess.run(["sh", "-c", MOUNTS], check=False, capture_output=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)


@pytest.hookimpl(trylast=True)  # pytest itself sorts by fixture
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(FOLDERS) or FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("process")
    if config.getoption("quick"):
        left = {item for item in items if item.get_closest_marker("process")}
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=list(left))
    items.sort(key=rank)


def rank(item: pytest.Item) -> int:
    """Its place among those that begin first, as they take longest."""
    part = item.nodeid.removeprefix("tests/").partition("::")[0].partition("/")[0]
    return LONGEST.index(part) if part in LONGEST else len(LONGEST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Fail what starts a process or a server and has no mark that says so."""
    STARTS.may = item.get_closest_marker("process") is not None
    try:
        return (yield)
    finally:
        STARTS.may = True


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.workers import Handed

    return Handed(config, log)


@pytest.fixture(autouse=True)
def no_loop_of_another_test_runs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright's loop runs on between browser tests; other tests want their own."""
    loop = asyncio._get_running_loop()
    if loop is None or request.node.get_closest_marker("browser"):
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


@pytest.fixture(scope="session")
def long_lived() -> set[int]:
    """Servers that outlive a test, by process number; a session fixture adds its own.

    What they start is theirs, except what a run started: that must end with its test.
    """
    return set()


@pytest.fixture(autouse=True)
def nothing_stays_behind(long_lived: set[int]) -> Iterator[None]:
    """Prove that the test leaves no process, no shared memory and no folder of a run."""
    if not STARTS.may:
        yield
        return
    processes_before = ours()
    entries_before = entries()
    yield

    def left() -> list[str]:
        active_children()  # reaps those of this process that have ended
        new = [f"process {about(one)}" for one in strays(processes_before, long_lived)]
        new += [
            f"{path}"
            for path in sorted(entries() - entries_before)
            if not foreign(path) and path.exists()
        ]
        return new

    if found := settled(left):
        for process in strays(processes_before, long_lived):
            process.kill()  # so that the tests after this one are judged by what they do
        pytest.fail(f"{len(found)} stayed behind:\n" + "\n".join(found), pytrace=False)


def settled(left: Callable[[], list[str]]) -> list[str]:
    """What is left when the grace is over, or nothing as soon as nothing is."""
    end = time.monotonic() + GRACE
    while (found := left()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def strays(before: set[psutil.Process], long_lived: set[int]) -> list[psutil.Process]:
    """The processes that a test has left; those from before it, and what they started, are not."""
    # These two serve the test process as long as it lives; their children are looked at.
    kept = {
        getattr(resource_tracker._resource_tracker, "_pid", None),
        getattr(forkserver._forkserver, "_forkserver_pid", None),
    }
    older = ({process.pid for process in before} - kept) | long_lived
    return [
        process
        for process in ours() - before
        if process.pid not in kept
        and (of_a_run(process) or not older & {process.pid, *parents(process)})
    ]


def ours() -> set[psutil.Process]:
    """Every living process that the tests have started, reparented or not."""
    me = psutil.Process()
    below = set(me.children(recursive=True))
    marked = {process for process in psutil.process_iter() if SESSION in environ(process)}
    return {process for process in (below | marked) - {me} if alive(process)}


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return False


def parents(process: psutil.Process) -> set[int]:
    try:
        return {parent.pid for parent in process.parents()}
    except psutil.Error:
        return set()


def environ(process: psutil.Process) -> set[str]:
    # Not psutil's environ(): it makes a dict of every environment on the machine.
    place = Path(f"/proc/{process.pid}")
    raw = b""
    try:
        for _ in range(EXEC_LOOKS):
            raw = (place / "environ").read_bytes()
            if raw:
                break
            (place / "exe").readlink()  # of the kernel's own, and of the dead, there is none
            time.sleep(0.001)  # for a moment within exec a process has no environment
    except OSError:
        return set()
    return set(raw.decode(errors="replace").split("\0"))


def of_a_run(process: psutil.Process) -> bool:
    return any(entry.startswith("MPVIZ_RUN=") for entry in environ(process))


def about(process: psutil.Process) -> str:
    try:
        return f"{process.pid} (of {process.ppid()}): {' '.join(process.cmdline())[:200]}"
    except psutil.Error:
        return f"{process.pid} (gone by now)"


def entries() -> set[Path]:
    """Shared memory, and the folders of runs; a browser's memory is the browser's affair."""
    shared = SHARED_MEMORY.iterdir() if SHARED_MEMORY.is_dir() else ()
    return {
        *(path for path in shared if not path.name.startswith(BROWSERS)),
        *run_folders(),
    }


def run_folders() -> set[Path]:
    """The folders of runs: in their private home, or where that can't be, beside it."""
    place = Path(tempfile.gettempdir())
    home = place / f"mpviz-{os.getuid()}"
    return {*place.glob("mpviz-*"), *home.glob("*")} - {home}


def foreign(path: Path) -> bool:
    """Whether a process that is not the tests' holds it: another session's run on this machine."""
    mine = {os.getpid(), *(process.pid for process in ours())}
    others = (process.pid for process in psutil.process_iter() if process.pid not in mine)
    return any(holds(number, path) for number in others)


def holds(number: int, path: Path) -> bool:
    """Whether a process has mapped it, has it open or works in it, or what is in it."""
    folder = Path(f"/proc/{number}")
    try:
        if str(path) in (folder / "maps").read_text(errors="replace"):
            return True
        links = [folder / "cwd", *(folder / "fd").iterdir()]
        return any(str(link.readlink()).startswith(str(path)) for link in links)
    except OSError:  # ended meanwhile
        return False
