"""How a run ends, and what is known of its tasks then."""

import os
import signal
import time
from typing import Any

import pytest

from mpviz.analysis import frames
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.engine import runner
from tests.engine.runs import SLEEP, SOON, Start, outcomes, run, tagged
from tests.waiting import until

pytestmark = pytest.mark.process

BASE = Plan(abs, (1, 2), workers=2, timeout=20)


def under_way(running: runner.Running, tasks: int = 1) -> None:
    """Wait until so many tasks are running."""
    until(lambda: outcomes(running.snapshot()).count("running") >= tasks)


@pytest.mark.timed
@pytest.mark.parametrize("mechanism", ["sequential", "threads", "queue", "pool.map"])
def test_cancel_ends_it_at_once_and_every_task_is_accounted_for(
    started: Start, mechanism: str
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
    started: Start,
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
    started: Start,
) -> None:
    running = started(SLEEP, 1, 2, 60_000, 60_000, mechanism="pipe")
    until(lambda: list(frames.tasks_frame(running.snapshot())["received_s"] > 0)[:2] == [True] * 2)
    under_way(running, 2)
    running.cancel()
    record = running.wait(10)
    assert outcomes(record) == ["ok", "ok", "cancelled", "cancelled"]
    assert record.results == {0: "1", 1: "2"}


@pytest.mark.timed
def test_the_deadline_ends_it_on_time() -> None:
    began = time.monotonic()
    record = run(SLEEP, 1, 60_000, mechanism="pipe", timeout=0.5)
    assert time.monotonic() - began < 0.5 + 2 * SOON  # one second of it is starting
    assert record.ending is Ending.DEADLINE
    assert outcomes(record) == ["ok", "timeout"]
    assert 0.5 <= record.makespan_s < 0.5 + SOON


def test_the_deadline_also_ends_what_ignores_every_polite_signal() -> None:
    def stubborn(x: int) -> None:
        import time

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(1)

    record = run(stubborn, 0, 1, mechanism="process", timeout=0.5)
    assert outcomes(record) == ["timeout"] * 2


def test_a_killed_worker_is_known_by_its_exit_code() -> None:
    def die(x: int) -> int:
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

        if x == 1:
            os._exit(status)
        return x

    record = run(stop, 0, 1, 2, mechanism=mechanism, workers=1)
    assert record.ending is Ending.HOST_DIED
    assert f"ended with status {status}" in record.message
    assert outcomes(record)[1:] == ["died", "missing"]


def test_where_the_program_is_killed_the_record_names_the_signal() -> None:
    def kill(x: int) -> None:
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


def test_a_call_that_raises_while_its_workers_are_forked_ends_them(
    started: Start,
) -> None:
    """Six at once, so that forks are slow: a worker in the midst of its fork is told to end."""
    for _ in range(5):
        runs = [started(lambda n: 1 // n, *range(4), mechanism="pipe") for _ in range(6)]
        assert {running.wait().ending for running in runs} == {Ending.RAISED}
