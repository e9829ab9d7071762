"""A run: what is refused, how it is watched, how it ends, and what is known of it then."""

import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from mpviz.analysis import frames
from mpviz.core.errors import Failed, Refused
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.engine import runner
from mpviz.engine.recording.table import CALLED
from mpviz.workloads import WORKLOADS, is_prime
from tests.conftest import run_folders
from tests.waiting import until

SLEEP = WORKLOADS["sleep"].function
SOON = 1.0  # seconds within which a run that is to end is gone
BASE = Plan(abs, (1, 2), workers=2, timeout=20)


def outcomes(record: Record) -> list[str]:
    return list(frames.tasks_frame(record)["outcome"])


def run(function: Callable[[Any], Any], *inputs: Any, **options: Any) -> Record:
    return runner.start(Plan(function, inputs, **{"workers": 2, "timeout": 20} | options)).wait()


@pytest.fixture
def started() -> Iterator[Callable[..., runner.Running]]:
    """Start runs that are ended with the test, however it ends."""
    under_way: list[runner.Running] = []

    def start(function: Callable[[Any], Any], *inputs: Any, **options: Any) -> runner.Running:
        plan = Plan(function, inputs, **{"workers": 2, "timeout": 20} | options)
        under_way.append(runner.start(plan))
        return under_way[-1]

    yield start
    for running in under_way:
        running.cancel()
        running.wait(10)


def under_way(running: runner.Running, tasks: int = 1) -> None:
    """Wait until so many tasks are running."""
    until(lambda: outcomes(running.snapshot()).count("running") >= tasks)


class Unpicklable:
    def __reduce__(self) -> Any:
        raise TypeError("it will not travel")


