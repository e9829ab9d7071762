"""What the system tells of processes: the same questions to Linux and to psutil."""

import json
import mmap
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import shared_memory
from pathlib import Path
from types import ModuleType

import pytest

from mpviz.engine import tree
from mpviz.engine.tree import end_all, linux, portable
from tests.waiting import until

MARK = f"a-mark-of-these-tests-{os.getpid()}"


@pytest.fixture(params=[linux, portable], ids=["linux", "portable"])
def system(request: pytest.FixtureRequest) -> ModuleType:
    return request.param


@pytest.fixture
def shell() -> Iterator[subprocess.Popen[bytes]]:
    """A process with two children, all of them marked."""
    with subprocess.Popen(
        ["sh", "-c", "sleep 60 & sleep 60; true"], env=os.environ | {"MPVIZ_RUN": MARK}
    ) as process:
        yield process
        end_all(lambda: linux.marked(MARK))


@pytest.mark.process
def test_children_and_their_children_are_below(
    system: ModuleType, shell: subprocess.Popen[bytes]
) -> None:
    until(lambda: len(system.below(shell.pid)) == 2)
    below = system.below(shell.pid)
    assert {shell.pid, *below} <= set(system.below(os.getpid()))
    assert system.below(2**22 + 1) == []


@pytest.mark.process
def test_the_mark_finds_them_too(system: ModuleType, shell: subprocess.Popen[bytes]) -> None:
    until(lambda: len(system.marked(MARK)) == 3)
    assert shell.pid in system.marked(MARK)
    assert system.marked(MARK[:-1]) == []


@pytest.mark.process
def test_all_that_is_found_is_ended(system: ModuleType, shell: subprocess.Popen[bytes]) -> None:
    until(lambda: len(system.marked(MARK)) == 3)
    end_all(lambda: system.marked(MARK))
    assert shell.wait(5) == -signal.SIGKILL
    assert linux.marked(MARK) == []


@pytest.mark.process
def test_a_process_that_has_ended_is_over_reaped_or_not(system: ModuleType) -> None:
    process = subprocess.Popen(["true"])
    until(lambda: system.is_over(process.pid))
    process.wait()
    assert system.is_over(process.pid)
    assert not system.is_over(os.getpid())


@pytest.mark.process
def test_what_is_eaten_is_seen(system: ModuleType) -> None:
    code = "x = b'x' * 2**26; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for seen in (system.resident([process.pid]), system.used([process.pid])):
            assert 2**26 < seen < 2**26 + 2**25
        process.kill()
    assert system.resident([process.pid]) == system.used([process.pid]) == 0


@pytest.mark.process
def test_multiprocessing_s_own_servers_are_known(system: ModuleType) -> None:
    for name, question in (
        ("multiprocessing.resource_tracker", system.is_tracker),
        ("multiprocessing.forkserver", system.is_server),
    ):
        with subprocess.Popen([sys.executable, "-c", f"input() # {name}"], stdin=-1) as process:
            until(lambda pid=process.pid, ask=question: ask(pid))  # type: ignore[misc]
            process.kill()
        assert not question(os.getpid())


@pytest.mark.process
def test_a_descriptor_tells_of_the_end_and_there_is_none_of_who_is_gone() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    with pytest.raises(ProcessLookupError):
        linux.open_pidfd(process.pid)
    own = linux.open_pidfd(os.getpid())
    assert own is not None
    os.close(own)


@pytest.mark.process
def test_shared_memory_is_in_use_by_who_has_mapped_it() -> None:
    before = linux.shared_memory()
    memory = shared_memory.SharedMemory(create=True, size=4096)
    try:
        (new,) = linux.shared_memory() - before
        assert new == Path("/dev/shm", memory.name)
        assert linux.in_use({new}) == linux.in_use({new}, [os.getpid()]) == {new}
        assert linux.in_use({new}, [os.getppid()]) == set()
    finally:
        memory.close()
        memory.unlink()


@pytest.fixture
def entry() -> Iterator[Path]:
    """A name in shared memory that is free."""
    path = Path("/dev/shm", f"test-tree-{os.getpid()}")
    yield path
    path.unlink(missing_ok=True)


def test_an_entry_that_a_run_made_is_removed_and_one_of_the_same_name_is_not(entry: Path) -> None:
    entry.touch()
    number = entry.stat().st_ino
    linux.remove_shared({(entry.name, number + 1), ("another", number)}, "no-such-")
    assert entry.exists()
    linux.remove_shared({(entry.name, number)}, "no-such-")
    assert not entry.exists()
    entry.touch()
    linux.remove_shared(set(), entry.name[:-1])
    assert not entry.exists()


