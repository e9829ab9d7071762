"""What every test is held to: nothing of it stays behind. And which tests run where and when.

Imports only what the conformance suite has on every Python: pytest and psutil.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from multiprocessing import active_children, forkserver, resource_tracker
from pathlib import Path

import psutil
import pytest

GRACE = 2.0  # seconds for what is ending already
# Inherited by everything the tests start, so that what was reparented is still known as theirs,
# and what another session on this machine started is known as not.
SESSION = f"MPVIZ_TEST_SESSION={uuid.uuid4()}"
SHARED_MEMORY = Path("/dev/shm")
BROWSERS = (".org.chromium.", ".com.google.Chrome.")
NEW_MOUNTS = 0x00020000  # CLONE_NEWNS
MOUNTS = "mount --make-rprivate / && mount -t tmpfs -o mode=1777 none /dev/shm"
# Beside each other, tests begin with those that take longest.
LONGEST = ("browser", "serving", "test_lesson_notebook.py", "chaos", "conformance", "test_wheel.py")
# One server for all its tests: where a test is shown, or the fixture that it asks for.
SERVERS = ("voila", "lab", "public")


def pytest_configure(config: pytest.Config) -> None:
    name, _, value = SESSION.partition("=")
    os.environ[name] = value
    # A folder for this session's runs alone; what pytest itself keeps stays where one looks for it.
    # A worker of pytest-xdist is a session of its own, with its folder beside its parent's.
    place = os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="tests-", dir=place)
    # A line of this session's own, so that it neither waits for others nor holds them up.
    os.environ["MPVIZ_TURNS"] = str(Path(tempfile.gettempdir()) / "turns")
    own_shared_memory()


def own_shared_memory() -> None:
    """Give this session a /dev/shm of its own, where it may: what is in it then is the session's.

    Elsewhere others' entries are told by who holds them.
    """
    if os.geteuid() == 0 and ctypes.CDLL(None).unshare(NEW_MOUNTS) == 0:
        subprocess.run(["sh", "-c", MOUNTS], check=False, capture_output=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if name := group(item):
            item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=rank)


def group(item: pytest.Item) -> str:
    """What tests have in common that run in one worker, as they share what takes long to make."""
    parameters = getattr(item, "callspec", None)
    given = parameters.params if parameters else {}
    fixtures = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    if given.get("place") in SERVERS:
        return str(given["place"])
    for name in SERVERS:
        if name in fixtures:
            return name
    modules = [name for name, made in fixtures.items() if made[-1].scope == "module"]
    if not modules:
        return ""
    ways = [str(given[name]) for name in modules if name in given]
    return " ".join((item.nodeid.partition("::")[0], *ways))


def rank(item: pytest.Item) -> int:
    """Its place among those that begin first."""
    part = item.nodeid.removeprefix("tests/").partition("::")[0].partition("/")[0]
    return LONGEST.index(part) if part in LONGEST else len(LONGEST)


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
    try:
        raw = Path(f"/proc/{process.pid}/environ").read_bytes()
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
