"""The tiles say a run's numbers, and what they mean."""

import asyncio
from typing import Any

import pytest

from mpviz.page.app import Page
from mpviz.page.run.tiles import EMPTY_TILES, speedup_text, tiles, tiles_of
from tests.page.replaying import PLAN, Replay


@pytest.fixture
def run(page: Page) -> dict[Any, Any]:
    """A row of the runs: a speedup of 2 on two workers."""
    (trace,) = asyncio.run(page.run_tab.measure(lambda: [PLAN]))
    return trace.summary.to_dict()


def test_before_the_first_run_every_tile_has_a_dash() -> None:
    assert [value for value, _ in EMPTY_TILES.values()] == ["–"] * len(EMPTY_TILES)
    assert tiles(EMPTY_TILES).count('class="mpviz-tile"') == len(EMPTY_TILES)


def test_a_run_fills_the_same_tiles(run: dict[Any, Any]) -> None:
    filled = tiles_of(run)
    assert list(filled) == list(EMPTY_TILES)
    assert filled["Makespan"][0] == "1.00 s"
    assert filled["Speedup"][0] == "2.00"
    assert filled["Efficiency"] == ("100%", "speedup over 2 workers")
    assert filled["Tasks done"] == ("3 of 3", "all ended well")
    assert filled["Answers agree"][0] == "yes"


def test_what_is_unknown_is_a_dash(run: dict[Any, Any]) -> None:
    unknown = dict.fromkeys(
        ("speedup", "efficiency", "load_balance", "possible_speedup"), float("nan")
    )
    filled = tiles_of(run | unknown | {"answers_agree": None})
    for name in ("Speedup", "Efficiency", "Load balance", "Answers agree"):
        assert filled[name][0] == "–"
    assert filled["Speedup"][1] == "sequential time over this time"
    assert speedup_text(unknown) == "–"


def test_lost_tasks_are_counted_by_how_they_ended(run: dict[Any, Any]) -> None:
    filled = tiles_of(run | {"ok": 1, "missing": 1, "died": 1})
    value, explanation = filled["Tasks done"]
    assert value == "1 of 3"
    assert set(explanation.split(", ")) == {"1 missing", "1 died"}


def test_a_suspect_speedup_is_marked_and_has_no_efficiency(page: Page, replay: Replay) -> None:
    replay.seconds["sequential"] = [5.0, 4.0]
    (trace,) = asyncio.run(page.run_tab.measure(lambda: [PLAN]))
    filled = tiles_of(trace.summary.to_dict())
    assert filled["Speedup"][1].startswith("suspect: ")
    assert filled["Efficiency"] == ("–", "as the speedup is suspect")
