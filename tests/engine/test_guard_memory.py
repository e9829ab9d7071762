"""The guard and memory: the ceiling of a run, and what it leaves in shared memory."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mpviz.core.outcome import Ending
from tests.engine.runs import MIB, Start, by_value, outcomes, tagged
from tests.waiting import until

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("mechanism", "start_method"),
    [
        ("sequential", "fork"),
        ("threads", "fork"),
        ("process", "fork"),
        ("pool.map", "fork"),
        ("pool.map", "spawn"),  # with semaphores that only a resource tracker removes
    ],
)
def test_what_eats_all_memory_is_ended_at_the_ceiling(
    started: Start, mechanism: str, start_method: str
) -> None:
    def eat(x: int) -> int:
        import time

        eaten = []
        while x:
            eaten.append(b"x" * 2**24)
            time.sleep(0.01)
        return x

    began = time.monotonic()
    running = started(eat, 0, 1, mechanism=mechanism, start_method=start_method, memory=200 * MIB)
    record = running.wait(15)
    assert time.monotonic() - began < 10
    assert record.ending is Ending.MEMORY
    assert record.message.startswith("its processes used")
    assert record.message.endswith("and may use 200 MiB")
    # missing: not known to have died with its host
    assert outcomes(record)[1] in ("died", "missing")
    assert not tagged(running.folder.name)


def test_many_workers_that_share_their_memory_are_not_counted_twice(
    started: Start,
) -> None:
    def hold(x: int) -> int:
        import time

        time.sleep(0.5)
        return x

    # 60 forks of some 12 MB, most of it shared, are more than the ceiling if added up.
    running = started(hold, *range(60), workers=60, memory=300 * MIB)
    assert running.wait(20).ending is Ending.FINISHED


def test_shared_memory_that_nobody_removed_goes_with_the_run_and_what_was_there_stays(
    started: Start,
) -> None:
    import multiprocessing.shared_memory as module

    def share(name: str) -> str:
        import multiprocessing.resource_tracker as tracker
        import multiprocessing.shared_memory as module
        import time

        ours = module.SharedMemory(name)
        tracker.unregister(ours._name, "shared_memory")  # type: ignore[attr-defined]
        new = module.SharedMemory(create=True, size=4096)
        tracker.unregister(new._name, "shared_memory")  # type: ignore[attr-defined]  # as track=False does from 3.13 on
        print(new.name, flush=True)
        time.sleep(60)
        return new.name

    before = module.SharedMemory(create=True, size=4096)
    try:
        running = started(share, before.name, mechanism="process")
        output = running.folder / "output"
        until(lambda: b"psm_" in output.read_bytes())
        running.cancel()
        record = running.wait(10)
        assert not Path("/dev/shm", record.output[0].text).exists()
        assert Path("/dev/shm", before.name).exists()
    finally:
        before.close()
        before.unlink()


SHARED = Path("/dev/shm")


@pytest.fixture
def entry() -> Iterator[Path]:
    """A name in shared memory that is free."""
    path = SHARED / f"test-guard-{os.getpid()}"
    yield path
    path.unlink(missing_ok=True)


def hold_open(name: str) -> None:
    """A task that opens, or makes, an entry of shared memory and waits."""
    import os
    import time

    os.open(f"/dev/shm/{name}", os.O_RDWR | os.O_CREAT, 0o600)
    print("held", flush=True)
    time.sleep(60)


@pytest.mark.parametrize("mechanism", ["sequential", "process"])
def test_what_another_program_made_in_shared_memory_stays_and_is_named(
    started: Start, entry: Path, mechanism: str
) -> None:
    """Nobody has it open at the end; its maker means to open it again."""
    running = started(by_value(hold_open), entry.name, mechanism=mechanism)
    until(lambda: running.table.booted)  # it comes after the run began
    until(lambda: b"held" in (running.folder / "output").read_bytes())
    running.cancel()
    record = running.wait(10)
    assert entry.exists()
    assert record.ending is Ending.CANCELLED
    assert record.message == (f"left in shared memory, as it may be another program's: {entry}")


def test_an_entry_that_cannot_be_removed_does_not_keep_the_guard_from_its_report(
    started: Start, entry: Path
) -> None:
    def hold_folder(name: str) -> None:
        import os
        import time

        subprocess.run(["mkdir", f"/dev/shm/{name}"], check=True)
        os.open(f"/dev/shm/{name}", os.O_RDONLY)
        print("held", flush=True)
        time.sleep(60)

    running = started(hold_folder, entry.name)
    try:
        until(lambda: b"held" in (running.folder / "output").read_bytes())
        running.cancel()
        record = running.wait(10)
        assert record.ending is Ending.CANCELLED
        assert str(entry) in record.message
        assert entry.is_dir()
    finally:
        entry.rmdir()


def share_and_lock(_: int) -> None:
    """A task that makes a segment and a semaphore which nothing but a run's end removes."""
    import multiprocessing
    import multiprocessing.resource_tracker as tracker
    import multiprocessing.shared_memory as module
    import os
    import signal
    import time

    segment = module.SharedMemory(create=True, size=4096)
    tracker.unregister(segment._name, "shared_memory")  # type: ignore[attr-defined]
    segment.close()  # at the cut nobody has it open
    lock = multiprocessing.get_context("spawn").Lock()
    print(segment.name, f"sem.{lock._semlock.name[1:]}", flush=True)  # type: ignore[attr-defined]
    os.kill(tracker._resource_tracker._pid, signal.SIGKILL)  # type: ignore[attr-defined]
    time.sleep(60)


@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("killed", [False, True], ids=["cancelled", "guard killed"])
def test_what_a_run_made_in_shared_memory_is_gone_with_it_though_no_tracker_lives(
    started: Start, start_method: str, killed: bool
) -> None:
    task = by_value(share_and_lock)
    running = started(task, 1, mechanism="process", start_method=start_method)
    until(lambda: b"sem." in (running.folder / "output").read_bytes())
    if killed:
        os.kill(running._guard.pid, signal.SIGKILL)
    else:
        running.cancel()
    record = running.wait(10)
    (line,) = [one.text for one in record.output if one.text.startswith("psm_")]
    assert not [name for name in line.split() if (SHARED / name).exists()]
    assert "shared memory" not in record.message
