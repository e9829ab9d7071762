"""What the system tells of processes: the same questions to Linux and to psutil."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import shared_memory
from pathlib import Path
from types import ModuleType

import pytest

from mpviz.tree import elsewhere, end_all, linux
from tests.waiting import until

MARK = "a-mark-of-this-test"


@pytest.fixture(params=[linux, elsewhere], ids=["linux", "elsewhere"])
def system(request: pytest.FixtureRequest) -> ModuleType:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def shell() -> Iterator[subprocess.Popen[bytes]]:
    """A process with two children, all of them marked."""
    with subprocess.Popen(
        ["sh", "-c", "sleep 60 & sleep 60; true"], env=os.environ | {"MPVIZ_RUN": MARK}
    ) as process:
        yield process
        end_all(lambda: linux.marked(MARK))


def test_children_and_their_children_are_below(
    system: ModuleType, shell: subprocess.Popen[bytes]
) -> None:
    until(lambda: len(system.below(shell.pid)) == 2)
    below = system.below(shell.pid)
    assert {shell.pid, *below} <= set(system.below(os.getpid()))
    assert system.below(2**22 + 1) == []


def test_the_mark_finds_them_too(system: ModuleType, shell: subprocess.Popen[bytes]) -> None:
    until(lambda: len(system.marked(MARK)) == 3)
    assert shell.pid in system.marked(MARK)
    assert system.marked(MARK[:-1]) == []


def test_all_that_is_found_is_ended(system: ModuleType, shell: subprocess.Popen[bytes]) -> None:
    until(lambda: len(system.marked(MARK)) == 3)
    end_all(lambda: system.marked(MARK))
    assert shell.wait(5) == -signal.SIGKILL
    assert linux.marked(MARK) == []


def test_a_process_that_has_ended_is_over_reaped_or_not(system: ModuleType) -> None:
    process = subprocess.Popen(["true"])
    until(lambda: system.is_over(process.pid))
    process.wait()
    assert system.is_over(process.pid)
    assert not system.is_over(os.getpid())


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


def test_multiprocessing_s_own_servers_are_known(system: ModuleType) -> None:
    for name, question in (
        ("multiprocessing.resource_tracker", system.is_tracker),
        ("multiprocessing.forkserver", system.is_server),
    ):
        with subprocess.Popen([sys.executable, "-c", f"input() # {name}"], stdin=-1) as process:
            until(lambda pid=process.pid, ask=question: ask(pid))
            process.kill()
        assert not question(os.getpid())


def test_a_descriptor_tells_of_the_end_and_there_is_none_of_who_is_gone() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    with pytest.raises(ProcessLookupError):
        linux.open_pidfd(process.pid)
    own = linux.open_pidfd(os.getpid())
    assert own is not None
    os.close(own)


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
