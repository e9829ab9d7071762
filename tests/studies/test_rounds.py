"""A study driven run by run: what comes next, when it is over, and what is kept."""

import math
import random
from pathlib import Path

import numpy as np
import pytest

import mpviz
from mpviz.core import schema
from mpviz.studies.rounds import WARM_UP, NextRun, Rounds
from mpviz.studies.sweep import BASELINE, Sweep
from tests.studies.made import drive, plan_of, trace_of

NAN = math.nan
TWO = (plan_of(), plan_of(mechanism="queue"))


def noisy(times: dict[int, float], spread: float = 0.02, seed: int = 0):
    noise = random.Random(seed)

    def makespan(step: NextRun) -> float:
        return times.get(step.place, 1.0) * math.exp(noise.gauss(0, spread))

    return makespan


def test_a_warm_up_round_is_made_and_not_counted() -> None:
    rounds = Rounds(Sweep(TWO, rounds=2))
    made = drive(rounds, lambda _step: 1.0)
    assert [step.round for step in made] == [WARM_UP] * 3 + [0] * 3 + [1] * 3
    assert len(rounds.study.runs) == 4
    assert list(rounds.study.runs["round"]) == [0, 0, 1, 1]
    assert rounds.study.finished
    assert rounds.next() is None


def test_without_a_warm_up_each_run_counts() -> None:
    assert len(drive(Rounds(Sweep(TWO, rounds=1), warm_up=False), lambda _step: 1.0)) == 3


def test_each_run_is_compared_with_the_sequential_run_of_its_round() -> None:
    rounds = Rounds(Sweep(TWO, rounds=4))
    drive(rounds, lambda step: 2.0 + step.round if step.place == BASELINE else 1.0)
    runs = rounds.study.runs
    assert list(runs.columns) == [column.name for column in schema.RUNS]
    assert list(runs["speedup"]) == pytest.approx([2.0 + number for number in runs["round"]])
    assert runs["answers_agree"].all()
    assert list(runs["order"]) == sorted(runs["order"])
    assert len(rounds.study.baselines) == 4
    assert set(runs["order"]) | set(rounds.study.baselines["order"]) == set(range(12))


def test_a_sequential_configuration_is_the_round_s_sequential_run() -> None:
    rounds = Rounds(Sweep((plan_of(mechanism="sequential"), plan_of()), rounds=3))
    made = drive(rounds, lambda _step: 1.0)
    assert len(made) == 2 * 4
    runs = rounds.study.runs
    assert list(runs["mechanism"]).count("sequential") == 3
    assert (runs["speedup"] == 1.0).all()


def test_it_ends_when_the_verdict_is_decided() -> None:
    rounds = Rounds(Sweep(TWO, budget_s=600.0))
    drive(rounds, noisy({0: 1.0, 1: 1.5}))
    study = rounds.study
    assert study.complete == 5
    assert study.ranking.winner == "pool.map"
    assert study.sentence.startswith("pool.map is the fastest: queue takes 1.5")
    assert list(study.summary["verdict"]) == ["best", "slower"]


def test_equals_tie_and_it_says_how_far_apart_they_are_at_most() -> None:
    rounds = Rounds(Sweep(TWO, budget_s=600.0))
    drive(rounds, noisy({0: 1.0, 1: 1.0}))
    study = rounds.study
    assert study.finished
    assert set(study.summary["verdict"]) == {"best", "tie"}
    assert "tie, at most" in study.sentence


def test_it_ends_when_the_budget_is_spent_and_says_that_it_is_not_decided() -> None:
    rounds = Rounds(Sweep(TWO, budget_s=5.0))
    made = drive(rounds, noisy({0: 1.0, 1: 1.05}, spread=0.3))
    study = rounds.study
    assert study.finished
    assert len([step for step in made if step.round != WARM_UP]) * 0.2 <= 5.0 + 3 * 0.2
    assert study.sentence.startswith("No verdict yet between")
    assert study.summary["more_rounds"].dropna().gt(0).any()


def test_where_runs_take_longer_than_the_warm_up_said_the_budget_still_ends_it() -> None:
    rounds = Rounds(Sweep(TWO, budget_s=10.0))
    while step := rounds.next():
        took = 0.1 if step.round == WARM_UP else 1.0
        rounds.add(step, trace_of(step.plan, 1.0 + 0.3 * (step.round % 2)), took)
    assert rounds.study.complete in (4, 5)
    assert rounds.study.head.looks.rounds[-1] == rounds.study.complete


def test_one_round_is_one_look_and_no_verdict() -> None:
    rounds = Rounds(Sweep(TWO, rounds=1))
    drive(rounds, noisy({0: 1.0, 1: 9.0}))
    assert rounds.study.sentence.startswith("One look, no verdict: pool.map took the least time")
    assert set(rounds.study.summary["verdict"]) == {"one look"}


def test_what_never_ends_well_is_given_up_and_said_to_have_failed() -> None:
    rounds = Rounds(Sweep((*TWO, plan_of(mechanism="pipe")), rounds=5))
    made = drive(rounds, lambda step: NAN if step.place == 2 else 1.0 + 0.01 * step.place)
    assert [step.round for step in made if step.place == 2] == [WARM_UP, 0]
    study = rounds.study
    assert study.complete == 5
    assert list(study.summary["verdict"])[2] == "failed"
    assert list(study.summary["failed"]) == [0, 0, 1]