def test_an_entry_that_somebody_uses_is_not_removed(entry: Path) -> None:
    with entry.open("w"):
        linux.remove_shared({(entry.name, entry.stat().st_ino)}, "no-such-")
        assert entry.exists()


def test_what_is_no_file_is_not_removed_from_shared_memory(entry: Path) -> None:
    entry.mkdir()
    linux.remove_shared({(entry.name, entry.stat().st_ino)}, entry.name)
    assert entry.is_dir()
    entry.rmdir()


@pytest.mark.process
def test_a_process_that_stays_found_does_not_hold_up_the_end() -> None:
    """A process that nobody reaps is found for ever, and killing it changes nothing."""
    with subprocess.Popen(["true"]) as process:
        until(lambda: linux.is_over(process.pid))
        began = time.monotonic()
        assert end_all(lambda: [process.pid]) == []  # it is over, so it has not survived
        assert time.monotonic() - began < 2 * tree.KILL_LIMIT


UNKILLABLE = """
import os, time
os.setuid(65534)
print(flush=True)
time.sleep(60)
"""
KILLER = """
import json, sys, time
from mpviz.engine import tree
began = time.monotonic()
left = tree.end_all(lambda: [int(sys.argv[1])])
print(json.dumps([tree.names(left), time.monotonic() - began]))
"""
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can be somebody else"
)


@pytest.mark.process
@needs_root
def test_a_process_of_another_user_is_given_up_and_named() -> None:
    """Root without the right to kill others is what another user's process is for a user."""
    with subprocess.Popen([sys.executable, "-c", UNKILLABLE], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        code = [sys.executable, "-c", KILLER, str(process.pid)]
        done = subprocess.run(
            ["setpriv", "--bounding-set", "-kill", "--inh-caps", "-kill", *code],
            capture_output=True,
            timeout=30,
            check=True,
        )
        assert process.poll() is None
        process.kill()
    names, took = json.loads(done.stdout)
    assert len(names) == 1
    assert names[0].startswith(f"{process.pid} (python")
    assert took < tree.KILL_LIMIT


@pytest.mark.process
def test_where_new_ones_are_found_for_ever_there_is_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tree, "END_LIMIT", 0.5)
    started: list[subprocess.Popen[bytes]] = []

    def bomb() -> list[int]:
        started.append(subprocess.Popen(["sleep", "60"]))
        return [started[-1].pid]

    end_all(bomb)
    for process in started:
        process.kill()
        process.wait()
    assert len(started) > 1


def test_this_machine_s_start_has_one_name(system: ModuleType) -> None:
    assert system.boot() == system.boot() != ""


@pytest.mark.process
def test_a_process_has_a_name(system: ModuleType) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        until(lambda: system.name(process.pid) == "sleep")
        process.kill()
    assert system.name(process.pid) == ""


@pytest.mark.process
@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts a file system"
)
def test_what_is_mapped_in_another_shared_memory_is_not_in_use_here() -> None:
    """The numbers of files repeat from one to the other, as between containers."""
    entry = Path(f"/dev/shm/test-in-use-{os.getpid()}")
    entry.write_bytes(bytes(4096))
    program = (
        "import mmap, os, sys\n"
        "wanted, number = int(sys.argv[1]), 0\n"
        "while number < wanted:\n"
        "    fd = os.open('/dev/shm/other', os.O_CREAT | os.O_RDWR)\n"
        "    number = os.fstat(fd).st_ino\n"
        "    if number < wanted:\n"
        "        os.close(fd); os.unlink('/dev/shm/other')\n"
        "os.ftruncate(fd, 4096)\n"
        "kept = mmap.mmap(fd, 4096)\n"
        "print(number, flush=True)\n"
        "sys.stdin.read()\n"
    )
    inside = 'mount -t tmpfs none /dev/shm && exec "$@"'
    other = subprocess.Popen(
        [
            *("unshare", "--mount", "sh", "-c", inside, "sh"),
            *(sys.executable, "-c", program, str(entry.stat().st_ino)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout is not None
        if int(other.stdout.readline() or 0) != entry.stat().st_ino:
            pytest.skip("no file of that number could be made")
        assert linux.in_use({entry}) == set()
        with entry.open("r+b") as file, mmap.mmap(file.fileno(), 4096):
            assert linux.in_use({entry}) == {entry}
    finally:
        entry.unlink()
        other.communicate()
