"""Laws of scaling, on published data with the constants published for them."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mpviz
from mpviz.analysis import metrics
from mpviz.analysis.laws import curve, fit_amdahl, fit_usl, held_out

# SPEC SDM91 on a 16-CPU SPARCcenter 2000, October 1994: simulated users and scripts an hour.
# N. J. Gunther, "Guerrilla Capacity Planning", Springer 2007; also the dataset specsdm91 of the R
# package usl 3.0.4 by S. Moeding (CRAN; github.com/smoeding/usl).
SPEC = (
    [1, 18, 36, 72, 108, 144, 216],
    [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2],
)
# BRL-CAD's ray tracer on an SGI Origin 2000: processors and thousands of rays a second; same book,
# dataset raytracer of the same package.
RAYTRACER = (
    [1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64],
    [20.0, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310],
)
# A benchmark of MySQL on a Cisco UCS C250: threads and queries a second. B. Schwartz, "Practical
# Scalability Analysis with the Universal Scalability Law", VividCortex 2015; also in the tests of
# usl4j (github.com/codahale/usl4j, ModelTest.java), with the book's constants.
CISCO = (
    list(range(1, 33)),
    [
        955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.8, 7867.61,
        8278.71, 8646.7, 9047.84, 9426.55, 9645.37, 9897.24, 10097.6, 10240.5, 10532.39, 10798.52,
        11151.43, 11518.63, 11806, 12089.37, 12075.41, 12177.29, 12211.41, 12158.93, 12155.27,
        12118.04, 12140.4, 12074.39,
    ],
)  # fmt: skip


def test_usl_of_spec_sdm91_with_its_standard_errors() -> None:
    # README.md and tests/summary.Rout.save of usl 3.0.4.
    law = fit_usl(*SPEC)
    assert law.alpha == pytest.approx(0.0277285, abs=5e-8)
    assert law.beta == pytest.approx(0.0001044, abs=5e-8)
    assert law.gamma == pytest.approx(89.9952330, abs=5e-5)
    assert law.alpha_stderr == pytest.approx(0.0091217, abs=5e-7)
    assert law.beta_stderr == pytest.approx(0.0000199, abs=5e-8)
    assert law.gamma_stderr == pytest.approx(14.2134894, abs=5e-5)
    assert law.spread == pytest.approx(82.85, abs=0.005)
    assert law.peak == pytest.approx(96.51956, rel=1e-4)
    assert law.at([law.peak])[0] == pytest.approx(1884, abs=0.5)
    assert law.limit == pytest.approx(3246, abs=0.5)


def test_usl_of_the_ray_tracer_s_first_six_counts_with_its_standard_errors() -> None:
    # tests/confint.Rout.save of usl 3.0.4: an interval is 2.015 standard errors to either side.
    workers, throughput = RAYTRACER
    law = fit_usl(workers[:6], throughput[:6])
    assert law.alpha == pytest.approx(0.02444, abs=5e-6)
    assert law.beta == pytest.approx(0.00163, abs=5e-6)
    assert law.gamma == pytest.approx(20.85605, abs=5e-6)
    assert law.alpha - 2.015 * law.alpha_stderr == pytest.approx(0.00754, abs=1e-5)
    assert law.beta + 2.015 * law.beta_stderr == pytest.approx(0.00215, abs=1e-5)
    assert law.gamma - 2.015 * law.gamma_stderr == pytest.approx(19.26717, abs=1e-4)


def test_usl_of_a_benchmark_without_coherency_has_no_peak() -> None:
    # The vignette of usl finds beta = 0 for the whole ray tracer.
    law = fit_usl(*RAYTRACER)
    assert law.beta == 0
    assert law.peak == math.inf
    assert law.limit == pytest.approx(378.2, abs=0.05)
    assert law.beta_stderr > 0


def test_usl_of_the_cisco_benchmark() -> None:
    law = fit_usl(*CISCO)
    assert law.alpha == pytest.approx(0.02671591, rel=2e-4)
    assert law.beta == pytest.approx(7.690945e-4, rel=2e-4)
    assert law.gamma == pytest.approx(995.6486, rel=2e-4)
    assert math.floor(law.peak) == 35
    assert law.at([35])[0] == pytest.approx(12341, rel=2e-4)


def test_usl_finds_the_constants_that_were_put_in() -> None:
    # tests/coef.R of usl 3.0.4: alpha = beta = 0.02, gamma = 1, throughput to four places.
    law = fit_usl([1, 2, 4, 6, 8, 10], [1, 1.8868, 3.0769, 3.5294, 3.5398, 3.3557])
    assert (law.alpha, law.beta, law.gamma) == pytest.approx((0.02, 0.02, 1), abs=1e-5)
    assert law.peak == pytest.approx(7, abs=0.01)


# M. J. Quinn, "Parallel Programming in C with MPI and OpenMP", McGraw-Hill 2004, section 7.5: in
# the first example the serial fraction is 0.1 throughout, in the second it rises with p.
PROCESSORS = list(range(2, 9))
STEADY = [1.82, 2.50, 3.08, 3.57, 4.00, 4.38, 4.71]
RISING = [1.87, 2.61, 3.23, 3.73, 4.14, 4.46, 4.71]


def test_karp_and_flatt_of_the_textbook_s_two_examples() -> None:
    steady = [metrics.serial_fraction(s, p) for s, p in zip(STEADY, PROCESSORS, strict=True)]
    rising = [metrics.serial_fraction(s, p) for s, p in zip(RISING, PROCESSORS, strict=True)]
    assert steady == pytest.approx([0.1] * 7, abs=0.0015)  # of speedups to two places
    assert rising == pytest.approx([0.07, 0.075, 0.08, 0.085, 0.09, 0.095, 0.1], abs=0.001)


def test_amdahl_of_the_textbook_s_example_is_its_serial_fraction() -> None:
    law = fit_amdahl(PROCESSORS, STEADY)
    assert law.alpha == pytest.approx(0.1, abs=0.0005)
    assert law.alpha_stderr < 0.0005
    assert law.limit == pytest.approx(10, abs=0.05)
    assert (law.beta, law.gamma, law.peak) == (0, 1, math.inf)
    assert (law.beta_stderr, law.gamma_stderr) == (0, 0)


def test_amdahl_does_not_fit_where_the_serial_fraction_rises_and_usl_does() -> None:
    assert fit_usl(PROCESSORS, RISING).spread < fit_amdahl(PROCESSORS, RISING).spread / 5


def test_amdahl_s_own_bounds() -> None:
    # Quinn, section 7.3: 5 % serial, 8 CPUs: 5.9; 20 % serial: at most 5.
    law = fit_amdahl(range(1, 9), [1 / (0.05 + 0.95 / p) for p in range(1, 9)])
    assert law.at([8])[0] == pytest.approx(5.9, abs=0.05)
    law = fit_amdahl(range(1, 9), [1 / (0.2 + 0.8 / p) for p in range(1, 9)])
    assert law.limit == pytest.approx(5)


def test_perfect_scaling_has_neither_serial_part_nor_peak() -> None:
    for law in (fit_amdahl(range(1, 9), range(1, 9)), fit_usl(range(1, 9), range(1, 9))):
        assert (law.alpha, law.beta) == (0, 0)
        assert law.peak == law.limit == math.inf


def test_no_scaling_at_all_is_all_serial() -> None:
    assert fit_amdahl(range(1, 9), [1.0] * 8).alpha == pytest.approx(1)
    assert fit_amdahl(range(1, 9), [0.7] * 8).alpha == pytest.approx(1)


@given(st.floats(0.001, 0.9), st.floats(1e-5, 0.1), st.floats(0.001, 1e6))
def test_exact_data_give_their_constants_back(alpha: float, beta: float, gamma: float) -> None:
    n = np.arange(1, 13)
    law = fit_usl(n.tolist(), list(gamma * n / (1 + alpha * (n - 1) + beta * n * (n - 1))))
    assert law.alpha == pytest.approx(alpha, rel=1e-3, abs=1e-5)
    assert law.beta == pytest.approx(beta, rel=1e-3, abs=1e-6)
    assert law.gamma == pytest.approx(gamma, rel=1e-3)


def test_standard_errors_are_the_scatter_of_repeated_fits() -> None:
    random = np.random.default_rng(0)
    n = np.arange(1, 13)
    truth = n / (1 + 0.1 * (n - 1) + 0.005 * n * (n - 1))
    fits = [fit_usl(n.tolist(), list(truth + random.normal(0, 0.03, 12))) for _ in range(100)]
    for name in ("alpha", "beta", "gamma"):
        scatter = np.std([getattr(law, name) for law in fits], ddof=1)
        told = np.mean([getattr(law, f"{name}_stderr") for law in fits])
        assert told == pytest.approx(scatter, rel=0.2)


def test_repeats_of_a_worker_count_are_all_fitted() -> None:
    workers, speedup = [*PROCESSORS, 8], [*STEADY, 4.0]
    assert fit_amdahl(workers, speedup).alpha > fit_amdahl(PROCESSORS, STEADY).alpha


@pytest.mark.parametrize("fit", [fit_amdahl, fit_usl])
@pytest.mark.parametrize(
    ("workers", "values", "reason"),
    [
        ([1, 2, 4, 8, 16], [1.0] * 5, "6 different worker counts or more; 5 were measured"),
        ([1, 2, 4, 8, 16, 16], [1.0] * 6, "5 were measured"),
        ([2], [1.0], "1 was measured"),
        ([], [], "0 were measured"),
        (range(1, 7), [1.0] * 5, "for each worker count: 6 and 5"),
        (range(1, 7), [1, 2, 3, math.nan, 5, 6], "is not above 0 or is not known"),
        (range(1, 7), [1, 2, 3, 0, 5, 6], "is not above 0 or is not known"),
        (range(6), [1.0] * 6, "a worker count is below 1"),
    ],
)
def test_what_can_t_be_fitted_is_refused_with_the_reason(
    fit: Any, workers: list[int], values: list[float], reason: str
) -> None:
    with pytest.raises(mpviz.Refused, match=reason):
        fit(workers, values)


def test_both_are_public() -> None:
    assert mpviz.fit_amdahl is fit_amdahl
    assert mpviz.fit_usl is fit_usl


def test_a_curve_is_a_prediction_beyond_the_usable_cpus() -> None:
    law = fit_amdahl(PROCESSORS, STEADY)
    drawn = curve(law, [1, 2, 4, 8, 16], usable_cpus=4, measured=PROCESSORS)
    assert drawn["prediction"].tolist() == [False, False, False, True, True]
    assert drawn["value"].tolist() == pytest.approx(law.at([1, 2, 4, 8, 16]).tolist())
    half = curve(law, [1, 2, 3], usable_cpus=2.5, measured=PROCESSORS)
    assert half["prediction"].tolist() == [False, False, True]


def test_a_curve_is_a_prediction_beyond_what_was_measured() -> None:
    drawn = curve(fit_amdahl(PROCESSORS, STEADY), [8, 9], usable_cpus=64, measured=PROCESSORS)
    assert drawn["prediction"].tolist() == [False, True]


def test_the_error_of_a_prediction_is_seen_on_counts_held_out() -> None:
    found = held_out("usl", *RAYTRACER)
    assert found.workers == (32, 48, 64)
    assert found.measured == (260, 280, 310)
    # From the first eight counts the law sees a peak that did not come.
    assert found.error == pytest.approx(0.253, abs=0.001)
    assert found.error == pytest.approx(1 - found.predicted[2] / 310)
    assert held_out("usl", *CISCO).error == pytest.approx(0.059, abs=0.001)
    assert held_out("amdahl", PROCESSORS, STEADY).error < 0.01


def test_of_six_counts_two_are_held_out_and_repeats_are_averaged() -> None:
    found = held_out("amdahl", [*PROCESSORS[:6], 7], [*STEADY[:6], 4.48])
    assert found.workers == (6, 7)
    assert found.measured == pytest.approx((4.0, 4.43))