def test_where_everything_fails_it_ends_and_says_so() -> None:
    rounds = Rounds(Sweep(TWO, rounds=50))
    made = drive(rounds, lambda _step: NAN)
    assert len(made) == 6
    assert rounds.study.finished
    assert rounds.study.sentence == (
        "No configuration has a time: every run of each failed or was lost."
    )


def test_a_run_that_fails_once_leaves_its_round_out() -> None:
    rounds = Rounds(Sweep(TWO, rounds=8))
    drive(rounds, lambda step: NAN if (step.round, step.place) == (3, 1) else 1.0 + step.place)
    study = rounds.study
    assert list(study.summary["rounds"]) == [8, 7]
    assert list(study.summary["failed"]) == [0, 1]
    assert math.isnan(study.makespans(1)[3])
    assert study.ranking.winner == "pool.map"


def test_how_long_it_goes_on_is_known_after_the_warm_up() -> None:
    rounds = Rounds(Sweep(TWO, rounds=10))
    assert rounds.at_most_s is None
    drive(rounds, lambda _step: 1.0, most=3)
    rounds.next()
    assert rounds.at_most_s == pytest.approx(30 * 0.2)
    drive(rounds, lambda _step: 1.0, most=15)
    rounds.next()
    assert rounds.at_most_s == pytest.approx(15 * 0.2)
    drive(rounds, lambda _step: 1.0)
    assert rounds.at_most_s == 0


def test_a_study_is_kept_run_by_run_and_read_back_as_it_was(tmp_path: Path) -> None:
    rounds = Rounds(Sweep(TWO, rounds=4), tmp_path / "study")
    made = 0
    while step := rounds.next():
        rounds.add(step, trace_of(step.plan, 1.0 + 0.1 * made), 0.2)
        made += 1
        back = mpviz.read_study(tmp_path / "study")
        assert len(back.rows) == len(rounds.study.rows)
        assert len(back.baseline_rows) == len(rounds.study.baseline_rows)
    back = mpviz.read_study(tmp_path / "study")
    assert back.finished
    assert back.head == rounds.study.head
    assert back.sentence == rounds.study.sentence
    for name in ("runs", "baselines", "summary"):
        mine, theirs = getattr(rounds.study, name), getattr(back, name)
        assert mine.equals(theirs), name


@pytest.mark.parametrize("made", range(3, 16))
def test_a_stopped_study_goes_on_where_it_was(made: int, tmp_path: Path) -> None:
    sweep = Sweep(TWO, rounds=4, seed=7)
    first = Rounds(sweep, tmp_path)
    drive(first, noisy({0: 1.0, 1: 1.5, BASELINE: 2.0}), most=made)
    kept = set(first.study.rows)
    second = Rounds(sweep, tmp_path)
    again = drive(second, noisy({0: 1.0, 1: 1.5, BASELINE: 2.0}, seed=1))
    study = second.study
    assert kept <= set(study.rows)
    assert not kept & {(step.round, step.place) for step in again}
    assert len(study.rows) == 8
    assert len(study.baseline_rows) == 4
    assert study.finished
    assert study.runs["speedup"].notna().all()
    assert sorted([*study.runs["order"], *study.baselines["order"]]) == list(range(12))


def test_a_folder_with_another_study_is_refused_and_left_alone(tmp_path: Path) -> None:
    drive(Rounds(Sweep(TWO, rounds=4), tmp_path), lambda _step: 1.0, most=5)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for other in (Sweep(TWO, rounds=5), Sweep(TWO[:1], rounds=4), Sweep(TWO, rounds=4, seed=1)):
        with pytest.raises(mpviz.Refused, match="holds another study"):
            Rounds(other, tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_folder_with_a_finished_study_is_refused(tmp_path: Path) -> None:
    drive(Rounds(Sweep(TWO, rounds=2), tmp_path), lambda _step: 1.0)
    with pytest.raises(mpviz.Refused, match="finished"):
        Rounds(Sweep(TWO, rounds=2), tmp_path)


def test_stopped_it_gives_no_further_run_until_it_goes_on() -> None:
    rounds = Rounds(Sweep(TWO, rounds=3))
    drive(rounds, lambda _step: 1.0, most=6)
    rounds.stop()
    assert rounds.next() is None
    assert not rounds.study.finished
    rounds.go_on()
    drive(rounds, lambda _step: 1.0)
    assert rounds.study.finished
    assert rounds.study.complete == 3


def test_without_sequential_runs_there_is_no_speedup_and_still_a_verdict() -> None:
    rounds = Rounds(Sweep(TWO, rounds=6, alone=False))
    drive(rounds, noisy({0: 1.0, 1: 1.5}))
    study = rounds.study
    assert study.summary["speedup"].isna().all()
    assert study.ranking.winner == "pool.map"
    assert study.baselines.empty


def test_the_median_and_the_time_without_start_up_are_told() -> None:
    rounds = Rounds(Sweep(TWO, rounds=5))
    drive(rounds, lambda step: 1.0 + 0.1 * max(step.round, 0))
    summary = rounds.study.summary
    assert np.allclose(summary["makespan_s"], 1.2)
    assert (summary["warm_s"] <= summary["makespan_s"]).all()
