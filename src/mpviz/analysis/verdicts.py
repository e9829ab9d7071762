"""What a study says of two configurations: the faster one and by how much, or a tie.

Interval and verdict are one test, a trimmed t-test on paired log-ratios: a configuration is named
exactly where the interval does not hold 1. Knows no process, no clock and no chart.

Chosen among three; `benchmarks/verdict_simulation.py` prints how often the interval of each holds.
Student's t is right for quiet machines and far too wide once one run in ten is disturbed. A
sign-flip test can't say anything at 5 rounds (no p below 2/32), nor for the best of many at 10.
The mean trimmed by 15 % at each end holds the truth as often as it says in all of them, and costs
at most a twentieth of the precision. Trimming takes the same number from both ends whatever
lies there, and what is cut counts in the error as the nearest value kept: no outlier is dropped
for being one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from mpviz.analysis.cautions import outliers
from mpviz.analysis.looks import Schedule
from mpviz.core.errors import Refused
from mpviz.core.text import digits

Floats = NDArray[np.float64]

TRIM = 0.15  # of the rounds, at each end; none below 7 rounds
MARGIN = 0.03  # at most so far apart, two are a tie that is worth no more rounds
CHANCE = 0.8  # that the rounds said to be missing are enough
MOST_ROUNDS = 10_000  # nobody waits for more


@dataclass(frozen=True, slots=True)
class Interval:
    """A ratio of makespans, and between what it lies with such a confidence."""

    ratio: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of two configurations after some rounds.

    Attributes
    ----------
    ratio
        Makespan of the first over that of the second: below 1, the first is faster. NaN where no
        round has both.
    low, high
        The interval, of confidence 1 - level; from 0 to infinity below two rounds.
    p
        Two-sided; below `level` exactly where the interval does not hold 1.
    level
        What this look and the number of comparisons leave of alpha.
    rounds
        Rounds that have both makespans.
    looked
        Whether the study looks after so many rounds: between two looks nothing is named.
    outliers
        The rounds whose ratio stands out, from 0. They are counted like any other.
    more_rounds
        How many more would probably decide (`CHANCE`), at the spread and the difference seen so
        far; 0 where it is decided, None above `MOST_ROUNDS` and where nothing can be said.
    """

    ratio: float
    low: float
    high: float
    p: float
    level: float
    rounds: int
    looked: bool
    outliers: tuple[int, ...]
    more_rounds: int | None

    @property
    def named(self) -> bool:
        """Whether one of the two is named as the faster."""
        return self.looked and (self.low > 1 or self.high < 1)

    @property
    def apart(self) -> float:
        """The most that they differ, as a share of the faster: 0.04 is "at most 4 % apart"."""
        return _apart(self.low, self.high)

    @property
    def decided(self) -> bool:
        """Whether more rounds are worth nothing: one is named, or they are as good as equal."""
        return self.looked and (self.named or self.apart <= MARGIN)

    def sentence(self, first: str, second: str) -> str:
        """The verdict in one sentence with numbers, given the names of the two."""
        if not self.rounds:
            return f"No round has a time of both {first} and {second}."
        found = f"{first} takes {digits(self.ratio)} × the time of {second}"
        if self.rounds == 1:
            return f"One look, no verdict: {found}."
        found += f" ({digits(self.low)} to {digits(self.high)}, {self.rounds} rounds)"
        if self.named:
            faster, slower = (first, second) if self.ratio < 1 else (second, first)
            return f"{faster} is faster than {slower}: {found}."
        if self.apart >= 1:
            return f"No verdict yet: {found}."
        tie = f"at most {math.ceil(self.apart * 100 - 1e-9)} % apart: {found}"
        return f"Tie, {tie}." if self.looked else f"No verdict yet, {tie}."


