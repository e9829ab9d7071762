"""The tiles: a run's numbers, each with a word of explanation. Knows no chart and no widget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mpviz.analysis.explain import LOST, agreement, why_suspect
from mpviz.core.text import counted, digits, percent, seconds
from mpviz.page.markup import element

Tiles = Mapping[str, tuple[str, str]]  # by name: the value, and what it means

EMPTY_TILES: Tiles = {
    "Makespan": ("–", "from the call to the last result"),
    "Speedup": ("–", "sequential time over this time"),
    "Efficiency": ("–", "speedup for each worker"),
    "Load balance": ("–", "mean over longest useful time"),
    "Tasks done": ("–", ""),
    "Answers agree": ("–", "with the sequential run"),
}


def tiles_of(run: Mapping[Any, Any]) -> Tiles:
    """What the tiles say of a run, a row by `schema.RUNS`."""
    agree = agreement(run) if not pd.isna(run["answers_agree"]) else "–"
    why = why_suspect(run)
    lost = [f"{run[name]:,} {name}" for name in LOST if run[name]]
    return {
        "Makespan": (seconds(run["makespan_s"]), "from the call to the last result"),
        "Speedup": (speedup_text(run), f"suspect: {why}" if why else _possible(run)),
        "Efficiency": (
            ("–", "as the speedup is suspect")
            if why
            else (_percent(run["efficiency"]), f"speedup over {counted(run['workers'], 'worker')}")
        ),
        "Load balance": (_percent(run["load_balance"]), "mean over longest useful time"),
        "Tasks done": (f"{run['ok']:,} of {run['tasks']:,}", ", ".join(lost) or "all ended well"),
        "Answers agree": (agree, "with the sequential run"),
    }


def tiles(shown: Tiles) -> str:
    """Write tiles as HTML."""
    boxes = [
        element("div", [element("div", part) for part in (name, *pair)], "mpviz-tile")
        for name, pair in shown.items()
    ]
    return element("div", boxes, "mpviz-tiles")


def speedup_text(run: Mapping[Any, Any]) -> str:
    """Write a run's speedup; a dash where there is none."""
    return "–" if pd.isna(run["speedup"]) else digits(run["speedup"])


def _possible(run: Mapping[Any, Any]) -> str:
    if pd.isna(run["possible_speedup"]):
        return "sequential time over this time"
    return f"of a possible {run['possible_speedup']:,.3g}"


def _percent(share: float) -> str:
    return "–" if pd.isna(share) else percent(share)
