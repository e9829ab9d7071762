"""When a study looks: what is spent at each look adds up to alpha, and no more."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import multivariate_normal

import mpviz
from mpviz.analysis.looks import ALPHA, FIRST, Schedule, looks_up_to, nominal_levels


def crossed(looks: tuple[int, ...], levels: tuple[float, ...]) -> float:
    """The chance that equals are told apart at any look, from the looks' joint distribution."""
    n = np.array(looks, dtype=float)
    correlation = np.sqrt(np.minimum.outer(n, n) / np.maximum.outer(n, n))
    bounds = -ndtri(np.array(levels) / 2)
    normal = multivariate_normal(cov=correlation, seed=np.random.default_rng(0))
    return 1 - float(normal.cdf(bounds, lower_limit=-bounds))


@pytest.mark.parametrize("looks", [(10,), (5, 10), (5, 10, 14), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.001])
def test_all_looks_together_spend_alpha(looks: tuple[int, ...], alpha: float) -> None:
    levels = nominal_levels(looks, looks[-1], alpha)
    assert crossed(looks, levels) == pytest.approx(alpha, rel=0.01, abs=2e-5)


def test_one_look_has_all_of_alpha() -> None:
    assert nominal_levels((20,), 20, 0.05) == pytest.approx((0.05,))
    assert -ndtri(nominal_levels((20,), 20, 0.05)[0] / 2) == pytest.approx(1.959964)


def test_the_first_look_has_its_share_exactly() -> None:
    assert nominal_levels((5, 50), 50, 0.05)[0] == pytest.approx(0.005)


def test_looking_each_time_at_the_full_level_would_cost_what_was_measured() -> None:
    # Facts: looks at 10, 15, 20, 30 and 40 rounds, 0.05 each: 0.15 false alarms; 0.016: 0.05.
    looks = (10, 15, 20, 30, 40)
    assert crossed(looks, (0.05,) * 5) == pytest.approx(0.14, abs=0.01)
    assert crossed(looks, (0.016,) * 5) == pytest.approx(0.05, abs=0.005)
    # P. Armitage, C. K. McPherson and B. C. Rowe, JRSS A 132 (2), 1969, table 2: five equal steps.
    assert crossed((1, 2, 3, 4, 5), (0.05,) * 5) == pytest.approx(0.142, abs=0.001)
    # S. J. Pocock, Biometrika 64 (2), 1977, table 1: the level that makes it 0.05.
    assert crossed((1, 2, 3, 4, 5), (0.0158,) * 5) == pytest.approx(0.05, abs=0.001)


def test_levels_are_reachable_by_a_t_test_and_rise_from_look_to_look() -> None:
    looks = looks_up_to(60)
    levels = [looks.level(rounds) for rounds in looks.rounds]
    assert looks.rounds == FIRST
    assert levels == sorted(levels)
    assert 0 < levels[0] < levels[-1] < ALPHA


@pytest.mark.parametrize(
    ("rounds", "looks"),
    [
        (2, (2,)),
        (5, (5,)),
        (14, (5, 10, 14)),
        (16, (5, 10, 16)),
        (62, (5, 10, 15, 20, 30, 40, 62)),
        (111, (5, 10, 15, 20, 30, 40, 60, 80, 111)),
    ],
)
def test_the_last_look_is_at_the_last_round_and_none_just_before(
    rounds: int, looks: tuple[int, ...]
) -> None:
    assert looks_up_to(rounds).rounds == looks


def test_between_two_looks_the_level_is_the_next_one_s() -> None:
    looks = looks_up_to(20)
    assert looks.level(7) == looks.level(10)
    assert looks.level(1) == looks.level(5)
    assert looks.level(99) == looks.level(20)


def test_a_study_cut_short_keeps_the_levels_it_has_used() -> None:
    looks = looks_up_to(40)
    cut = looks.cut_at(17)
    assert cut.rounds == (5, 10, 15, 17)
    assert [cut.level(rounds) for rounds in (5, 10, 15)] == [
        looks.level(rounds) for rounds in (5, 10, 15)
    ]
    assert crossed(cut.rounds, tuple(cut.level(r) for r in cut.rounds)) <= ALPHA
    assert looks.cut_at(10).rounds == (5, 10)
    assert looks.cut_at(99).rounds[-1] == 40


def test_shared_by_many_comparisons_the_level_is_stricter_than_its_share() -> None:
    looks = looks_up_to(20)
    assert looks.level(10, 13) < looks.level(10) / 13
    assert looks.level(10, 13) > looks.level(10) / 26


@pytest.mark.parametrize("rounds", [(), (1,), (5, 5), (10, 5)])
def test_looks_that_can_t_be_are_refused(rounds: tuple[int, ...]) -> None:
    with pytest.raises(mpviz.Refused, match="can't look at these numbers of rounds"):
        Schedule(rounds)
