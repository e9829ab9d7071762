"""The guard: whatever a run started is gone when the run is over, however it ends."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from mpviz.analysis import frames
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.engine.recording.table import TraceTable
from mpviz.workloads import WORKLOADS
from tests.waiting import until

SLEEP = WORKLOADS["sleep"].function
MIB = 2**20
SOON = 1.0  # seconds within which everything must be gone


def tagged(name: str) -> list[str]:
    """Living processes that carry the mark of a run."""
    found = []
    for process in psutil.process_iter():
        try:
            mark = Path(f"/proc/{process.pid}/environ").read_bytes()
            if f"MPVIZ_RUN={name}".encode() in mark and process.status() != "zombie":
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except (OSError, psutil.Error):
            continue
    return found


def gone(path: str, seconds: float = SOON) -> list[str]:
    """What is left of a run after so long: processes, folder; nothing as soon as nothing is."""
    end = time.monotonic() + seconds
    folder = Path(path)
    while (
        left := tagged(folder.name) + [str(folder)] * folder.exists()
    ) and time.monotonic() < end:
        time.sleep(0.01)
    return left


@pytest.fixture
def started() -> Iterator[Callable[..., runner.Running]]:
    under_way: list[runner.Running] = []

    def start(function: Callable[[Any], Any], *inputs: Any, **options: Any) -> runner.Running:
        plan = Plan(function, inputs, **{"workers": 2, "timeout": 20} | options)
        under_way.append(runner.start(plan))
        return under_way[-1]

    yield start
    for running in under_way:
        running.cancel()
        running.wait(10)


def child(flag: str) -> None:
    """A task that starts a program and waits for it."""
    import pathlib
    import subprocess

    with subprocess.Popen(["sleep", "60"]):
        pathlib.Path(flag).touch()


def daemon(flag: str) -> None:
    """A task that starts a program which does all it can to outlive it."""
    import pathlib
    import subprocess
    import sys
    import time

    code = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
open(%r, "w").close()
time.sleep(60)
"""
    subprocess.Popen([sys.executable, "-c", code % flag], start_new_session=True)
    while not pathlib.Path(flag).exists():
        time.sleep(0.01)
    time.sleep(60)


# By value, since a worker that imports this module imports pytest as well.
def by_value(function: Callable[[str], None]) -> Callable[[str], None]:
    import types

    return types.FunctionType(
        function.__code__, {"__builtins__": __builtins__, "__name__": "__main__"}, function.__name__
    )


@pytest.mark.parametrize("mechanism", ["process", "threads", "pool.map", "executor.map"])
@pytest.mark.parametrize("task", [child, daemon])
def test_what_a_task_started_is_gone_with_the_run(
    started: Callable[..., runner.Running],
    tmp_path: Path,
    mechanism: str,
    task: Callable[[str], None],
) -> None:
    flags = [tmp_path / "one", tmp_path / "two"]
    running = started(by_value(task), *map(str, flags), mechanism=mechanism)
    until(lambda: all(flag.exists() for flag in flags))
    name, began = running.folder.name, time.monotonic()
    assert len(tagged(name)) >= 4
    running.cancel()
    record = running.wait(10)
    left = tagged(name)
    assert time.monotonic() - began < SOON
    assert not left
    assert not running.folder.exists()
    assert list(frames.tasks_frame(record)["outcome"]) == ["cancelled"] * 2


def test_what_a_task_left_behind_is_gone_when_the_run_finishes(
    started: Callable[..., runner.Running], tmp_path: Path
) -> None:
    def leave(x: int) -> int:
        import subprocess

        subprocess.Popen(["sleep", "60"], start_new_session=True)
        return x

    running = started(leave, 1, 2, mechanism="pipe")
    record = running.wait(10)
    assert record.ending is Ending.FINISHED
    assert not tagged(running.folder.name)


