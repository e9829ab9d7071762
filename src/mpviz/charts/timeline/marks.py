"""The timeline's markers, notes and reach, and where they go. Knows no figure.

Lane i lies at y = i; above the lanes is room for the makespan's label, below them, when it is
needed, a row for the tasks that never started.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from mpviz.charts.canvas import Values
from mpviz.charts.palette import FAILED
from mpviz.charts.timeline.merging import Ints
from mpviz.charts.timeline.tips import NEVER_LABELS, never_note, never_tips
from mpviz.core.text import seconds

PLACES = 48  # for markers across a chart
NEVER = 12  # markers for tasks that never started
HEAD, ROW = 20.0, 30.0  # pixels above the lanes, and of the row below them
EMPTY = "Press Run: a bar will appear for each task,\nin the lane of the worker that ran it."
LADDER = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.4, 8, 10)


def lane_pixels(lanes: int) -> float:
    """Return a lane's height in pixels, before a wrapped legend takes its share."""
    return min(40.0, max(96.0, min(36.0 * lanes, 460.0)) / max(lanes, 1))


def rung(reach: float) -> float:
    """Round a reach up in steps, so that a chart that is redrawn live does not creep."""
    size = 10.0 ** math.floor(math.log10(reach))
    return next((step * size for step in LADDER if step * size >= reach), 10 * size)


def extent(lanes: int, right: float, *, never: bool) -> dict[str, Values]:
    """Return the corners of what the axes show."""
    unit = lane_pixels(lanes)
    bottom = lanes - 0.5 + (ROW / unit if never else 0.0)
    return {"x": np.array([0.0, right]), "y": np.array([-0.5 - HEAD / unit, bottom])}


def failure_marks(
    failed: dict[str, Values], kind: Ints, count: Ints, right: float
) -> dict[str, Values]:
    """Return a marker for each failed bar, or for those of one lane and outcome that lie close.

    Markers of different outcomes in one place are set apart, so that none hides another.
    """
    y = np.asarray(failed["y"], dtype=np.float64)
    x = (np.asarray(failed["left"], np.float64) + np.asarray(failed["right"], np.float64)) / 2
    spot = y * PLACES + np.minimum(np.floor(x / right * PLACES), PLACES - 1)
    _, first, inverse = np.unique(
        np.stack([spot, kind.astype(np.float64)]), axis=1, return_index=True, return_inverse=True
    )
    bars, tasks = np.bincount(inverse), np.bincount(inverse, weights=count).astype(int)
    _, sharing, shared = np.unique(spot[first], return_inverse=True, return_counts=True)
    rank = np.arange(first.size) - np.searchsorted(sharing, sharing)
    labels, texts = failed["kind"], failed["text"]
    return {
        "x": np.bincount(inverse, weights=x) / np.maximum(bars, 1),
        "y": y[first] + 0.24 * (rank - (shared[sharing] - 1) / 2),
        "kind": [str(labels[i]) for i in first],
        "text": [
            str(texts[i]) if bars[k] == 1 else f"{tasks[k]} tasks · {labels[i]} · worker {y[i]:.0f}"
            for k, i in enumerate(first)
        ],
    }


def never_marks(never: pd.DataFrame, lanes: int, right: float) -> dict[str, Values]:
    """Return markers below the lanes, each for one task that never started or for several."""
    outcomes = sorted(set(never["outcome"]), key=list(FAILED).index)
    piles: list[tuple[str, pd.DataFrame]] = []
    for name in outcomes:
        rows = never[never["outcome"] == name]
        wanted = min(len(rows), max(1, round(NEVER * len(rows) / len(never))))
        piles += [(name, rows.iloc[i]) for i in np.array_split(np.arange(len(rows)), wanted)]
    n = len(piles)
    return {
        "x": right * 0.45 * (np.arange(n) + 0.5) / max(n, NEVER),
        "y": np.full(n, lanes - 0.5 + 0.5 * ROW / lane_pixels(lanes)),
        "kind": [FAILED[name].label for name, _ in piles],
        "text": [never_tips(rows, NEVER_LABELS[name]) for name, rows in piles],
    }


def notes(
    never: list[str],
    lanes: int,
    right: float,
    makespan: float | None,
    *,
    empty: bool,
    end: str = "makespan",
) -> dict[str, Values]:
    """Return what is written on the sheet: how it ended, how many never started, or what to do."""
    unit = lane_pixels(lanes)
    written: list[tuple[float, float, str, str]] = []
    if makespan is not None:
        label = f"{end} {seconds(makespan)} "
        written.append((makespan, -0.5 - 0.5 * HEAD / unit, label, "right"))
    if never:
        where = right if makespan is None else makespan
        written.append((where, lanes - 0.5 + 0.5 * ROW / unit, never_note(never) + " ", "right"))
    if empty:
        written.append((right / 2, (lanes - 1) / 2, EMPTY, "center"))
    return {
        "x": np.array([x for x, *_ in written]),
        "y": np.array([y for _, y, *_ in written]),
        "text": [text for *_, text, _ in written],
        "align": [align for *_, align in written],
    }