@dataclass(frozen=True, slots=True)
class Ranking:
    """One configuration against each of the others.

    Attributes
    ----------
    reference
        The best, or the one that was asked for.
    verdicts
        Of every other; its ratio is the other's makespan over the reference's: above 1, slower.
    """

    reference: str
    verdicts: Mapping[str, Verdict]

    @property
    def slower(self) -> tuple[str, ...]:
        """The others that are named as slower than the reference."""
        return tuple(n for n, verdict in self.verdicts.items() if verdict.named and verdict.low > 1)

    @property
    def tied(self) -> tuple[str, ...]:
        """The others that could be as fast as the reference, or faster."""
        return tuple(name for name, verdict in self.verdicts.items() if not verdict.named)

    @property
    def winner(self) -> str | None:
        """The reference, where every other is named as slower."""
        return self.reference if len(self.slower) == len(self.verdicts) else None

    @property
    def decided(self) -> bool:
        """Whether more rounds are worth nothing."""
        return all(verdict.decided for verdict in self.verdicts.values())


def _apart(low: float, high: float) -> float:
    """The most that two differ whose ratio lies between these, as a share of the faster."""
    return max(high, 1 / low if low > 0 else math.inf) - 1


def log_ratios(first: Sequence[float], second: Sequence[float]) -> Floats:
    """One a round, NaN where a makespan is missing, NaN or not above 0."""
    times = np.asarray([first, second], dtype=np.float64)
    times = np.log(np.where(times > 0, times, np.nan))
    difference: Floats = times[0] - times[1]
    return difference


def trimmed_mean(values: Floats) -> tuple[Floats, Floats, int]:
    """Mean of the middle values along the last axis, its standard error and degrees of freedom.

    J. W. Tukey and D. H. McLaughlin, "Less vulnerable confidence and significance procedures for
    location based on a single sample", Sankhya A 25 (3), 1963; K. K. Yuen, "The two-sample trimmed
    t for unequal population variances", Biometrika 61 (1), 1974. With n values, g cut from each end
    and the winsorized standard deviation s, the error is s √n / (n - 2 g), with n - 2 g - 1 degrees
    of freedom. With g = 0 it is Student's t.
    """
    ordered = np.sort(values, axis=-1)
    n = ordered.shape[-1]
    mean, g = _middle(ordered)
    winsorized = np.clip(ordered, ordered[..., g, None], ordered[..., n - g - 1, None])
    error = winsorized.std(axis=-1, ddof=1) * math.sqrt(n) / (n - 2 * g)
    return mean, error, n - 2 * g - 1


def _middle(ordered: Floats) -> tuple[Floats, int]:
    """The mean of the middle of what is sorted, and how many are cut from each end."""
    n = ordered.shape[-1]
    g = int(TRIM * n)
    mean: Floats = ordered[..., g : n - g].mean(axis=-1)
    return mean, g


def interval(ratios: Floats, confidence: float = 0.95) -> Interval:
    """The interval of one fixed number of rounds, decided on beforehand.

    Parameters
    ----------
    ratios
        From `log_ratios`; what is NaN is not counted.
    confidence
        How often such an interval holds the truth.
    """
    known = ratios[~np.isnan(ratios)]
    if len(known) < 2:
        ratio = math.exp(known[0]) if len(known) else math.nan
        return Interval(ratio, 0.0, math.inf, confidence)
    mean, error, dof = trimmed_mean(known)
    half = float(stdtrit(dof, (1 + confidence) / 2)) * float(error)
    with np.errstate(over="ignore"):
        low, ratio, high = np.exp([mean - half, mean, mean + half]).tolist()
    return Interval(ratio, low, high, confidence)


def p_value(ratios: Floats) -> float:
    """Two-sided, of the two configurations being equal; 1 below two rounds."""
    known = ratios[~np.isnan(ratios)]
    if len(known) < 2:
        return 1.0
    mean, error, dof = trimmed_mean(known)
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return 2 * float(stdtr(dof, -abs(mean) / error))