KERNEL = """
import sys, time
from mpviz.engine import runner
from mpviz.core.plan import Plan
from mpviz.workloads import sleep
running = runner.start(Plan(sleep, (60_000, 60_000, 60_000), mechanism=sys.argv[1], workers=2))
print(running.folder, flush=True)
time.sleep(60)
"""
RNG = random.Random(20)
MOMENTS = [round(RNG.uniform(0, 0.6), 3) for _ in range(4)]
MECHANISMS = ["pool.map", "process", "threads", "queue"]


@pytest.mark.parametrize(("mechanism", "moment"), list(zip(MECHANISMS, MOMENTS, strict=True)))
def test_when_the_kernel_is_killed_everything_is_gone_at_once(
    mechanism: str, moment: float
) -> None:
    kernel = subprocess.Popen([sys.executable, "-c", KERNEL, mechanism], stdout=subprocess.PIPE)
    try:
        assert kernel.stdout is not None
        name = kernel.stdout.readline().decode().strip()
        time.sleep(moment)
    finally:
        kernel.kill()
        kernel.communicate()
    assert Path(name).is_relative_to(tempfile.gettempdir())
    assert gone(name) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_guard_does_not_die_of_a_polite_signal(
    started: Callable[..., runner.Running], number: signal.Signals
) -> None:
    running = started(SLEEP, 300, 300)
    until(lambda: "running" in list(frames.tasks_frame(running.snapshot())["outcome"]))
    os.kill(running._guard.pid, number)
    assert running.wait(10).ending is Ending.FINISHED


@pytest.mark.parametrize("mechanism", ["pool.map", "process", "executor.map", "threads"])
def test_when_the_guard_is_killed_the_kernel_sweeps(tmp_path: Path, mechanism: str) -> None:
    flags = [tmp_path / "one", tmp_path / "two"]
    plan = Plan(by_value(daemon), tuple(map(str, flags)), mechanism, workers=2, timeout=20)
    running = runner.start(plan)
    until(lambda: all(flag.exists() for flag in flags))
    name = running.folder.name
    assert len(tagged(name)) >= 4
    began = time.monotonic()
    os.kill(running._guard.pid, signal.SIGKILL)
    record = running.wait(10)
    assert time.monotonic() - began < SOON
    assert tagged(name) == []
    assert not running.folder.exists()
    assert record.ending is Ending.HOST_DIED
    assert record.message == "the guard of the run was killed"
    assert list(frames.tasks_frame(record)["outcome"]) == ["died", "died"]


def test_when_kernel_and_guard_are_killed_the_next_run_clears_away(
    started: Callable[..., runner.Running],
) -> None:
    kernel = subprocess.Popen([sys.executable, "-c", KERNEL, "queue"], stdout=subprocess.PIPE)
    assert kernel.stdout is not None
    left = Path(kernel.stdout.readline().decode().strip())
    until(lambda: len(tagged(left.name)) >= 4)
    guards = [int(one.split()[0]) for one in tagged(left.name) if "mpviz.engine.guard" in one]
    kernel.kill()
    for pid in guards:
        os.kill(pid, signal.SIGKILL)
    kernel.communicate()
    until(lambda: not any("mpviz.engine.guard" in one for one in tagged(left.name)))
    started(SLEEP, 1).wait(10)
    assert gone(str(left)) == []


def test_a_folder_that_is_in_use_is_not_cleared_away(
    started: Callable[..., runner.Running],
) -> None:
    running = started(SLEEP, 60_000)
    os.utime(running.folder, (0, 0))
    started(SLEEP, 1).wait(10)
    assert running.folder.exists()
    assert not running.done


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
    started: Callable[..., runner.Running], mechanism: str, start_method: str
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
    outcomes = list(frames.tasks_frame(record)["outcome"])
    assert outcomes[1] in ("died", "missing")  # missing: not known to have died with its host
    assert not tagged(running.folder.name)


