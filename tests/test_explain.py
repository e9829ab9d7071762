"""What is said under a result: words with numbers, and never a word that says nothing."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpviz.explain import explain
from mpviz.mechanisms import MECHANISMS
from mpviz.model import Ending, Outcome

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
    "usable_cpus": 2.0,
    "gil": True,
}


def said(**changes: Any) -> str:
    return explain(PERFECT | changes)


def test_of_a_perfect_run_it_says_the_speedup_and_that_all_was_computing() -> None:
    assert said() == (
        "2 workers (pool.map) took 1.34 s; one process alone takes 2.68 s: a speedup of 2.00."
        " Of 2.68 s of worker time: 100% computing."
    )


def test_without_a_baseline_it_says_what_was_done_and_no_speedup() -> None:
    text = said(speedup=NAN, baseline_s=NAN, efficiency=NAN, computation_scaling=NAN)
    assert text.startswith("2 workers (pool.map) did 10 tasks in 1.34 s.")
    assert "speedup" not in text


def test_of_threads_under_the_gil_it_says_so() -> None:
    text = said(
        mechanism="threads", makespan_s=2.68, speedup=1.0, useful_s=5.36, computation_scaling=0.5
    )
    assert "2 threads (threads) took 2.68 s" in text
    assert "50% computing, 50% inside tasks but not computing" in text
    assert text.endswith(
        "The GIL lets one thread compute at a time; the others wait inside their tasks."
    )


def test_without_a_gil_threads_that_wait_have_another_cause() -> None:
    text = said(mechanism="threads", useful_s=5.4, gil=False)
    assert "GIL" not in text


def test_of_tasks_that_sleep_it_says_that_they_wait() -> None:
    text = said(workload="sleep", computing_s=0.001)
    assert text.endswith("These tasks wait rather than compute.")
    assert "100% inside tasks but not computing" in text


def test_of_more_workers_than_cpus_it_says_that_they_share() -> None:
    text = said(workers=8, useful_s=10.7, computing_s=2.68)
    assert text.endswith("8 workers share 2 CPUs.")


def test_of_tasks_that_got_slower_it_says_by_how_much() -> None:
    text = said(useful_s=4.0, computing_s=4.0, computation_scaling=0.67)
    assert "A task took 1.49 times as long as it does alone" in text


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


def test_answers_that_differ_are_said() -> None:
    assert "differ" in said(answers_agree=False)


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
