"""What was seen in a run is judged right, and told in a sentence."""

import dataclasses

import pytest

from mpviz.analysis.trace import Trace
from mpviz.engine import runner
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.judging import judge
from mpviz.faults.lab.reasons import reason
from mpviz.faults.lab.running import DEADLINES
from tests.faults.lab.conftest import everything_seen, one


def lie(number: int) -> int:
    return 10 * number + (number == 5)


def test_a_call_that_raises_says_what_and_after_how_long(several: list[Cell]) -> None:
    (cell,) = (c for c in several if (c.mechanism, c.fault) == ("executor.submit", "raises"))
    assert cell.seen is Seen.RAISED
    assert cell.raised == "ZeroDivisionError: division by zero"
    assert 0 < cell.after_s < DEADLINES[cell.start_method]
    assert "The call raised ZeroDivisionError: division by zero after " in cell.sentence
    assert "1 error" in cell.sentence


def test_what_is_lost_without_a_word_is_counted(several: list[Cell]) -> None:
    (cell,) = (c for c in several if (c.mechanism, c.fault) == ("pipe", "sigkill"))
    assert (cell.seen, cell.lost) == (Seen.LOST, 1)
    assert "1 of 8 results never came" in cell.sentence
    assert cell.sentence.endswith("Tasks: 7 ok, 1 died.")


@pytest.mark.parametrize("mechanism", ["sequential", "threads"])
def test_where_the_tasks_run_in_the_program_it_dies_with_them(
    several: list[Cell], mechanism: str
) -> None:
    (cell,) = (c for c in several if (c.mechanism, c.fault) == (mechanism, "sigkill"))
    assert cell.seen is Seen.DIED
    assert "SIGKILL" in cell.sentence


@pytest.mark.process
def test_a_hang_ends_at_the_deadline_and_says_why_it_would_wait_for_ever() -> None:
    cell = one("pool.map", "sigkill", timeout=1.5)
    assert (cell.seen, cell.lost) == (Seen.HUNG, 8)
    assert 1.5 <= cell.after_s < 2.5
    assert -0.1 < cell.over_s < 1
    assert "nothing runs the lost task again: the call would wait forever" in cell.sentence
    assert "Tasks: 1 died, 7 timeout." in cell.sentence
    assert "BrokenProcessPool" in cell.safer
    assert "ProcessPoolExecutor" in cell.safer_code


@pytest.mark.process
def test_a_polite_end_in_a_task_says_that_the_program_ends_as_if_all_were_well() -> None:
    cell = one("executor.map", "sys.exit")
    assert (cell.seen, cell.raised) == (Seen.RAISED, "SystemExit: 0")
    assert "silently, with status 0" in cell.sentence


@pytest.mark.process
def test_a_process_that_is_left_behind_is_counted_and_gone_with_the_run() -> None:
    cell = one("process", "grandchild")
    assert (cell.seen, cell.left_behind, cell.lost) == (Seen.LEFT, 1, 0)
    assert "1 process was left behind" in cell.sentence


@pytest.mark.process
def test_who_eats_memory_is_ended_at_the_ceiling() -> None:
    cell = one("pipe", "memory")
    assert cell.seen is Seen.MEMORY
    assert "memory ceiling of 256 MiB" in cell.sentence


@pytest.mark.process
def test_where_all_goes_well_there_is_nothing_to_make_safer() -> None:
    cell = one("threads", "bad_result")
    assert (cell.seen, cell.lost, cell.safer, cell.safer_code) == (Seen.RIGHT, 0, "", "")
    assert cell.sentence.startswith("The call gave all 8 right answers in ")


@pytest.mark.process
def test_answers_are_compared_with_what_they_should_be() -> None:
    cell = one(
        "pipe",
        "raises",
        start=lambda plan: runner.start(dataclasses.replace(plan, function=lie)),
    )
    assert cell.seen is Seen.WRONG
    assert "and 2 answers are wrong" in cell.sentence  # the liar's, and where a fault should be


def test_where_a_mechanism_can_not_deliver_the_sentence_says_why() -> None:
    silent = {Seen.HUNG, Seen.LOST, Seen.DIED}
    without = {
        (mechanism, fault, seen)
        for mechanism, fault, seen in everything_seen()
        if seen in silent and not reason(mechanism, fault, seen)
    }
    assert without == set()


@pytest.mark.process
def test_a_result_that_took_too_long_to_read_is_not_called_wrong() -> None:
    cell = one("sequential", "big_results")
    assert cell.seen is Seen.RIGHT
    record = cell.trace.record
    late = dataclasses.replace(record, results={**record.results, 5: "<bytes>"})
    found = judge(Trace(late))
    assert found.seen is Seen.RIGHT
    assert "The call gave all 8 answers in " in found.sentence
    assert "1 result took too long to check." in found.sentence
    wrong = dataclasses.replace(record, results={**record.results, 5: "7"})
    assert judge(Trace(wrong)).seen is Seen.WRONG
