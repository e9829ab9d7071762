"""When a study may look at its figures, and how sure it has to be then.

Whoever looks after every round and stops at the first "significant" one is wrong far more often
than the level says: with 0.05 at 10, 15, 20, 30 and 40 rounds in 15 of 100. So looks are at rounds
fixed beforehand, and the one allowance of false alarms, alpha, is spent over them bit by bit
(K. K. G. Lan and D. L. DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70
(3), 1983). Knows no makespan and no configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from mpviz.core.errors import Refused

ALPHA = 0.025  # of 1,000 pairs of equals, 25 may be told apart, all looks together
FIRST = (5, 10, 15, 20, 30, 40, 60)  # then each twice the one before the last: 80, 120, 160 …
NODES = 128  # of the quadrature; 64 give the same six digits


@dataclass(frozen=True, slots=True)
class Schedule:
    """The looks of one study.

    Parameters
    ----------
    rounds
        The numbers of rounds at which it looks, rising. The last ends it.
    alpha
        The chance of a false alarm in one comparison of equals, over all looks.
    most
        The rounds that the study was planned for: what is spent at a look is alpha × rounds / most
        (D. M. Kim and D. L. DeMets, Biometrika 74 (1), 1987, with exponent 1). None: the last look.
    """

    rounds: tuple[int, ...]
    alpha: float = ALPHA
    most: int | None = None

    def __post_init__(self) -> None:
        steps = np.diff((1, *self.rounds))
        if not self.rounds or not (steps > 0).all() or self._planned < self.rounds[-1]:
            raise Refused(f"A study can't look at these numbers of rounds: {self.rounds}.")

    @property
    def _planned(self) -> int:
        return self.rounds[-1] if self.most is None else self.most

    def cut_at(self, rounds: int) -> Schedule:
        """The looks of the same study, ended early: the past ones, and the last one now.

        What ends it must be the time it took, not the figures that it gave.
        """
        end = min(rounds, self._planned)
        past = tuple(look for look in self.rounds if look < end)
        return Schedule((*past, end), self.alpha, self._planned)

    def level(self, rounds: int, comparisons: float = 1.0) -> float:
        """What a two-sided p must be below after so many rounds.

        Parameters
        ----------
        rounds
            Rounds done. Between two looks the level is the next one's.
        comparisons
            Among how many comparisons alpha is shared (Bonferroni).
        """
        levels = nominal_levels(self.rounds, self._planned, self.alpha / comparisons)
        at = int(np.searchsorted(self.rounds, rounds))
        return levels[min(at, len(levels) - 1)]


def looks_up_to(rounds: int, alpha: float = ALPHA) -> Schedule:
    """The looks of a study for which there is time for so many rounds, at least 2."""
    grid = list(FIRST)
    while grid[-1] < rounds:
        grid.append(2 * grid[-2])
    # One look just before the last would cost the last more than it is worth.
    return Schedule((*(look for look in grid if look <= 0.85 * rounds), rounds), alpha)


@lru_cache(maxsize=4096)
def nominal_levels(looks: tuple[int, ...], most: int, alpha: float) -> tuple[float, ...]:
    """The two-sided level of each look, so that alpha × look / most is spent by then.

    The sum of independent rounds is followed from look to look, as far as it has not crossed
    (P. Armitage, C. K. McPherson and B. C. Rowe, "Repeated significance tests on accumulating
    data", JRSS A 132 (2), 1969). The levels are exact for normal data of known variance; held
    against the p of a t-test they are nearly so (C. Jennison and B. W. Turnbull, "Group Sequential
    Methods with Applications to Clinical Trials", 2000, section 4.4).
    """
    levels = []
    x, w = np.polynomial.legendre.leggauss(NODES)
    at, weight = np.zeros(1), np.ones(1)  # the sum's values so far, and their probabilities
    before = 0
    for look in looks:
        step = float(look - before) ** 0.5
        bound = _bound(at, weight, step, alpha * (look - before) / most)
        levels.append(2 * float(ndtr(-bound / look**0.5)))
        nodes = bound * x
        weight = _density((nodes[:, None] - at) / step) @ weight * (bound * w / step)
        at, before = nodes, look
    return tuple(levels)


def _bound(
    at: NDArray[np.float64], weight: NDArray[np.float64], step: float, spend: float
) -> float:
    """The bound that the sum crosses, on either side, with probability `spend`, by bisection."""
    low, high = 0.0, float(np.abs(at).max()) - step * float(ndtri(spend / 4))
    for _ in range(80):
        middle = (low + high) / 2
        crossed = ndtr((at - middle) / step) + ndtr((-at - middle) / step)
        low, high = (middle, high) if crossed @ weight > spend else (low, middle)
    return high


def _density(z: NDArray[np.float64]) -> NDArray[np.float64]:
    density: NDArray[np.float64] = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return density
