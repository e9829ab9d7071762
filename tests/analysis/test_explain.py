"""What is said under a result: words with numbers, and never a word that says nothing."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpviz.analysis.explain import (
    agreement,
    explain,
    failed,
    under_the_gil,
    went_well,
    why_suspect,
)
from mpviz.core.outcome import Ending, Outcome
from mpviz.mechanisms import MECHANISMS
from tests.charts.toys import tasks as toy_tasks

NAN = math.nan
ENDED = [name.value for name in Outcome if name is not Outcome.OK]
# Ten tasks on two workers, 1.34 s against 2.68 s: the lesson, without a flaw.
PERFECT: dict[str, Any] = {
    "workload": "is_prime",
    "mechanism": "pool.map",
    "start_method": "fork",
    "workers": 2,
    "chunk_size": 1,
    "timeout_s": 60.0,
    "ending": "finished",
    "message": "",
    "makespan_s": 1.34,
    "baseline_s": 2.68,
    "speedup": 2.0,
    "possible_speedup": 2.0,
    "efficiency": 1.0,
    "load_balance": 1.0,
    "communication_efficiency": 1.0,
    "computation_scaling": 1.0,
    "startup_s": 0.0,
    "gap_s": 0.0,
    "tail_s": 0.0,
    "useful_s": 2.68,
    "cpu_s": 2.68,
    "computing_s": 2.68,
    "tasks": 10,
    "ok": 10,
    **dict.fromkeys(ENDED, 0),
    "answers_agree": True,
    "answers_close": True,
    "answers_note": "",
    "lost_workers": 0,
    "left_behind": 0,
    "usable_cpus": 2.0,
    "gil": True,
    "cpus": 2,
    "watched_s": 1.34,
    "others_s": 0.1,
}


def said(**changes: Any) -> str:
    if "cpu_s" in changes:
        changes.setdefault("computing_s", changes["cpu_s"])
    return explain(PERFECT | changes)


def test_a_run_that_others_disturbed_says_so() -> None:
    text = said(others_s=0.67)
    assert text.endswith("Disturbed: other programs took 25% of this machine's CPU time meanwhile.")
    for unknown in (NAN, None):
        assert "Disturbed" not in said(others_s=unknown)


def test_of_a_perfect_run_it_says_the_speedup_and_that_all_was_computing() -> None:
    assert said() == (
        "2 workers (pool.map) took 1.34 s; one process alone takes 2.68 s: a speedup of 2.00."
        " Of 2.68 s of worker time: 100% computing."
    )


def test_without_a_baseline_it_says_what_was_done_and_no_speedup() -> None:
    text = said(speedup=NAN, baseline_s=NAN, efficiency=NAN, computation_scaling=NAN)
    assert text.startswith("2 workers (pool.map) did 10 tasks in 1.34 s.")
    assert "speedup" not in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"left_behind": 1}, "1 process went on after the program was done, and was ended."),
        ({"left_behind": 2}, "2 processes went on after the program was done, and were ended."),
        ({"lost_workers": 1}, "1 more worker started than could be recorded, and is not shown."),
        ({"lost_workers": 3}, "3 more workers started than could be recorded, and are not shown."),
    ],
)
def test_what_was_left_behind_or_not_recorded_is_said(
    changes: dict[str, int], sentence: str
) -> None:
    assert sentence in said(**changes)


GIL = {"mechanism": "threads", "makespan_s": 2.68, "speedup": 1.0, "possible_speedup": 1.0}


def of_threads(**changes: Any) -> dict[str, Any]:
    return PERFECT | GIL | {"useful_s": 5.36, "computation_scaling": 0.5} | changes


def test_threads_that_compute_one_at_a_time_are_under_the_gil() -> None:
    assert under_the_gil(of_threads())
    text = explain(of_threads())
    assert "2 threads (threads) took 2.68 s" in text
    assert "50% computing, 50% inside tasks but not computing" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"gil": False},
        {"gil": pd.NA},
        {"usable_cpus": 1.0},  # there was no more than one CPU to be had
        {"cpu_s": 4.2},  # they did compute side by side
        {"cpu_s": 1.1},  # not even one computed all the time: something else had the CPUs
        {"computation_scaling": 1.0},  # alone they wait as much
        {"computation_scaling": NAN},  # without a baseline that is not known
    ],
)
def test_they_are_not_where_the_numbers_leave_another_reason(changes: dict) -> None:
    assert not under_the_gil(of_threads(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"chunk_size": 10, "gap_s": 1.34, "useful_s": 1.34, "cpu_s": 1.34},
        {"cpu_s": 0.001},
        {"tail_s": 1.3, "useful_s": 1.38, "cpu_s": 1.38},
        {"useful_s": 0.5, "cpu_s": 0.5, "startup_s": 2.0, "gap_s": 0.18},
    ],
)
def test_after_the_shares_of_worker_time_comes_nothing(changes: dict) -> None:
    """Why is for `mpviz.analysis.causes`: no advice and no guess here."""
    assert said(**changes).split("of worker time: ")[1].count(".") == 1


def test_of_a_speedup_that_cannot_be_it_says_that_it_is_suspect_and_why() -> None:
    text = said(speedup=2.78, computation_scaling=0.5)
    assert "a speedup of 2.78, suspect: more than 2 workers can give." in text
    assert "times as long" not in text


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"speedup": 2.1}, ""),
        ({"speedup": 2.11}, "more than 2 workers can give"),
        ({"speedup": 2.5, "workers": 16}, "more than 2 CPUs can give"),
        ({"speedup": 1.2, "workers": 1, "possible_speedup": 1.0}, "more than 1 worker can give"),
        (
            {"speedup": 1.2, "workers": 16, "possible_speedup": 1.0, "usable_cpus": 1.0},
            "more than 1 CPU can give",
        ),
        (
            {"speedup": 1.2, "possible_speedup": 1.0, "mechanism": "threads"},
            "more than threads under one GIL can give",
        ),
        ({"speedup": NAN, "possible_speedup": NAN}, ""),
    ],
)
def test_what_can_give_no_such_speedup_is_named(changes: dict[str, Any], why: str) -> None:
    assert why_suspect(PERFECT | changes) == why


def test_where_everything_was_lost_it_says_how_many_and_how() -> None:
    text = said(
        ok=0, timeout=10, ending="deadline", timeout_s=2.0, makespan_s=2.0, speedup=NAN,
        useful_s=0.0, computing_s=0.0, startup_s=4.0, computation_scaling=NAN,
    )  # fmt: skip
    assert text.startswith(
        "0 of 10 tasks ended well; 10 did not come back before the deadline."
        " The deadline of 2.00 s ended the run."
    )
    assert "2 workers (pool.map) worked for 2.00 s." in text
    assert "Of 4.00 s of worker time: 100% starting workers." in text


def test_different_ends_are_counted_apart() -> None:
    text = said(ok=5, error=1, died=1, missing=3, ending="raised", message="ValueError: no.")
    assert text.startswith(
        "5 of 10 tasks ended well; 1 raised an exception, 1 died with the worker"
        " and 3 never came back. The call raised ValueError: no."
    )


def test_of_a_program_that_died_it_says_how() -> None:
    why = "the process that ran the mechanism was killed by SIGKILL"
    text = said(ok=4, died=2, missing=4, ending="host died", message=why)
    assert f"The program died: {why}." in text


def test_a_cancelled_run_says_how_many_had_not_come_back() -> None:
    text = said(ok=4, cancelled=6, ending="cancelled")
    assert "6 had not come back when the run was cancelled." in text


def test_sequential_is_one_process_that_worked() -> None:
    text = said(mechanism="sequential", workers=1, makespan_s=2.68, speedup=NAN)
    assert text.startswith("One process worked for 2.68 s.")


def test_one_task_on_one_worker_is_not_plural() -> None:
    text = said(workers=1, tasks=1, ok=1, speedup=NAN, useful_s=1.34, computing_s=1.34)
    assert text.startswith("1 worker (pool.map) did 1 task in ")


# As a row of a frame gives them, too.
@pytest.mark.parametrize("differs", [False, np.False_])
def test_answers_that_differ_are_said(differs: object) -> None:
    unlike = {"answers_agree": differs, "answers_close": differs}
    assert "Its answers differ from the sequential run's." in said(**unlike)
    assert not went_well(PERFECT | unlike)
    assert agreement(PERFECT | unlike) == "no"


def test_answers_that_differ_by_little_or_cannot_be_compared_are_said_apart() -> None:
    little = {"answers_agree": False, "answers_note": "2 of 10 answers differ"}
    assert said(**little).startswith(
        "Its answers agree with the sequential run's within 1e-9, not exactly: 2 of 10 answers"
        " differ. "
    )
    assert agreement(PERFECT | little) == "within 1e-9"
    unknown = {"answers_agree": pd.NA, "answers_close": pd.NA, "answers_note": "a generator"}
    assert said(**unknown).startswith(
        "Whether its answers are the sequential run's is not known: a generator. "
    )


@pytest.mark.parametrize("agrees", [True, np.True_, pd.NA, None])
def test_answers_not_known_to_differ_are_not_said_to(agrees: object) -> None:
    assert "differ" not in said(answers_agree=agrees)
    assert went_well(PERFECT | {"answers_agree": agrees})


@pytest.mark.parametrize("ending", ["raised", "deadline", "cancelled", "memory", "host died"])
def test_a_run_that_was_broken_off_did_not_go_well_whatever_came_back(ending: str) -> None:
    assert went_well(PERFECT)
    assert not went_well(PERFECT | {"ending": ending})


def test_the_tasks_that_failed_are_named_with_their_inputs_and_the_rest_counted() -> None:
    rows = [
        (0, 0.0, 1.0, "ok"), (1, 0.0, 1.0, "error"), (1, 1.0, NAN, "died"),
        (0, 1.0, NAN, "timeout"), (None, NAN, NAN, "timeout"), (None, NAN, NAN, "missing"),
    ]  # fmt: skip
    tasks = toy_tasks(rows)
    tasks.loc[1, "result"] = "ValueError: two\nlines."
    assert failed(tasks) == [
        "Task 1 (input 15492783) raised ValueError: two lines.",
        "Task 2 (input 15492785) died with its worker.",
        "Task 3 (input 15492787) was at work at the deadline.",
    ]
    many = failed(toy_tasks([(0, 0.0, 1.0, "error")] * 1000))
    assert many[-1] == "995 more tasks failed."
    assert len(many) == 6


def test_a_run_that_raised_after_its_last_task_says_so() -> None:
    assert "The call raised OSError: no." in said(ending="raised", message="OSError: no")


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row as a run can leave it: shares of lanes x makespan, tasks by how they ended."""
    workers, makespan = draw(st.integers(1, 64)), draw(st.floats(0, 1e5))
    counts = draw(st.lists(st.integers(0, 5), min_size=6, max_size=6).filter(any))
    shares = draw(st.lists(st.floats(0, 1), min_size=4, max_size=4))
    whole = makespan * workers / max(sum(shares), 1e-9)
    startup, gap, tail, useful = (share * whole for share in shares)
    ending = draw(st.sampled_from([one.value for one in Ending if one is not Ending.RUNNING]))
    baseline = draw(st.just(NAN) | st.floats(1e-6, 1e5))
    compared = counts[0] == sum(counts)
    speedup = baseline / makespan if makespan and compared else NAN
    return PERFECT | {
        "mechanism": draw(st.sampled_from(list(MECHANISMS))),
        "workers": workers,
        "makespan_s": makespan,
        "baseline_s": baseline if compared else NAN,
        "speedup": speedup,
        "possible_speedup": draw(st.floats(1, 64)) if compared else NAN,
        "computation_scaling": baseline / useful if useful and compared else NAN,
        "startup_s": startup,
        "gap_s": gap,
        "tail_s": tail,
        "useful_s": useful,
        "computing_s": draw(st.just(NAN) | st.floats(0, 1).map(lambda share: share * useful)),
        "ending": ending,
        "message": "ValueError: no" if ending in ("raised", "host died") else "",
        "tasks": sum(counts),
        **dict(zip([name.value for name in Outcome], counts, strict=True)),
        "gil": draw(st.booleans()),
        "usable_cpus": draw(st.floats(0.1, 128)),
    }


def test_what_cannot_be_told_to_be_waiting_is_not_called_so() -> None:
    text = said(useful_s=4.0, computing_s=NAN)
    assert "inside tasks" in text
    assert "computing" not in text


@given(rows())
def test_whatever_happened_it_is_said_in_sentences_without_nan(row: dict[str, Any]) -> None:
    text = explain(row)
    assert text.endswith(".")
    for empty in ("nan", "inf", "None", "unknown", "  ", "..", "; .", ": ."):
        assert empty not in text
    assert len(text.splitlines()) == 1


@given(rows())
def test_a_loss_is_never_passed_over(row: dict[str, Any]) -> None:
    assert ("ended well" in explain(row)) == (row["ok"] < row["tasks"])


@pytest.mark.parametrize("message", ["", "KeyError: 'a\\nb'", "boom\nsecond line"])
def test_what_was_raised_stays_on_one_line(message: str) -> None:
    text = said(ok=9, error=1, ending="raised", message=message)
    assert len(text.splitlines()) == 1
    assert "raised ." not in text