def compare(
    first: Sequence[float], second: Sequence[float], looks: Schedule, *, comparisons: float = 1.0
) -> Verdict:
    """The verdict on two configurations.

    Parameters
    ----------
    first, second
        Makespans in seconds, one a round done, in the order of the rounds; NaN where there is none.
    looks
        When the study looks.
    comparisons
        Among how many comparisons alpha is shared.
    """
    done = len(first)
    if len(second) != done:
        raise Refused(f"Two configurations have {done} and {len(second)} rounds: no pairs.")
    ratios = log_ratios(first, second)
    level = looks.level(done, comparisons)
    found = interval(ratios, 1 - level)
    looked = done in looks.rounds
    known = np.flatnonzero(~np.isnan(ratios))
    named = found.low > 1 or found.high < 1
    decided = looked and (named or _apart(found.low, found.high) <= MARGIN)
    return Verdict(
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        p=p_value(ratios),
        level=level,
        rounds=len(known),
        looked=looked,
        outliers=tuple(known[outliers(ratios[known])].tolist()),
        more_rounds=0 if decided else _more_rounds(ratios[known], level),
    )


def _more_rounds(ratios: Floats, level: float) -> int | None:
    """Rounds still to do until a difference is named, or shown to be below `MARGIN`.

    The usual sample size of a paired test (J. Cohen, "Statistical Power Analysis for the Behavioral
    Sciences", 1988): n = ((z of the level + z of the chance) × spread / distance)².
    """
    n = len(ratios)
    if n < 2:
        return None
    mean, error, _ = trimmed_mean(ratios)
    distance = max(abs(mean), math.log1p(MARGIN) - abs(mean))
    z = -float(ndtri(level / 2)) + float(ndtri(CHANCE))
    missing = math.ceil(n * (z * error / distance) ** 2) - n
    return None if missing > MOST_ROUNDS else max(missing, 1)


def against_best(makespans: Mapping[str, Sequence[float]], looks: Schedule) -> Ranking:
    """The fastest of all against each other one.

    Any of the k could have come out best, so each p is held against a level k/2 times as strict as
    one against a reference known beforehand (half, since a two-sided test has one side to spare).
    Then the chance that, of equals, any is named as slower than the best is at most alpha: over the
    k that may be best and the k - 1 others of each it is a sum of k (k - 1) one-sided chances.

    Parameters
    ----------
    makespans
        Of each configuration, in seconds, one a round done; NaN where there is none.
    looks
        When the study looks.
    """
    if not makespans:
        raise Refused("A study without configurations has no best.")
    times = np.array(list(makespans.values()), dtype=np.float64)
    logs = np.log(np.where(times > 0, times, np.nan))
    logs = logs[:, ~np.isnan(logs).all(axis=0)]
    if not logs.size:
        raise Refused("No configuration has a time yet.")
    relative = logs - np.nanmean(logs, axis=0)
    centre = {
        name: float(_middle(np.sort(known))[0])
        for name, row in zip(makespans, relative, strict=True)
        if len(known := row[~np.isnan(row)])
    }
    best = min(centre, key=centre.__getitem__)
    return _holm(makespans, best, looks, weight=max(1.0, len(makespans) / 2))


def against(makespans: Mapping[str, Sequence[float]], reference: str, looks: Schedule) -> Ranking:
    """One configuration, chosen before the study began, against each other one."""
    if reference not in makespans:
        raise Refused(f"The study has no configuration {reference}.")
    return _holm(makespans, reference, looks, weight=1.0)


def _holm(
    makespans: Mapping[str, Sequence[float]], reference: str, looks: Schedule, weight: float
) -> Ranking:
    """S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6, 1979.

    The smallest p is held against alpha shared by all, the next against alpha shared by the rest,
    and so on until one is not named; from there on the share stays what it was.
    """
    base = makespans[reference]
    others = [name for name in makespans if name != reference]
    order = sorted(others, key=lambda name: p_value(log_ratios(makespans[name], base)))
    share = len(others)
    found: dict[str, Verdict] = {}
    open_ = True
    for name in order:
        found[name] = compare(makespans[name], base, looks, comparisons=share * weight)
        open_ = open_ and found[name].named
        share -= open_
    return Ranking(reference, {name: found[name] for name in others})
