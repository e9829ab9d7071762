"""Laws of scaling, fitted to what was measured at several worker counts.

Amdahl's: S(n) = n / (1 + alpha (n - 1)), alpha being the serial fraction (G. M. Amdahl, "Validity
of the single processor approach to achieving large scale computing capabilities", AFIPS 1967).
The Universal Scalability Law: X(n) = gamma n / (1 + alpha (n - 1) + beta n (n - 1)), with alpha for
contention (waiting for each other), beta for coherency (what each has to settle with every other)
and gamma for the throughput of one (N. J. Gunther, "Guerrilla Capacity Planning", Springer 2007;
"A General Theory of Computational Scalability Based on Rational Functions", arXiv:0808.1431).

The efficiencies and the Karp-Flatt fraction of each count are in `mpviz.analysis.metrics`. Knows no
process, no clock and no chart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

from mpviz.core.errors import Refused

Floats = NDArray[np.float64]
Name = Literal["amdahl", "usl"]

FEWEST_COUNTS = 6  # worker counts: three constants, and as many again to tell whether they fit
HELD_OUT = 3  # the largest one in so many counts is predicted from the others
TIGHT = 1e-15  # the fit is small and quick; let it end at the last digits
NOTHING = 1e-6  # what adds less than this share of the time at the largest count is rounding


@dataclass(frozen=True, slots=True)
class ScalingLaw:
    """A law with its constants.

    Attributes
    ----------
    name
        ``amdahl`` or ``usl``.
    alpha, beta, gamma
        The constants; Amdahl's law has beta 0 and gamma 1.
    alpha_stderr, beta_stderr, gamma_stderr
        Their standard errors, from the linearised fit; 0 for what was not fitted.
    peak
        The worker count of the highest throughput, as a real number: sqrt((1 - alpha) / beta),
        infinite where beta is 0.
    limit
        What throughput would approach without coherency: gamma / alpha, infinite where alpha is 0.
    spread
        Standard deviation of what was measured about the curve.
    """

    name: Name
    alpha: float
    beta: float
    gamma: float
    alpha_stderr: float
    beta_stderr: float
    gamma_stderr: float
    spread: float

    @property
    def peak(self) -> float:
        """The worker count of the highest throughput."""
        return math.sqrt((1 - self.alpha) / self.beta) if self.beta > 0 else math.inf

    @property
    def limit(self) -> float:
        """What throughput would approach without coherency."""
        return self.gamma / self.alpha if self.alpha > 0 else math.inf

    def at(self, workers: Sequence[float] | NDArray[Any]) -> Floats:
        """Speedup or throughput at these worker counts."""
        return _law(np.asarray(workers, dtype=np.float64), self.alpha, self.beta, self.gamma)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How well a law that saw only the smaller worker counts predicts the larger ones.

    Attributes
    ----------
    workers
        The counts held out.
    measured, predicted
        Speedup or throughput at each; `measured` is the mean of its repeats.
    error
        The largest of ``abs(predicted / measured - 1)``.
    """

    workers: tuple[int, ...]
    measured: tuple[float, ...]
    predicted: tuple[float, ...]
    error: float


def fit_amdahl(workers: Sequence[int], speedup: Sequence[float]) -> ScalingLaw:
    """Fit Amdahl's law by least squares.

    Parameters
    ----------
    workers
        Worker counts, at least six different ones; a count may come more than once.
    speedup
        Speedup at each.

    Raises
    ------
    mpviz.Refused
        When there are too few worker counts, or a speedup that is none.
    """
    return _fit("amdahl", *_checked(workers, speedup, "speedup"))


def fit_usl(workers: Sequence[int], throughput: Sequence[float]) -> ScalingLaw:
    """Fit the Universal Scalability Law by least squares, with no constant below 0.

    Parameters
    ----------
    workers
        Worker counts, at least six different ones; a count may come more than once.
    throughput
        Throughput at each, in any unit: tasks a second, or speedup.

    Raises
    ------
    mpviz.Refused
        When there are too few worker counts, or a throughput that is none.
    """
    return _fit("usl", *_checked(workers, throughput, "throughput"))


