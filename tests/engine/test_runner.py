"""A run: how it is watched and waited for, from one thread or many."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mpviz.analysis import frames
from mpviz.core.outcome import Ending
from mpviz.core.plan import LEAST_MEMORY, Plan
from mpviz.core.record import Record
from mpviz.engine import runner
from mpviz.engine.recording.table import CALLED
from mpviz.workloads import is_prime
from tests.engine.runs import SLEEP, Start, outcomes, run, tagged
from tests.waiting import until

pytestmark = pytest.mark.process

BASE = Plan(abs, (1, 2), workers=2, timeout=20)


def test_a_run_gives_a_record_with_every_answer() -> None:
    record = run(is_prime, 7, 8, 9)
    assert record.ending is Ending.FINISHED
    assert record.results == {0: "true", 1: "false", 2: "false"}
    assert record.message == ""
    assert record.environment["workload_hash"]


def test_after_the_run_its_folder_and_its_processes_are_gone(
    started: Start,
) -> None:
    running = started(is_prime, 7)
    assert running.folder.is_dir()
    tag = running.folder.name
    running.wait()
    assert not running.folder.exists()
    assert not tagged(tag)


@pytest.mark.timed
def test_wait_gives_up_after_its_timeout_and_can_be_called_again(
    started: Start,
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
    started: Start,
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
    started: Start,
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
    assert running.allowed == LEAST_MEMORY
    running.wait()


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
    started: Start,
) -> None:
    one = started(SLEEP, *[30] * 4)
    other = started(is_prime, *range(20), mechanism="queue", start_method="fork")
    assert other.wait().results == {n: "true" if is_prime(n) else "false" for n in range(20)}
    assert one.wait().results == dict.fromkeys(range(4), "30")


def test_wait_from_two_threads_gives_both_the_same_record(
    started: Start,
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


def test_the_clock_of_the_run_is_the_kernels(started: Start) -> None:
    before = time.perf_counter_ns()
    running = started(SLEEP, 200)
    until(lambda: running.table.words[CALLED] > 0)
    assert before < running.table.words[CALLED] < time.perf_counter_ns()


def test_a_process_that_the_kernel_forks_meanwhile_does_not_hold_up_the_end() -> None:
    """It inherits the control pipe, so the pipe's end alone can't say that the kernel is done."""
    script = """
import os, signal, sys
from mpviz.engine import runner
from mpviz.core.plan import LEAST_MEMORY, Plan
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


def test_a_task_finds_the_signals_as_a_program_of_its_own_would() -> None:
    def handlers(_: int) -> list[str]:
        import signal

        return [repr(signal.getsignal(one)) for one in (signal.SIGTERM, signal.SIGHUP)]

    for mechanism in ("sequential", "queue"):
        record = run(handlers, 0, mechanism=mechanism)
        assert record.results[0].count("SIG_DFL") == 2
