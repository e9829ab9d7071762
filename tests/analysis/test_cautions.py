"""What speaks against a study is said, and nothing else."""

import math

import numpy as np
import pytest

from mpviz.analysis.cautions import cautions, outliers


def steady(rounds: int = 20, spread: float = 0.03, seed: int = 0) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(0, spread, rounds))


def said(**makespans: np.ndarray) -> dict[tuple[str, str], str]:
    made = {name: values.tolist() for name, values in makespans.items()}
    return {(one.kind, one.configuration): one.sentence for one in cautions(made)}


def test_of_a_steady_study_nothing_is_said() -> None:
    wrong = [said(a=steady(seed=2 * i), b=steady(seed=2 * i + 1)) for i in range(200)]
    assert sum(bool(one) for one in wrong) <= 4


def test_without_a_time_nothing_is_said() -> None:
    assert cautions({}) == ()
    assert cautions({"a": [math.nan, 0.0]}) == ()
    assert cautions({"a": [1.0]}) == ()


def test_a_slow_first_round_is_named() -> None:
    a, b = steady(), steady(seed=1)
    a[0] = b[0] = 1.3
    sentence = said(a=a, b=b)["first_round", ""]
    assert sentence.startswith("The first round was 3")
    assert "slower than the later ones" in sentence


def test_one_slow_run_is_not_a_slow_first_round() -> None:
    a = steady()
    a[0] = 1.3
    assert ("first_round", "") not in said(a=a, b=steady(seed=1), c=steady(seed=2))


@pytest.mark.parametrize(("change", "how"), [(0.3, "slower"), (-0.3, "faster")])
def test_drift_over_the_study_is_named_with_its_size(change: float, how: str) -> None:
    trend = np.exp(np.linspace(0, change, 20))
    sentence = said(a=steady() * trend, b=2 * steady(seed=1) * trend)["drift", ""]
    assert sentence.startswith("From the first round to the last, runs became ")
    assert sentence.endswith(f"% {how}.")


def test_a_trend_of_a_few_percent_is_not_worth_a_word() -> None:
    assert not said(a=steady(spread=0.001) * np.exp(np.linspace(0, 0.03, 20)))


def test_a_spread_of_ten_percent_is_named_for_its_configuration() -> None:
    found = said(a=steady(), b=steady(spread=0.2, seed=1))
    assert list(found) == [("spread", "b")]
    assert found["spread", "b"].startswith("b: its 20 runs spread by ")


def test_runs_below_a_millisecond_are_named() -> None:
    found = said(a=steady() * 0.0005, b=steady(seed=1))
    assert list(found) == [("short", "a")]
    assert "µs: too short to be measured well." in found["short", "a"]


def test_a_missing_makespan_is_passed_over() -> None:
    a = steady()
    a[3] = math.nan
    assert not said(a=a, b=steady(seed=1))


def test_a_value_far_out_is_an_outlier() -> None:
    values = np.array([1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.5])
    assert np.flatnonzero(outliers(values)).tolist() == [6]


def test_where_most_values_are_equal_one_that_is_not_can_still_be_far_out() -> None:
    assert np.flatnonzero(outliers(np.array([1.0] * 9 + [2.0]))).tolist() == [9]
    assert not outliers(np.ones(10)).any()


def test_among_fewer_than_five_nothing_is_far_out() -> None:
    assert not outliers(np.array([1.0, 1.0, 1.0, 9.0])).any()
    assert len(outliers(np.array([]))) == 0


def test_runs_that_others_disturbed_are_counted() -> None:
    times = {"a": [1.0] * 4}
    (found,) = cautions(times, [0.02, 0.3, float("nan"), 0.1])
    assert found.kind == "others"
    assert found.sentence == (
        "In 2 of 4 runs other programs took 10% or more of the machine's CPU time, at most 30%."
    )
    assert cautions(times, [0.02, 0.05]) == ()