def held_out(law: Name, workers: Sequence[int], values: Sequence[float]) -> HeldOut:
    """Fit a law to the smaller two thirds of the worker counts, and predict the larger ones.

    Parameters
    ----------
    law
        ``amdahl`` or ``usl``.
    workers, values
        As given to `fit_amdahl` or `fit_usl`.
    """
    n, x = _checked(workers, values, "speedup" if law == "amdahl" else "throughput")
    counts = np.unique(n)
    last = counts[-(len(counts) // HELD_OUT) :]
    seen = n < last[0]
    predicted = _fit(law, n[seen], x[seen]).at(last)
    measured = np.array([x[n == count].mean() for count in last])
    return HeldOut(
        workers=tuple(int(count) for count in last),
        measured=tuple(measured.tolist()),
        predicted=tuple(predicted.tolist()),
        error=float(np.abs(predicted / measured - 1).max()),
    )


def curve(
    law: ScalingLaw, workers: Sequence[int], *, usable_cpus: float, measured: Sequence[int]
) -> pd.DataFrame:
    """A law's curve, and from where on it is a prediction.

    Parameters
    ----------
    law
        The law.
    workers
        Worker counts to draw it at.
    usable_cpus
        CPUs that the runs could use, affinity and quota respected.
    measured
        The counts that it was fitted to.

    Returns
    -------
    pandas.DataFrame
        ``workers``, ``value`` and ``prediction``: true beyond the usable CPUs, where no measurement
        here can show what more CPUs would do, and beyond the largest count that was measured.
    """
    n = np.asarray(workers, dtype=np.int64)
    known = min(usable_cpus, max(measured))
    return pd.DataFrame({"workers": n, "value": law.at(n), "prediction": n > known})


def _law(n: Floats, alpha: float, beta: float, gamma: float) -> Floats:
    curve: Floats = gamma * n / (1 + alpha * (n - 1) + beta * n * (n - 1))
    return curve


def _checked(workers: Sequence[int], values: Sequence[float], what: str) -> tuple[Floats, Floats]:
    n, x = np.asarray(workers, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if n.shape != x.shape or n.ndim != 1:
        raise Refused(f"A law needs one {what} for each worker count: {n.size} and {x.size}.")
    if not (np.isfinite(n).all() and (n >= 1).all()):
        raise Refused("A law can't be fitted: a worker count is below 1 or is no number.")
    if not (np.isfinite(x).all() and (x > 0).all()):
        raise Refused(f"A law can't be fitted: a {what} is not above 0 or is not known.")
    counts = len(np.unique(n))
    if counts < FEWEST_COUNTS:
        raise Refused(
            f"A law is fitted to {FEWEST_COUNTS} different worker counts or more; "
            f"{counts} {'was' if counts == 1 else 'were'} measured."
        )
    return n, x


def _fit(name: Name, n: Floats, x: Floats) -> ScalingLaw:
    """Least squares in units of the largest throughput, with the standard errors of the free ones.

    Standard errors are those of nonlinear regression, s² (JᵀJ)⁻¹ (D. M. Bates and D. G. Watts,
    "Nonlinear Regression Analysis and Its Applications", Wiley 1988, chapter 2).
    """
    free = 1 if name == "amdahl" else 3
    unit = 1.0 if name == "amdahl" else float(x.max())

    def constants(some: Floats) -> tuple[float, float, float]:
        alpha, beta, gamma = [*some.tolist(), 0.0, 1.0][:3] if free == 1 else some.tolist()
        return alpha, beta, gamma

    def residuals(some: Floats) -> Floats:
        return _law(n, *constants(some)) - x / unit

    def slopes(some: Floats) -> Floats:
        alpha, beta, gamma = constants(some)
        below = 1 + alpha * (n - 1) + beta * n * (n - 1)
        by_alpha = -gamma * n * (n - 1) / below**2
        return np.column_stack([by_alpha, by_alpha * n, n / below])[:, :free]

    lone = float((x / n).max()) / unit  # at least the throughput of one
    starts = [(0.01, 1e-4, lone), (0.3, 1e-6, lone), (1e-3, 1e-2, lone)]
    fits = [
        least_squares(
            residuals,
            start[:free],
            jac=slopes,
            bounds=(np.zeros(free), [1.0, np.inf, np.inf][:free]),
            x_scale="jac",
            xtol=TIGHT,
            ftol=TIGHT,
            gtol=TIGHT,
        )
        for start in starts
    ]
    best = min(fits, key=lambda fit: float(fit.cost))
    dof = max(len(n) - free, 1)
    spread = math.sqrt(2 * best.cost / dof)
    jacobian = slopes(best.x)
    errors = spread * np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian)))
    alpha, beta, gamma = constants(best.x)
    most = float(n.max())
    alpha = alpha if alpha * (most - 1) > NOTHING else 0.0
    beta = beta if beta * most * (most - 1) > NOTHING else 0.0
    alpha_stderr, beta_stderr, gamma_stderr = [*errors.tolist(), 0.0, 0.0][:3]
    return ScalingLaw(
        name=name,
        alpha=alpha,
        beta=beta,
        gamma=gamma * unit,
        alpha_stderr=alpha_stderr,
        beta_stderr=beta_stderr,
        gamma_stderr=gamma_stderr * unit,
        spread=spread * unit,
    )
