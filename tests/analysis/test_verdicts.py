"""Verdicts: the test, the interval, Holm, and what is said."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mstats, ttest_1samp

import mpviz
from mpviz.analysis.looks import Schedule, looks_up_to
from mpviz.analysis.verdicts import (
    MARGIN,
    MOST_ROUNDS,
    against,
    against_best,
    compare,
    interval,
    log_ratios,
    p_value,
    trimmed_mean,
)

NAN = math.nan
TEN = Schedule((10,), alpha=0.05)


def times(count: int, base: float = 1.0, spread: float = 0.05, seed: int = 0) -> list[float]:
    noise = np.random.default_rng(seed).normal(0, spread, count)
    return list(base * np.exp(noise))


def test_ratios_are_paired_by_round_and_a_round_without_both_has_none() -> None:
    ratios = log_ratios([2.0, 1.0, NAN, 1.0], [1.0, 1.0, 1.0, 0.0])
    assert ratios[0] == pytest.approx(math.log(2))
    assert ratios[1] == 0
    assert np.isnan(ratios[2:]).all()


def test_below_seven_rounds_it_is_student_s_t() -> None:
    ratios = np.array([0.02, -0.01, 0.05, 0.03, 0.01])
    student = ttest_1samp(ratios, 0)
    found = interval(ratios, 0.95)
    assert p_value(ratios) == pytest.approx(student.pvalue)
    assert math.log(found.low) == pytest.approx(student.confidence_interval(0.95).low)
    assert math.log(found.high) == pytest.approx(student.confidence_interval(0.95).high)


@pytest.mark.parametrize("rounds", [7, 10, 20, 40])
def test_from_seven_rounds_on_it_is_the_trimmed_mean_of_the_textbooks(rounds: int) -> None:
    ratios = np.random.default_rng(rounds).standard_t(3, rounds)
    mean, error, dof = trimmed_mean(ratios)
    cut = int(0.15 * rounds)
    share = (cut + 1e-9) / rounds  # what scipy cuts it counts down, what it divides by it does not
    assert mean == pytest.approx(mstats.trimmed_mean(ratios, limits=(share, share)))
    assert error == pytest.approx(mstats.trimmed_stde(ratios, limits=(share, share)))
    assert dof == rounds - 2 * cut - 1


def test_many_samples_at_once_are_each_as_one_alone() -> None:
    samples = np.random.default_rng(1).normal(size=(4, 20))
    means, errors, _ = trimmed_mean(samples)
    for sample, mean, error in zip(samples, means, errors, strict=True):
        assert trimmed_mean(sample)[0] == mean
        assert trimmed_mean(sample)[1] == pytest.approx(error)


@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=40),
    st.floats(0.5, 0.999),
)
def test_the_interval_leaves_1_out_exactly_where_p_is_below_the_level(
    ratios: list[float], confidence: float
) -> None:
    values = np.array(ratios)
    found, p = interval(values, confidence), p_value(values)
    level = 1 - confidence
    if abs(p - level) < 1e-9 or math.isclose(found.low, 1) or math.isclose(found.high, 1):
        return
    assert (found.low > 1 or found.high < 1) == (p < level)


@given(st.lists(st.floats(0.001, 100), min_size=2, max_size=30))
def test_the_other_way_round_everything_is_turned_over(first: list[float]) -> None:
    second = times(len(first), seed=3)
    one = interval(log_ratios(first, second))
    other = interval(log_ratios(second, first))
    assert one.ratio == pytest.approx(1 / other.ratio)
    assert one.low == pytest.approx(1 / other.high)


def test_one_run_hit_hard_moves_the_verdict_less_than_student_s() -> None:
    ratios = log_ratios(times(20, seed=1), times(20, base=1.1, seed=2))
    hit = ratios.copy()
    hit[4] += 3
    before, after = interval(ratios), interval(hit)
    assert after.high / after.low < 1.3 * before.high / before.low
    assert p_value(hit) < 0.001 < ttest_1samp(hit, 0).pvalue


def test_below_two_rounds_nothing_is_known_but_the_ratio() -> None:
    none, one = interval(np.array([])), interval(np.array([math.log(2)]))
    assert math.isnan(none.ratio)
    assert one.ratio == pytest.approx(2)
    assert (one.low, one.high) == (0, math.inf)
    assert p_value(np.array([math.log(2)])) == 1


def test_rounds_without_any_spread_are_told_apart_if_they_differ() -> None:
    assert p_value(np.zeros(5)) == 1
    assert p_value(np.full(5, 0.5)) == 0
    assert compare([2.0] * 10, [1.0] * 10, TEN).named
    assert not compare([1.0] * 10, [1.0] * 10, TEN).named
    assert compare([1.0] * 10, [1.0] * 10, TEN).decided


def test_a_clear_difference_is_named_and_said() -> None:
    verdict = compare(times(10, base=0.8), times(10, seed=1), TEN)
    assert verdict.named
    assert verdict.decided
    assert verdict.low < verdict.ratio < verdict.high < 1
    assert verdict.p < verdict.level
    assert verdict.more_rounds == 0
    said = verdict.sentence("pool.map", "queue")
    assert said.startswith("pool.map is faster than queue: pool.map takes 0.")
    assert said.endswith("10 rounds).")
    turned = compare(times(10, seed=1), times(10, base=0.8), TEN)
    assert turned.sentence("queue", "pool.map").startswith("pool.map is faster than queue: queue ")


def test_a_tie_says_how_far_apart_the_two_can_be_and_what_would_decide() -> None:
    verdict = compare(times(10), times(10, seed=1), TEN)
    assert not verdict.named
    assert verdict.apart == pytest.approx(max(verdict.high, 1 / verdict.low) - 1)
    most = math.ceil(verdict.apart * 100)
    assert verdict.sentence("a", "b").startswith(f"Tie, at most {most} % apart: a takes ")
    assert verdict.more_rounds is not None
    assert verdict.more_rounds > 0


def test_a_tie_within_the_margin_is_decided_without_a_winner() -> None:
    verdict = compare(times(10, spread=0.005), times(10, spread=0.005, seed=1), TEN)
    assert verdict.apart <= MARGIN
    assert verdict.decided
    assert not verdict.named


def test_between_two_looks_nothing_is_named() -> None:
    looks = looks_up_to(20)
    first, second = times(20, base=0.5), times(20, seed=1)
    between = compare(first[:7], second[:7], looks)
    assert not between.looked
    assert not between.named
    assert not between.decided
    assert between.high < 1
    assert between.sentence("a", "b").startswith(("No verdict yet", "No verdict yet, at most"))
    assert compare(first[:10], second[:10], looks).named


def test_one_round_is_one_look_and_no_verdict() -> None:
    verdict = compare([1.0], [2.0], looks_up_to(20))
    assert verdict.sentence("a", "b") == "One look, no verdict: a takes 0.500 × the time of b."
    assert (verdict.low, verdict.high, verdict.more_rounds) == (0, math.inf, None)


def test_rounds_in_which_one_failed_are_no_pairs_but_rounds_done() -> None:
    first = [NAN, *times(9)]
    verdict = compare(first, times(10, seed=1), TEN)
    assert verdict.rounds == 9
    assert verdict.looked
    nothing = compare([NAN] * 10, times(10), TEN)
    assert nothing.rounds == 0
    assert nothing.sentence("a", "b") == "No round has a time of both a and b."


def test_a_wide_interval_is_no_tie() -> None:
    verdict = compare(times(5, spread=1.0), times(5, seed=1), Schedule((5,)))
    assert verdict.apart > 1
    assert verdict.sentence("a", "b").startswith("No verdict yet: a takes ")


def test_outliers_are_marked_by_their_round_and_counted_like_any_other() -> None:
    first = times(20)
    first[7] *= 3
    verdict = compare([*first[:3], NAN, *first[4:]], times(20, seed=1), Schedule((20,)))
    assert verdict.outliers == (7,)
    assert verdict.rounds == 19


def test_more_rounds_are_about_as_many_as_it_takes() -> None:
    random = np.random.default_rng(0)
    first, second = np.exp(random.normal(0.03, 0.055, 10_000)), np.ones(10_000)
    early = compare(list(first[:10]), list(second[:10]), Schedule((10,)))
    # By the formula: ((1.96 + 0.84) × 0.055 / 0.03)² = 26, of a spread guessed from ten rounds.
    assert early.more_rounds is not None
    assert 1 <= early.more_rounds <= 200
    same = np.exp(random.normal(0, 1, (2, 10)))
    far = compare(list(same[0]), list(same[1]), Schedule((10,)))
    assert far.more_rounds is None or far.more_rounds <= MOST_ROUNDS


def test_different_numbers_of_rounds_are_refused() -> None:
    with pytest.raises(mpviz.Refused, match="3 and 2 rounds"):
        compare([1, 2, 3], [1, 2], TEN)


def study(bases: dict[str, float], rounds: int = 20, spread: float = 0.05) -> dict:
    return {
        name: times(rounds, base, spread, seed=number)
        for number, (name, base) in enumerate(bases.items())
    }


def test_the_best_is_named_where_every_other_is_slower() -> None:
    ranking = against_best(study({"a": 1.3, "b": 1.0, "c": 1.6}), looks_up_to(20))
    assert ranking.reference == "b"
    assert ranking.winner == "b"
    assert set(ranking.slower) == {"a", "c"}
    assert ranking.tied == ()
    assert ranking.decided
    assert all(verdict.ratio > 1 for verdict in ranking.verdicts.values())
    assert list(ranking.verdicts) == ["a", "c"]


def test_what_ties_with_the_best_keeps_it_from_winning() -> None:
    ranking = against_best(study({"a": 1.0, "b": 1.005, "c": 1.6}), looks_up_to(20))
    assert ranking.winner is None
    assert ranking.slower == ("c",)
    assert len(ranking.tied) == 1


def test_holm_holds_the_smallest_p_against_alpha_shared_by_all_and_the_next_by_the_rest() -> None:
    looks = Schedule((20,))
    made = study({"best": 1.0, "near": 1.01, "far": 1.3, "farther": 1.6, "farthest": 2.0})
    verdicts = against_best(made, looks).verdicts
    order = sorted(verdicts.values(), key=lambda verdict: verdict.p)
    # Five could have come out best, so each share is taken 5/2 times.
    shares = [4, 3, 2, 1]
    assert [v.level for v in order] == [looks.level(20, 2.5 * share) for share in shares]
    known = against(made, "best", looks).verdicts
    assert [v.level for v in sorted(known.values(), key=lambda verdict: verdict.p)] == [
        looks.level(20, share) for share in shares
    ]


def test_from_the_first_tie_on_holm_names_nothing_and_shares_no_further() -> None:
    looks = Schedule((20,))
    made = study({"best": 1.0, "near": 1.01, "nearer": 1.005, "far": 1.5})
    verdicts = against_best(made, looks).verdicts
    assert verdicts["far"].named
    assert verdicts["near"].level == verdicts["nearer"].level == looks.level(20, 2 * 2)


def test_of_two_the_best_is_judged_as_by_one_comparison() -> None:
    made = study({"a": 1.0, "b": 1.2})
    looks = looks_up_to(20)
    assert against_best(made, looks).verdicts["b"] == compare(made["b"], made["a"], looks)


def test_the_best_of_fourteen_can_be_named_within_ten_rounds() -> None:
    bases = {"best": 0.7} | {f"other {number}": 1.0 for number in range(13)}
    made = study(bases, rounds=10)
    assert against_best(made, looks_up_to(10)).winner == "best"


def test_a_reference_may_be_slower_than_others() -> None:
    ranking = against(study({"sequential": 2.0, "pool.map": 1.0}), "sequential", looks_up_to(20))
    assert ranking.verdicts["pool.map"].named
    assert ranking.slower == ()
    assert ranking.winner is None


def test_a_configuration_that_never_ended_well_ties_with_nothing_said() -> None:
    made = study({"a": 1.0, "b": 1.5}) | {"broken": [NAN] * 20}
    ranking = against_best(made, looks_up_to(20))
    assert ranking.reference == "a"
    assert ranking.winner is None
    assert ranking.verdicts["broken"].rounds == 0
    assert ranking.verdicts["b"].named


def test_a_round_in_which_nothing_ended_well_is_passed_over() -> None:
    made = {name: [NAN, *values] for name, values in study({"a": 1.0, "b": 1.5}, 19).items()}
    assert against_best(made, looks_up_to(20)).winner == "a"


def test_one_round_of_many_has_a_best_and_no_winner() -> None:
    ranking = against_best({"a": [1.0], "b": [2.0], "c": [NAN]}, looks_up_to(20))
    assert ranking.reference == "a"
    assert ranking.winner is None


def test_a_study_of_one_is_won_by_it() -> None:
    assert against_best({"a": [1.0, 1.1]}, looks_up_to(20)).winner == "a"


def test_what_can_t_be_compared_is_refused() -> None:
    with pytest.raises(mpviz.Refused, match="No configuration has a time yet"):
        against_best({"a": [NAN], "b": [NAN]}, TEN)
    with pytest.raises(mpviz.Refused, match="has no best"):
        against_best({}, TEN)
    with pytest.raises(mpviz.Refused, match="has no configuration b"):
        against({"a": [1.0]}, "b", TEN)
