"""Merge bars that the eye could not tell apart. Knows no frame, no colour and no figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[Any]

FEW = 500  # so few are drawn one by one: zooming in tells them apart
PIXELS = 1000  # places across a chart
COARSER = 1.4


@dataclass(frozen=True, slots=True)
class Bars:
    """Merged bars, all arrays of shape (bars,), ordered by lane, kind and start.

    Attributes
    ----------
    first
        Place of the earliest member in what was merged.
    count
        Members.
    left, right
        From the first start to the last end, in seconds.
    busy
        Sum of the members' durations, in seconds.
    order, starts
        ``order[starts[i]:starts[i] + count[i]]`` are the members of bar i.
    """

    first: Ints
    count: Ints
    left: Floats
    right: Floats
    busy: Floats
    order: Ints
    starts: Ints


def merge(lane: Ints, kind: Ints, start: Floats, end: Floats, *, most: int) -> Bars:
    """Merge neighbours of one lane and kind until at most ``most`` bars are left.

    The time axis is cut into places, as many as the eye tells apart or as ``most`` allows. What is
    shorter than a place is merged with what begins in the same place; what is longer stays as it
    is. Time inside bars is conserved, and kinds never mix.

    Parameters
    ----------
    lane, kind
        Small non-negative integers, shape (n,).
    start, end
        Seconds, shape (n,), finite.
    most
        Bars wanted. At least one bar for each lane and kind remains.

    Returns
    -------
    Bars
    """
    n = start.size
    group = lane.astype(np.int32) * (int(kind.max(initial=0)) + 1) + kind.astype(np.int32)
    order = np.argsort(start, kind="stable")
    order = order[np.argsort(group[order], kind="stable")]
    group, start, end = group[order], start[order], end[order]
    duration = end - start
    other = np.ones(n, dtype=bool)
    other[1:] = group[1:] != group[:-1]
    first = np.ones(n, dtype=bool)
    if n > min(FEW, most):
        reach = float(end.max())
        width = reach / PIXELS
        while True:
            first = _first_of_place(other, start, duration, width)
            if np.count_nonzero(first) <= most or width > reach:
                break
            width *= COARSER
    starts = np.flatnonzero(first)
    count = np.diff(starts, append=n)
    if n == 0:
        return Bars(starts, count, start, end, duration, order, starts)
    return Bars(
        first=order[starts],
        count=count,
        left=start[starts],
        right=np.maximum.reduceat(end, starts),
        busy=np.add.reduceat(duration, starts),
        order=order,
        starts=starts,
    )


def _first_of_place(
    other: NDArray[np.bool_], start: Floats, duration: Floats, width: float
) -> NDArray[np.bool_]:
    """Whether each bar opens a new merged bar; sorted by group, then start."""
    if width <= 0:
        return other
    place = np.floor(start / width)
    long = duration >= width
    first = other | long
    first[1:] |= long[:-1] | (place[1:] != place[:-1])
    return first