def test_many_workers_that_share_their_memory_are_not_counted_twice(
    started: Callable[..., runner.Running],
) -> None:
    def hold(x: int) -> int:
        import time

        time.sleep(0.5)
        return x

    # 60 forks of some 12 MB, most of it shared, are more than the ceiling if added up.
    running = started(hold, *range(60), workers=60, memory=300 * MIB)
    assert running.wait(20).ending is Ending.FINISHED


def test_processes_left_behind_are_counted(started: Callable[..., runner.Running]) -> None:
    def leave(x: int) -> int:
        import subprocess

        subprocess.Popen(["sleep", "60"], start_new_session=True)
        return x

    assert started(leave, 1, 2, mechanism="queue").wait(10).left_behind == 2
    for method in ("fork", "spawn", "forkserver"):
        assert started(abs, 1, 2, start_method=method).wait(10).left_behind == 0


def test_shared_memory_that_nobody_removed_goes_with_the_run_and_what_was_there_stays(
    started: Callable[..., runner.Running],
) -> None:
    import multiprocessing.shared_memory as module

    def share(name: str) -> str:
        import multiprocessing.resource_tracker as tracker
        import multiprocessing.shared_memory as module
        import time

        ours = module.SharedMemory(name)
        tracker.unregister(ours._name, "shared_memory")
        new = module.SharedMemory(create=True, size=4096)
        tracker.unregister(new._name, "shared_memory")  # as track=False does from 3.13 on
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
    started: Callable[..., runner.Running], entry: Path, mechanism: str
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
    started: Callable[..., runner.Running], entry: Path
) -> None:
    def hold_folder(name: str) -> None:
        import os
        import subprocess
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
    tracker.unregister(segment._name, "shared_memory")
    segment.close()  # at the cut nobody has it open
    lock = multiprocessing.get_context("spawn").Lock()
    print(segment.name, f"sem.{lock._semlock.name[1:]}", flush=True)
    os.kill(tracker._resource_tracker._pid, signal.SIGKILL)
    time.sleep(60)


@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("killed", [False, True], ids=["cancelled", "guard killed"])
def test_what_a_run_made_in_shared_memory_is_gone_with_it_though_no_tracker_lives(
    started: Callable[..., runner.Running], start_method: str, killed: bool
) -> None:
    task = by_value(share_and_lock)  # type: ignore[arg-type]
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


def guard_alone(folder: Path) -> dict[str, Any]:
    """What a guard reports of a folder, and that it leaves none."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "mpviz.engine.guard",
        folder,
        str(os.getpid()),
        "5",
        "1000000",
    ]
    done = subprocess.run(
        command,
        input=b"q",
        capture_output=True,
        timeout=20,
        check=True,
        env=os.environ | {"MPVIZ_RUN": folder.name},
    )
    assert not folder.exists()
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_a_guard_that_finds_no_table_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    report = guard_alone(folder)
    assert report["ending"] == Ending.HOST_DIED
    assert report["fault"].startswith("FileNotFoundError")


def test_a_guard_that_cannot_start_its_host_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "host.log").mkdir(parents=True)
    TraceTable.create(folder / "table", tasks=1, workers=1).close()
    report = guard_alone(folder)
    assert report["ending"] == Ending.HOST_DIED
    assert report["fault"].startswith("IsADirectoryError")


WITHOUT_THE_RIGHT = """
import json, sys
from mpviz.engine import runner
from mpviz.core.plan import Plan

def leave(flag):
    import pathlib, subprocess, sys, time
    code = "import os, sys, time; os.setuid(65534); print(flush=True); time.sleep(60)"
    one = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    one.stdout.readline()
    pathlib.Path(flag).write_text(str(one.pid))
    time.sleep(60)

