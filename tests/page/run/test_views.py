"""The views show a run: its timeline, its sentence, its row; and a run that still goes on."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from mpviz.analysis.trace import Trace
from mpviz.core.outcome import Ending
from mpviz.core.record import Line, Record
from mpviz.page.run.views import ENTRY, LONGEST_NAME, Views
from tests.page.replaying import PLAN, cut


@pytest.fixture
def chosen() -> list[int]:
    return []


@pytest.fixture
def views(chosen: list[int]) -> Views:
    return Views(
        lanes=2,
        most_workers=16,
        on_select=chosen.append,
        on_show=lambda _trace: None,
        on_error=chosen.append,
    )


@pytest.fixture
def trace(recorded: dict[str, Record]) -> Trace:
    baseline = Trace(recorded["sequential"], None, 1)
    return Trace(recorded["pool.map"], baseline, 2)


def bars(views: Views, source: str = "tasks", column: str = "left") -> int:
    return len(np.frombuffer(views.timeline.columns[source][column]["data"]))


def test_before_the_first_run_everything_is_there_and_empty(
    views: Views, chosen: list[int]
) -> None:
    assert bars(views) == 0
    assert views.table.rows == []
    assert "Nothing was printed." in views.printed.value
    assert views.verdict.value == ""
    assert chosen == []


def test_lanes_follow_the_choice_and_the_height_follows_the_lanes(views: Views) -> None:
    before = views.timeline.height
    views.show_lanes(8)
    assert views.timeline.height > before
    assert views.timeline.label == "Timeline of 8 workers, empty"


def test_a_finished_run_is_shown_with_its_sentence(views: Views, trace: Trace) -> None:
    views.show_run(trace)
    assert bars(views) == 3
    assert "Timeline: run 2, pool.map × 2" in views.heading.value
    assert views.timeline.label == f"Timeline of run 2. {trace.sentence}"
    assert trace.sentence.split(":")[0] in views.verdict.value
    assert "mpviz-bad" not in views.verdict.value
    assert "3 of 3" in views.tiles.value


def test_a_run_of_the_same_shape_changes_columns_and_not_the_figure(
    views: Views, trace: Trace
) -> None:
    views.show_run(trace)
    figure = views.timeline.figure
    views.show_run(trace)
    assert views.timeline.figure is figure


def test_a_run_that_was_cut_is_shown_as_bad(views: Views, recorded: dict[str, Record]) -> None:
    views.show_run(Trace(cut(recorded["pool.map"], Ending.DEADLINE), None, 1))
    assert "mpviz-bad" in views.verdict.value
    assert bars(views, "never", "x") > 0


def test_a_run_that_goes_on_is_shown_as_running(views: Views, recorded: dict[str, Record]) -> None:
    trace = Trace(replace(recorded["pool.map"], ending=Ending.RUNNING))
    views.show_live(trace, views.live_columns(trace))
    assert bars(views) == 3
    assert "Timeline: running pool.map × 2" in views.heading.value


def test_printed_lines_are_text_beside_their_task(
    views: Views, recorded: dict[str, Record]
) -> None:
    lines = (Line(1, 0, "<b>one</b>"), Line(-1, 0, "two"))
    views.show_run(Trace(replace(recorded["pool.map"], output=lines), None, 1))
    assert "task 1\t&lt;b&gt;one&lt;/b&gt;" in views.printed.value
    assert "no task\ttwo" in views.printed.value


def test_all_runs_of_a_session_are_rows_and_points(views: Views, trace: Trace) -> None:
    assert trace.baseline is not None
    views.show_session([trace.baseline, trace], 1)
    assert [row["mechanism"] for row in views.table.rows] == ["sequential", "pool.map"]
    assert [row["start_method"] for row in views.table.rows] == ["–", "fork"]
    assert views.table.selected == 1
    assert views.speedup.label == "Speedup over workers: 2 runs"
    assert len(views.losses.columns["labels"]["text"]) == 2


def test_a_long_name_of_an_input_set_is_cut(views: Views, recorded: dict[str, Record]) -> None:
    plan = replace(PLAN, input_set="x" * 99)
    views.show_session([Trace(replace(recorded["pool.map"], plan=plan), None, 1)], 0)
    assert views.table.rows[0]["input_set"] == "x" * (LONGEST_NAME - 1) + "…"


def test_the_speedup_chart_grows_with_its_legend(views: Views, recorded: dict[str, Record]) -> None:
    names = ["pool.map", "queue", "pipe", "threads", "executor.map"]
    plans = [replace(PLAN, mechanism=name) for name in names]
    traces = [Trace(replace(recorded["pool.map"], plan=plan), None, 1) for plan in plans]
    views.show_session(traces[:1], 0)
    before = views.speedup.height
    views.show_session(traces, 0)
    assert views.speedup.height == before + ENTRY


def test_a_row_that_the_reader_chooses_is_passed_on(
    views: Views, trace: Trace, chosen: list[int]
) -> None:
    async def choose() -> None:
        views.table._on_message(views.table, {"type": "select", "row": 0}, [])

    views.show_session([trace], 0)
    asyncio.run(choose())
    assert chosen == [0]


def test_the_code_of_a_mechanism_stands_below_what_it_is_good_for(views: Views) -> None:
    views.show_code("pipe")
    about, _, source = views.code.value.partition("mpviz-code")
    assert "The code of pipe" in about
    assert "mpviz-prose" in about
    assert 'aria-label="Source of pipe"' in source
