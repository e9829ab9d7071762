"""What speaks against a study's figures, in words. Knows no process, no clock and no chart.

Nothing is dropped for what is said here: it is shown beside the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mpviz.core.text import counted, percent, seconds

Floats = NDArray[np.float64]
NORMAL = NormalDist()

FAR = 3.5  # of the modified z-score: Iglewicz and Hoaglin's
SLOW_FIRST = 0.05  # slower than the later rounds by this much at least, and far out among them
DRIFTED = 0.05  # over the study, at least
SURE = 0.01  # chance of such a trend where there is none
SPREAD = 0.10  # standard deviation over mean; as pyperf warns
DISTURBED = 0.10  # of the machine's CPU time that other programs took
SHORT = 0.001  # seconds; as pyperf warns: below, timers and start-up are what is measured
FEWEST_ROUNDS = 5  # to tell how far the first one lies from the others, and how they spread
FEWEST_FOR_DRIFT = 10


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing to know before a study is believed.

    Attributes
    ----------
    kind
        ``first_round``, ``drift``, ``others``, ``spread`` or ``short``.
    configuration
        Which one it is about; empty where it is about the whole study.
    sentence
        In words with numbers.
    """

    kind: str
    configuration: str
    sentence: str


def outliers(values: Floats) -> NDArray[np.bool_]:
    """Which values lie far out: a modified z-score above 3.5, from median and MAD.

    B. Iglewicz and D. C. Hoaglin, "How to Detect and Handle Outliers", ASQC 1993. Where over half
    of the values are equal, from the mean absolute deviation. None among fewer than five.
    """
    if len(values) < FEWEST_ROUNDS:
        return np.zeros(len(values), dtype=bool)
    away = np.abs(values - np.median(values))
    scale = float(np.median(away)) / 0.6745 or float(away.mean()) * 1.2533
    found: NDArray[np.bool_] = away > FAR * scale
    return found


def cautions(
    makespans: Mapping[str, Sequence[float]], others: Sequence[float] = ()
) -> tuple[Caution, ...]:
    """All that speaks against a study.

    Parameters
    ----------
    makespans
        Of each configuration, in seconds, one a round done, in the order of the rounds; NaN where
        there is none.
    others
        Of each run, what share of the machine's CPU time other programs took; NaN where that is
        not known.
    """
    times = {name: np.asarray(values, dtype=np.float64) for name, values in makespans.items()}
    times = {name: np.where(v > 0, v, np.nan) for name, v in times.items() if (v > 0).any()}
    if not times:
        return ()
    pace = _pace(list(times.values()))
    found = [_first_round(pace), _drift(pace), _others(np.asarray(others, dtype=np.float64))]
    for name, values in times.items():
        known = values[~np.isnan(values)]
        found += [_spread(name, known), _short(name, known)]
    return tuple(one for one in found if one)


def _pace(times: list[Floats]) -> Floats:
    """How slow each round was, as a log, 0 for the usual one: the median of its configurations.

    NaN for a round without any time.
    """
    logs = np.log(times)
    logs -= np.nanmedian(logs, axis=1, keepdims=True)
    known = (r[~np.isnan(r)] for r in logs.T)
    return np.array([np.median(one) if len(one) else np.nan for one in known])


def _first_round(pace: Floats) -> Caution | None:
    first, pace = pace[0], pace[~np.isnan(pace)]
    if len(pace) < FEWEST_ROUNDS or np.isnan(first):
        return None
    slower = float(np.expm1(pace[0] - np.median(pace[1:])))
    away = np.abs(pace[1:] - np.median(pace[1:]))
    if slower < SLOW_FIRST or np.log1p(slower) <= FAR * float(np.median(away)) / 0.6745:
        return None
    text = f"The first round was {percent(slower)} slower than the later ones."
    return Caution("first_round", "", text)


def _drift(pace: Floats) -> Caution | None:
    """A trend over the rounds: Mann-Kendall for whether, Theil-Sen for how much.

    H. B. Mann, "Nonparametric tests against trend", Econometrica 13 (3), 1945; P. K. Sen,
    "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (324), 1968.
    """
    pace = pace[~np.isnan(pace)]
    n = len(pace)
    if n < FEWEST_FOR_DRIFT:
        return None
    one, other = np.triu_indices(n, 1)
    rises = pace[other] - pace[one]
    spread = (n * (n - 1) * (2 * n + 5) / 18) ** 0.5
    chance = 2 * NORMAL.cdf(-(abs(float(np.sign(rises).sum())) - 1) / spread)
    change = float(np.expm1(np.median(rises / (other - one)) * (n - 1)))
    if chance >= SURE or abs(change) < DRIFTED:
        return None
    how = "slower" if change > 0 else "faster"
    text = f"From the first round to the last, runs became {percent(abs(change))} {how}."
    return Caution("drift", "", text)


def _others(shares: Floats) -> Caution | None:
    disturbed = int((shares >= DISTURBED).sum())
    if not disturbed:
        return None
    text = (
        f"In {disturbed:,} of {counted(len(shares), 'run')} other programs took"
        f" {percent(DISTURBED)} or more of the machine's CPU time, at most"
        f" {percent(float(np.nanmax(shares)))}."
    )
    return Caution("others", "", text)


def _spread(name: str, times: Floats) -> Caution | None:
    if len(times) < FEWEST_ROUNDS:
        return None
    spread = float(times.std(ddof=1) / times.mean())
    if spread < SPREAD:
        return None
    text = f"{name}: its {len(times)} runs spread by {percent(spread)} (standard deviation)."
    return Caution("spread", name, text)


def _short(name: str, times: Floats) -> Caution | None:
    least = float(times.min())
    if least >= SHORT:
        return None
    text = f"{name}: its shortest run took {seconds(least)}: too short to be measured well."
    return Caution("short", name, text)