REFUSED = {
    "There is no mechanism 'nothing'": {"mechanism": "nothing"},
    "There is no mechanism 3": {"mechanism": 3},
    "There is no start method 'spoon'": {"start_method": "spoon"},
    "workers must be from 1 to 1,000, not 0": {"workers": 0},
    "workers must be from 1 to 1,000, not -1": {"workers": -1},
    "workers must be from 1 to 1,000, not 99,999": {"workers": 99_999},
    "workers must be a whole number, not 1.5": {"workers": 1.5},
    "workers must be a whole number, not True": {"workers": True},
    "workers must be a whole number, not '2'": {"workers": "2"},
    "workers must be a whole number, not None": {"workers": None},
    "chunk_size must be from 1 to 1,000,000, not 0": {"chunk_size": 0},
    "chunk_size must be a whole number, not 2.0": {"chunk_size": 2.0},
    "timeout must be above 0 and at most 86400 s, not 0": {"timeout": 0},
    "timeout must be above 0 and at most 86400 s, not -1": {"timeout": -1},
    "timeout must be above 0 and at most 86400 s, not nan": {"timeout": math.nan},
    "timeout must be above 0 and at most 86400 s, not inf": {"timeout": math.inf},
    "memory must be at least 67,108,864 bytes, not -1": {"memory": -1},
    "memory must be a whole number of bytes, not 1.5": {"memory": 1.5},
    "memory must be at least 67,108,864 bytes, not 1,000": {"memory": 1000},
    "timeout must be a number of seconds, not '60'": {"timeout": "60"},
    "timeout must be a number of seconds, not None": {"timeout": None},
    "timeout must be a number of seconds, not True": {"timeout": True},
    "There are no inputs": {"inputs": ()},
    "1,000,001 inputs are more than the 1,000,000 allowed": {"inputs": (0,) * 1_000_001},
    "process.lesson starts a process for each input: at most 64 inputs, not 65": {
        "mechanism": "process.lesson",
        "inputs": (0,) * 65,
    },
    "pipe.lesson starts a process for each input: at most 64 inputs, not 4,000": {
        "mechanism": "pipe.lesson",
        "inputs": (0,) * 4000,
    },
    "The workload must be a function of one input, not 7": {"function": 7},
    "Input 0 (<tests.engine.test_runner.Unpicklable object>) can't be sent to a worker": {
        "inputs": (Unpicklable(),)
    },
    "The workload can't be carried to a clean process: cannot pickle": {
        "function": (number for number in ()).__next__
    },
    "There is no mechanism []": {"mechanism": []},
    "There is no start method []": {"start_method": []},
    "workers must be from 1 to 1,000": {"workers": 10**5000},
    "timeout must be above 0": {"timeout": 10**400},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_the_impossible_is_refused_in_one_sentence_and_nothing_is_started(sentence: str) -> None:
    before, children = run_folders(), set(psutil.Process().children())
    with pytest.raises(Refused) as caught:
        runner.start(replace(BASE, **REFUSED[sentence]))
    text = str(caught.value)
    assert text.startswith(sentence)
    assert len(text.splitlines()) == 1
    assert len(text) < 400
    assert run_folders() <= before
    assert set(psutil.Process().children()) == children


def test_where_no_folder_can_be_made_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(Failed, match="could not be started"):
        runner.start(BASE)


def test_a_run_gives_a_record_with_every_answer() -> None:
    record = run(is_prime, 7, 8, 9)
    assert record.ending is Ending.FINISHED
    assert record.results == {0: "true", 1: "false", 2: "false"}
    assert record.message == ""
    assert record.environment["workload_hash"]


def test_after_the_run_its_folder_and_its_processes_are_gone(
    started: Callable[..., runner.Running],
) -> None:
    running = started(is_prime, 7)
    assert running.folder.is_dir()
    tag = running.folder.name
    running.wait()
    assert not running.folder.exists()
    assert not tagged(tag)


def tagged(name: str) -> list[int]:
    """Processes that carry the mark of a run."""
    found = []
    for process in psutil.process_iter():
        try:
            mark = Path(f"/proc/{process.pid}/environ").read_bytes()
            if f"MPVIZ_RUN={name}".encode() in mark and process.status() != "zombie":
                found.append(process.pid)
        except (OSError, psutil.Error):
            continue
    return found


def test_wait_gives_up_after_its_timeout_and_can_be_called_again(
    started: Callable[..., runner.Running],
) -> None:
    running = started(SLEEP, 400)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="goes on"):
        running.wait(0.1)
    assert time.monotonic() - began < 0.4
    with pytest.raises(TimeoutError):
        running.wait(0)
    assert not running.done
    record = running.wait()
    assert record.ending is Ending.FINISHED
    assert running.wait() is record
    assert running.wait(0) is record
    assert running.done


def test_during_a_run_a_snapshot_tells_how_far_it_is(
    started: Callable[..., runner.Running],
) -> None:
    running = started(SLEEP, 10, 2_000, 2_000, mechanism="queue")
    until(lambda: running.finished == 1)
    until(lambda: outcomes(running.snapshot()) == ["ok", "running", "running"])
    snapshot = running.snapshot()
    assert snapshot.ending is Ending.RUNNING
    assert len(frames.workers_frame(snapshot)) == 2
    assert 0 < snapshot.makespan_s < 20
    running.cancel()
    record = running.wait()
    assert running.snapshot() is record
    assert outcomes(record) == ["ok", "cancelled", "cancelled"]


def test_a_snapshot_before_anything_happened_is_a_record_too() -> None:
    running = runner.start(BASE)
    snapshot = running.snapshot()
    assert len(frames.tasks_frame(snapshot)) == 2
    running.wait()


def test_snapshots_from_another_thread_do_no_harm_while_the_run_ends() -> None:
    running = runner.start(replace(BASE, function=SLEEP, inputs=(50,) * 4))
    failures: list[BaseException] = []

    def look() -> None:
        try:
            for _ in range(2000):
                running.snapshot()
                _ = running.finished, running.done
                if running._record is not None:
                    return
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    running.wait()
    for thread in threads:
        thread.join()
    assert not failures


