"""A sample of benchmarks/verdict_simulation.py: intervals and verdicts are as good as said."""

import numpy as np
import pytest

from benchmarks.verdict_simulation import (
    DISTURBANCES,
    FALSE_ALARMS,
    HARSHER,
    HELD,
    MOST,
    POWER,
    ROUNDS,
    best_of,
    interval_rows,
    log_ratios,
    quiet,
    second_slower,
    sign_flips,
    studies,
    trimmed,
)
from mpviz.analysis.looks import looks_up_to
from mpviz.analysis.verdicts import compare

TRIALS = 2000
NOISES = DISTURBANCES | HARSHER


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("rounds", ROUNDS)
def test_intervals_hold_the_truth_as_often_as_they_say(name: str, rounds: int) -> None:
    random = np.random.default_rng(1)
    mean, half = trimmed(log_ratios(NOISES[name], random, TRIALS, rounds, mirrored=False))
    held = float((abs(mean) <= half).mean())
    assert HELD[0] <= held <= (HELD[1] if name in DISTURBANCES else 1)


@pytest.mark.parametrize("name", NOISES)
def test_equals_are_seldom_told_apart_with_the_stopping_rule_on(name: str) -> None:
    random = np.random.default_rng(1)
    equal = studies(
        log_ratios(NOISES[name], random, TRIALS, MOST, mirrored=False), looks_up_to(MOST)
    )
    assert equal.named <= FALSE_ALARMS - 0.02
    assert equal.held >= 1 - FALSE_ALARMS


def test_a_small_difference_is_named_on_a_quiet_machine() -> None:
    random = np.random.default_rng(1)
    ratios = log_ratios(quiet, random, TRIALS, MOST, mirrored=False)
    for difference, least in POWER.items():
        assert studies(ratios, looks_up_to(MOST), difference).named >= least


def test_rounds_in_mirrored_order_bear_a_second_run_that_is_always_slower() -> None:
    random = np.random.default_rng(1)
    ratios = log_ratios(second_slower, random, TRIALS, MOST, mirrored=True)
    assert studies(ratios, looks_up_to(MOST)).named <= FALSE_ALARMS - 0.02
    assert studies(ratios, looks_up_to(MOST), 0.03).named >= POWER[0.03]


def test_of_several_equals_none_is_named_slower_than_the_best_too_often() -> None:
    # 200 trials: above 6 % by chance, at a rate of 2.5 %, once in 500.
    random = np.random.default_rng(1)
    assert best_of(4, 20, quiet, random, 200) <= FALSE_ALARMS


def test_the_simulation_judges_as_the_verdict_does() -> None:
    random = np.random.default_rng(2)
    looks = looks_up_to(20)
    for ratios in log_ratios(quiet, random, 20, 20, mirrored=False):
        judged = [compare(np.exp(ratios[:n]), np.ones(n), looks) for n in looks.rounds]
        last = next((one for one in judged if one.decided), judged[-1])
        outcome = studies(ratios[None], looks)
        assert (outcome.named, outcome.rounds) == (last.named, last.rounds)
        assert outcome.held == (last.low <= 1 <= last.high)


def test_sign_flips_give_the_interval_of_wilcoxon_s_test() -> None:
    # Ten rounds: the 9th smallest and 9th largest Walsh average (M. Hollander, D. A. Wolfe and
    # E. Chicken, "Nonparametric Statistical Methods", 2014, table A.4: P(T+ <= 8) = 0.0244).
    ratios = np.random.default_rng(0).normal(size=(1, 10))
    one, other = np.triu_indices(10)
    walsh = np.sort((ratios[0, one] + ratios[0, other]) / 2)
    mean, half = sign_flips(ratios)
    assert mean[0] - half[0] == pytest.approx(walsh[8])
    assert mean[0] + half[0] == pytest.approx(walsh[-9])


def test_its_table_is_markdown_and_says_where_a_claim_does_not_hold() -> None:
    rows = list(interval_rows(50, 0))
    assert all(line.startswith("|") and line.endswith("|") for line, _ in rows)
    assert len({line.count("|") for line, _ in rows}) == 1
