"""The outcome table, row by row, and the nouns."""

from dataclasses import FrozenInstanceError
from itertools import product
from types import MappingProxyType

import pytest

from mpviz.core.errors import Refused
from mpviz.core.outcome import CUT_SHORT, Ending, Outcome, outcome
from mpviz.core.plan import Plan
from mpviz.core.record import Record

DEADLINE, CANCELLED = Ending.DEADLINE, Ending.CANCELLED
NOT_CUT = [Ending.FINISHED, Ending.RAISED, Ending.HOST_DIED]
ANY = [False, True]
# started, finished, failed, received, worker died, endings, outcome: as the design's table has it.
TABLE = [
    ([True], [True], [True], ANY, ANY, list(Ending), "error"),
    ([True], [True], [False], [True], ANY, list(Ending), "ok"),
    ([True], [True], [False], [False], ANY, [DEADLINE], "timeout"),
    ([True], [True], [False], [False], ANY, [CANCELLED], "cancelled"),
    ([True], [True], [False], [False], ANY, NOT_CUT, "missing"),
    ([True], [False], [False], [False], [True], list(Ending), "died"),
    ([True], [False], [False], [False], [False], [DEADLINE], "timeout"),
    ([True], [False], [False], [False], [False], [CANCELLED], "cancelled"),
    ([False], [False], [False], [False], ANY, [DEADLINE], "timeout"),
    ([False], [False], [False], [False], ANY, [CANCELLED], "cancelled"),
    ([False], [False], [False], [False], ANY, NOT_CUT, "missing"),
]
ROWS = [(*facts, row[-1]) for row in TABLE for facts in product(*row[:-1])]
NAMES = ("started", "finished", "failed", "received", "worker_died", "ending")


@pytest.mark.parametrize((*NAMES, "expected"), ROWS)
def test_every_row_of_the_design_gives_its_outcome(
    started: bool,
    finished: bool,
    failed: bool,
    received: bool,
    worker_died: bool,
    ending: Ending,
    expected: str,
) -> None:
    facts = dict(zip(NAMES[:-1], (started, finished, failed, received, worker_died), strict=True))
    assert outcome(**facts, ending=ending) == expected


def test_no_two_rows_of_the_table_say_something_different() -> None:
    said = {row[:-1]: row[-1] for row in ROWS}
    assert len(said) == len(ROWS)


@pytest.mark.parametrize("ending", list(Ending))
def test_every_combination_has_an_outcome(ending: Ending) -> None:
    for facts in product(ANY, repeat=5):
        found = outcome(**dict(zip(NAMES[:-1], facts, strict=True)), ending=ending)
        assert isinstance(found, Outcome)


def test_a_task_that_started_on_a_living_worker_and_never_came_back_is_missing() -> None:
    assert (
        outcome(
            started=True,
            finished=False,
            failed=False,
            received=False,
            worker_died=False,
            ending=Ending.RAISED,
        )
        is Outcome.MISSING
    )


def test_a_run_is_cut_short_by_its_deadline_or_a_cancel_and_by_nothing_else() -> None:
    assert CUT_SHORT == {DEADLINE: Outcome.TIMEOUT, CANCELLED: Outcome.CANCELLED}


def test_outcomes_are_the_words_of_the_design() -> None:
    assert [str(one) for one in Outcome] == [
        "ok", "error", "died", "timeout", "cancelled", "missing",
    ]  # fmt: skip


def test_a_plan_and_a_record_cannot_be_changed() -> None:
    plan = Plan(abs, (1, 2))
    record = Record(plan, Ending.FINISHED, 0, 0, b"", b"")
    with pytest.raises(FrozenInstanceError):
        plan.workers = 3  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        record.message = "other"  # type: ignore[misc]
    assert not hasattr(plan, "__dict__")
    assert not hasattr(record, "__dict__")


def test_a_plan_needs_only_a_function_and_inputs() -> None:
    plan = Plan(abs, (1, 2))
    assert (plan.mechanism, plan.workers, plan.start_method) == ("pool.map", 1, "fork")
    assert (plan.chunk_size, plan.timeout) == (1, 60.0)


def test_two_records_do_not_share_what_they_were_not_given() -> None:
    plan = Plan(abs, (1,))
    first, second = (Record(plan, Ending.FINISHED, 0, 0, b"", b"") for _ in range(2))
    assert first.results is not second.results
    results = MappingProxyType({0: "1"})
    assert Record(plan, Ending.FINISHED, 0, 0, b"", b"", results=results).results == results


def test_a_refusal_is_a_value_error_that_says_its_sentence() -> None:
    assert isinstance(Refused("No."), ValueError)
    assert str(Refused("No.")) == "No."