def test_while_a_run_is_cleared_away_nobody_who_looks_is_held_up() -> None:
    """A guard that is stopped leaves only when it is killed, after five seconds."""
    running = runner.start(BASE)
    until(lambda: running.done)
    os.kill(running._guard.pid, signal.SIGSTOP)
    thread = threading.Thread(target=running.wait)
    thread.start()
    until(lambda: running._record is not None)
    assert thread.is_alive()
    assert running.snapshot().ending is Ending.FINISHED
    assert running.finished == 2
    assert running.done
    assert running.started
    running.cancel()
    assert thread.is_alive()
    os.kill(running._guard.pid, signal.SIGCONT)
    thread.join(10)
    assert not thread.is_alive()


def test_a_wait_with_a_limit_keeps_it_while_another_thread_waits_without(
    started: Callable[..., runner.Running],
) -> None:
    running = started(SLEEP, 60_000)
    thread = threading.Thread(target=running.wait)
    thread.start()

    def waits() -> bool:
        free = running._waiting.acquire(blocking=False)
        if free:
            running._waiting.release()
        return not free

    until(waits)
    with pytest.raises(TimeoutError, match="goes on"):
        running.wait(0.05)
    assert not running.done
    running.cancel()
    assert running.wait(10).ending is Ending.CANCELLED
    thread.join(10)


def test_asking_whether_it_is_done_takes_nothing_from_who_waits() -> None:
    """Each that reads what the guard says could take it from the other, who then sees none."""
    for _ in range(15):
        running = runner.start(replace(BASE, mechanism="sequential"))
        stop = threading.Event()

        def ask(running: runner.Running = running, stop: threading.Event = stop) -> None:
            while not stop.is_set() and not running.done:
                pass

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        record = running.wait(20)
        stop.set()
        for thread in threads:
            thread.join(10)
        assert record.ending is Ending.FINISHED
        assert record.message == ""


def test_a_cancel_never_writes_to_what_the_kernel_opened_since(tmp_path: Path) -> None:
    """A descriptor that was closed is soon the number of another file."""
    for number in range(15):
        running = runner.start(replace(BASE, mechanism="sequential"))
        stop = threading.Event()

        def cancel(running: runner.Running = running, stop: threading.Event = stop) -> None:
            while not stop.is_set():
                running.cancel()

        until(lambda running=running: running.done)  # type: ignore[misc]
        threads = [threading.Thread(target=cancel) for _ in range(3)]
        for thread in threads:
            thread.start()
        running.wait(10)
        files = [(tmp_path / f"{number}-{one}").open("wb") for one in range(30)]
        stop.set()
        for thread in threads:
            thread.join(10)
        for file in files:
            file.close()
        assert not [file for file in tmp_path.iterdir() if file.stat().st_size]


def test_a_thousand_cancels_do_not_wait_for_a_guard_that_reads_none() -> None:
    running = runner.start(replace(BASE, function=SLEEP, inputs=(60_000,)))
    os.kill(running._guard.pid, signal.SIGSTOP)
    for _ in range(70_000):  # more than a pipe holds
        running.cancel()
    os.kill(running._guard.pid, signal.SIGCONT)
    assert running.wait(10).ending is Ending.CANCELLED


def test_where_the_files_of_a_run_cannot_be_read_there_is_a_record_that_says_so() -> None:
    def spoil(_: int) -> None:
        from mpviz.engine.recording.task import state

        (state.table.path.parent / "output").unlink()

    record = run(spoil, 1, mechanism="threads")
    assert record.message == "what was printed could not be read (No such file or directory)"
    assert len(frames.tasks_frame(record)) == 1