record = runner.start(Plan(leave, (sys.argv[1],), sys.argv[2], timeout=1.0)).wait(30)
print(json.dumps([record.ending, record.message, record.survivors]))
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can be somebody else"
)
@pytest.mark.parametrize("mechanism", ["process", "sequential"])
def test_a_process_that_cannot_be_ended_is_named_and_the_run_ends_all_the_same(
    tmp_path: Path, mechanism: str
) -> None:
    flag = tmp_path / "pid"
    command = [sys.executable, "-c", WITHOUT_THE_RIGHT, flag, mechanism]
    began = time.monotonic()
    try:
        done = subprocess.run(
            ["setpriv", "--bounding-set", "-kill", "--inh-caps", "-kill", *command],
            stdout=subprocess.PIPE,
            timeout=30,
            check=True,
        )
        took = time.monotonic() - began
        pid = int(flag.read_text())
        assert psutil.pid_exists(pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(flag.read_text()), signal.SIGKILL)
    ending, message, survivors = json.loads(done.stdout)
    assert ending == Ending.DEADLINE
    assert [name.split()[0] for name in survivors] == [str(pid)]
    assert message == f"could not be ended: {survivors[0]}"
    assert took < 10


ELSEWHERE = """
import sys, time
from mpviz.engine import runner
from mpviz.core.plan import Plan
from mpviz.workloads import WORKLOADS
function = {"daemon": DAEMON, "sleep": WORKLOADS["sleep"].function}[sys.argv[1]]
inputs = tuple(float(x) if x.isdigit() else x for x in sys.argv[3:])
running = runner.start(Plan(function, inputs, sys.argv[2], workers=2, timeout=1.5))
print(running.folder, flush=True)
record = running.wait(20)
print(record.ending, record.left_behind, len(record.results), flush=True)
"""


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs whose kernel and guard ask psutil, as where there is no Linux."""
    monkeypatch.setenv("MPVIZ_TREE", "portable")
    import inspect

    code = inspect.getsource(daemon) + ELSEWHERE.replace("DAEMON", "daemon")

    def run(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
        )

    return run


@pytest.mark.parametrize("mechanism", ["sequential", "threads", "queue", "pool.map"])
def test_without_linux_a_run_ends_in_its_record(
    elsewhere: Callable[..., subprocess.Popen[str]], mechanism: str
) -> None:
    said, _ = elsewhere("sleep", mechanism, "1", "1").communicate(timeout=20)
    assert said.splitlines()[1] == "finished 0 2"


def test_without_linux_the_deadline_ends_daemons_too(
    elsewhere: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    kernel = elsewhere("daemon", "process", str(tmp_path / "one"), str(tmp_path / "two"))
    said, _ = kernel.communicate(timeout=20)
    name, ended = said.splitlines()
    assert ended == "deadline 0 0"
    assert gone(name) == []


def test_without_linux_the_kernel_s_death_ends_it_all(
    elsewhere: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    flags = [tmp_path / "one", tmp_path / "two"]
    kernel = elsewhere("daemon", "queue", *map(str, flags))
    assert kernel.stdout is not None
    name = kernel.stdout.readline().strip()
    until(lambda: all(flag.exists() for flag in flags))
    kernel.kill()
    kernel.communicate()
    assert gone(name) == []


def test_a_host_that_never_calls_its_mechanism_is_ended(
    started: Callable[..., runner.Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        def __reduce__(self) -> Any:
            return (eval, ("__import__('time').sleep(60)",))

        def __call__(self, x: int) -> int:
            return x

    running = started(Slow(), 1)
    time.sleep(0.4)
    running.cancel()
    record = running.wait(10)
    assert record.ending is Ending.CANCELLED
    assert list(frames.tasks_frame(record)["outcome"]) == ["cancelled"]
    assert not tagged(running.folder.name)


def test_a_stopped_worker_does_not_keep_the_run_from_ending(
    started: Callable[..., runner.Running],
) -> None:
    def stop(x: int) -> int:
        import os
        import signal

        os.kill(os.getpid(), signal.SIGSTOP)
        return x

    running = started(stop, 1, 2, mechanism="process")
    until(lambda: list(frames.tasks_frame(running.snapshot())["outcome"]) == ["running"] * 2)
    began = time.monotonic()
    running.cancel()
    running.wait(10)
    assert time.monotonic() - began < SOON
    assert not tagged(running.folder.name)
