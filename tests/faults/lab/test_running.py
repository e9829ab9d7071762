"""Cells come as soon as they end, can be cancelled, and get more time if they are slow."""

import dataclasses
import threading
import time

import pytest

from mpviz.core.errors import Refused
from mpviz.core.plan import DEFAULT_START_METHOD, Plan
from mpviz.engine import runner
from mpviz.faults.lab.cell import Seen
from mpviz.faults.lab.running import DEADLINES, MECHANISMS_TESTED, run_cells
from mpviz.mechanisms import MECHANISMS
from tests.faults.lab.conftest import one


def test_without_a_start_method_it_is_this_pythons_own() -> None:
    assert one("sequential", "raises").start_method == DEFAULT_START_METHOD


def test_every_mechanism_is_tested() -> None:
    assert tuple(MECHANISMS) == MECHANISMS_TESTED


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"mechanisms": ["nothing"]}, "There is no mechanism 'nothing'"),
        ({"faults": ["nothing"]}, "There is no fault 'nothing'; there are raises, "),
        ({"start_method": "nothing"}, "There is no start method 'nothing'"),
        ({"timeout": 0}, "timeout must be above 0"),
    ],
)
def test_the_impossible_is_refused_before_anything_is_started(
    arguments: dict[str, object], sentence: str
) -> None:
    started: list[Plan] = []
    with pytest.raises(Refused) as refused:
        run_cells(**arguments, start=started.append)
    assert str(refused.value).startswith(sentence)
    assert not started


def test_closing_the_stream_cancels_what_runs_and_waits_for_it() -> None:
    started: list[runner.Running] = []

    def start(plan: Plan) -> runner.Running:
        started.append(runner.start(plan))
        return started[-1]

    stream = run_cells(
        ["pool.map"], ["raises", "sleep", "loop", "sigstop"], timeout=60, start=start
    )
    assert next(stream).fault == "raises"
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 5
    assert all(running.done for running in started)
    assert len(started) < 5


def test_a_cell_that_was_cancelled_from_outside_says_so() -> None:
    def start(plan: Plan) -> runner.Running:
        running = runner.start(plan)
        threading.Timer(0.5, running.cancel).start()
        return running

    cell = one("pool.map", "sleep", start=start)
    assert cell.seen is Seen.CANCELLED
    assert not cell.safer
    assert cell.accounted


def test_a_start_that_is_refused_ends_the_stream_and_the_rest() -> None:
    started: list[runner.Running] = []

    def start(plan: Plan) -> runner.Running:
        if started:
            raise Refused("Enough.")
        started.append(runner.start(plan))
        return started[0]

    stream = run_cells(["pool.map"], ["sleep", "loop"], timeout=60, start=start)
    with pytest.raises(Refused, match="Enough"):
        next(stream)
    assert started[0].done


def test_a_cell_that_still_moves_at_its_deadline_is_run_again_with_more_time() -> None:
    usual = DEADLINES[DEFAULT_START_METHOD]
    deadlines: list[float] = []

    def start(plan: Plan) -> runner.Running:
        deadlines.append(plan.timeout)
        hasty = plan.timeout == usual  # cut in the midst of its eight tasks of 20 ms
        return runner.start(dataclasses.replace(plan, timeout=0.1) if hasty else plan)

    (cell,) = run_cells(["sequential"], ["bad_result"], start=start)
    assert (cell.seen, deadlines) == (Seen.RIGHT, [usual, 3 * usual])
    deadlines.clear()
    (cell,) = run_cells(["sequential"], ["bad_result"], timeout=0.1, start=start)
    assert (cell.seen, deadlines) == (Seen.HUNG, [0.1])