def test_a_ceiling_that_is_derived_has_a_floor_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where hardly anything is free, the run is not ended before it has begun."""
    monkeypatch.setattr(runner, "free_memory", lambda: 10_000)
    running = runner.start(replace(BASE, mechanism="sequential"))
    assert running.allowed == runner.LEAST_MEMORY
    running.wait()


@pytest.mark.parametrize("mechanism", ["sequential", "threads", "queue", "pool.map"])
def test_cancel_ends_it_at_once_and_every_task_is_accounted_for(
    started: Callable[..., runner.Running], mechanism: str
) -> None:
    running = started(SLEEP, 60_000, 60_000, 60_000, mechanism=mechanism)
    under_way(running)
    tag, began = running.folder.name, time.monotonic()
    running.cancel()
    record = running.wait(10)
    assert time.monotonic() - began < SOON
    assert record.ending is Ending.CANCELLED
    assert outcomes(record) == ["cancelled"] * 3
    assert not tagged(tag)


def test_cancel_before_the_mechanism_was_called_gives_a_record(
    started: Callable[..., runner.Running],
) -> None:
    running = started(SLEEP, 60_000)
    running.cancel()
    record = running.wait(10)
    assert record.ending is Ending.CANCELLED
    assert outcomes(record) == ["cancelled"]
    assert record.makespan_s >= 0


def test_a_cancel_too_many_or_too_late_does_nothing() -> None:
    running = runner.start(BASE)
    record = running.wait()
    running.cancel()
    running.cancel()
    assert running.wait() is record


def test_results_in_hand_when_it_is_cancelled_are_kept(
    started: Callable[..., runner.Running],
) -> None:
    running = started(SLEEP, 1, 2, 60_000, 60_000, mechanism="pipe")
    until(lambda: list(frames.tasks_frame(running.snapshot())["received_s"] > 0)[:2] == [True] * 2)
    under_way(running, 2)
    running.cancel()
    record = running.wait(10)
    assert outcomes(record) == ["ok", "ok", "cancelled", "cancelled"]
    assert record.results == {0: "1", 1: "2"}


def test_the_deadline_ends_it_on_time() -> None:
    began = time.monotonic()
    record = run(SLEEP, 1, 60_000, mechanism="pipe", timeout=0.5)
    assert time.monotonic() - began < 0.5 + 2 * SOON  # one second of it is starting
    assert record.ending is Ending.DEADLINE
    assert outcomes(record) == ["ok", "timeout"]
    assert 0.5 <= record.makespan_s < 0.5 + SOON


def test_the_deadline_also_ends_what_ignores_every_polite_signal() -> None:
    def stubborn(x: int) -> None:
        import signal
        import time

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(1)

    record = run(stubborn, 0, 1, mechanism="process", timeout=0.5)
    assert outcomes(record) == ["timeout"] * 2


def test_a_killed_worker_is_known_by_its_exit_code() -> None:
    def die(x: int) -> int:
        import os
        import signal

        if x == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return x

    record = run(die, 0, 1, 2, mechanism="pipe")
    workers = frames.workers_frame(record)
    assert outcomes(record) == ["ok", "died", "ok"]
    assert sorted(workers["exitcode"]) == [-9, 0]


@pytest.mark.parametrize("mechanism", ["threads", "sequential"])
@pytest.mark.parametrize("status", [0, 3])
def test_where_the_program_itself_ends_the_record_says_so(mechanism: str, status: int) -> None:
    def stop(x: int) -> int:
        import os

        if x == 1:
            os._exit(status)
        return x

    record = run(stop, 0, 1, 2, mechanism=mechanism, workers=1)
    assert record.ending is Ending.HOST_DIED
    assert f"ended with status {status}" in record.message
    assert outcomes(record)[1:] == ["died", "missing"]


def test_where_the_program_is_killed_the_record_names_the_signal() -> None:
    def kill(x: int) -> None:
        import os
        import signal
        import time

        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(5)

    record = run(kill, 0, mechanism="threads")
    assert record.ending is Ending.HOST_DIED
    assert record.message.endswith("was killed by SIGSEGV")
    assert outcomes(record) == ["died"]


def test_a_signal_without_a_name_is_said_by_its_number() -> None:
    def kill(x: int) -> None:
        import os
        import signal
        import time

        os.kill(os.getpid(), signal.SIGRTMIN + 3)
        time.sleep(5)

    record = run(kill, 0, mechanism="threads")
    assert record.ending is Ending.HOST_DIED
    assert "killed by" in record.message


def test_a_function_that_cannot_be_unpickled_in_the_host_ends_the_run_before_its_first_task() -> (
    None
):
    class Trap:
        def __reduce__(self) -> Any:
            return (eval, ("1/0",))

        def __call__(self, x: int) -> int:
            return x

    record = run(Trap(), 0)
    assert record.ending is Ending.RAISED
    assert "ZeroDivisionError" in record.message
    assert outcomes(record) == ["missing"]


def test_what_is_printed_to_stderr_is_captured_as_well(capfd: pytest.CaptureFixture[str]) -> None:
    def speak(x: int) -> None:
        import sys
        import warnings

        print("to stderr", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)

    record = run(speak, 0)
    said = [line.text for line in record.output]
    assert said[0] == "to stderr"
    assert any("careful" in line for line in said)
    assert capfd.readouterr() == ("", "")


def test_a_run_may_be_started_from_any_thread() -> None:
    records: list[Record] = []
    thread = threading.Thread(target=lambda: records.append(run(is_prime, 7, 8)))
    thread.start()
    thread.join(30)
    assert records[0].results == {0: "true", 1: "false"}


def test_two_runs_at_once_do_not_disturb_each_other(
    started: Callable[..., runner.Running],
) -> None:
    one = started(SLEEP, *[30] * 4)
    other = started(is_prime, *range(20), mechanism="queue", start_method="fork")
    assert other.wait().results == {n: "true" if is_prime(n) else "false" for n in range(20)}
    assert one.wait().results == dict.fromkeys(range(4), "30")


def test_wait_from_two_threads_gives_both_the_same_record(
    started: Callable[..., runner.Running],
) -> None:
    running = started(SLEEP, 200)
    records: list[Record] = []
    threads = [threading.Thread(target=lambda: records.append(running.wait())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(records) == 3
    assert all(record is records[0] for record in records)


def test_the_clock_of_the_run_is_the_kernels(started: Callable[..., runner.Running]) -> None:
    before = time.perf_counter_ns()
    running = started(SLEEP, 200)
    until(lambda: running.table.words[CALLED] > 0)
    assert before < running.table.words[CALLED] < time.perf_counter_ns()


def test_a_process_that_the_kernel_forks_meanwhile_does_not_hold_up_the_end() -> None:
    """It inherits the control pipe, so the pipe's end alone can't say that the kernel is done."""
    script = """
import os, signal, sys
from mpviz.engine import runner
from mpviz.core.plan import Plan
from mpviz.workloads import sleep
running = runner.start(Plan(sleep, (100,), timeout=10))
child = os.fork()
if not child:
    signal.pause()
try:
    print(running.wait().ending, running.folder.exists(), flush=True)
finally:
    os.kill(child, signal.SIGKILL)
"""
    program = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        said, _ = program.communicate(timeout=5)
        assert said == b"finished False\n"
    finally:
        if program.poll() is None:
            os.killpg(program.pid, 9)  # the program and what it forked, nothing else
            program.communicate()


def test_a_call_that_raises_while_its_workers_are_forked_ends_them(
    started: Callable[..., runner.Running],
) -> None:
    """Six at once, so that forks are slow: a worker in the midst of its fork is told to end."""
    for _ in range(5):
        runs = [started(lambda n: 1 // n, *range(4), mechanism="pipe") for _ in range(6)]
        assert {running.wait().ending for running in runs} == {Ending.RAISED}


def test_a_task_finds_the_signals_as_a_program_of_its_own_would() -> None:
    def handlers(_: int) -> list[str]:
        import signal

        return [repr(signal.getsignal(one)) for one in (signal.SIGTERM, signal.SIGHUP)]

    for mechanism in ("sequential", "queue"):
        record = run(handlers, 0, mechanism=mechanism)
        assert record.results[0].count("SIG_DFL") == 2
