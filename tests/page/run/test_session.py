"""The runs of a session: what is kept, what is measured again, what a failure leaves behind."""

import asyncio
import gc
import re
from dataclasses import replace

import pytest

from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.plan import Plan
from mpviz.page.app import Page
from mpviz.page.lesson.walk import describe_runs
from mpviz.serving.limits import USUAL
from tests.page.replaying import PLAN, Replay, Replayed, until

RAISED = RuntimeError("no picture")


def measure(page: Page, *plans: Plan) -> list[Trace]:
    return asyncio.run(page.run_tab.measure(lambda: plans))


def fail(*_: object) -> None:
    raise RAISED


def at_rest(page: Page) -> bool:
    """Whether nothing on the page says or looks as if something were under way."""
    waits = re.search("Starting|Running|Cancelling|Waiting", page.status.line.value)
    tab = page.run_tab
    blocked = tab.run_button.disabled, tab.walk.open_button.disabled, page.lab.matrix.busy
    return not (page.activity.busy or waits or any(blocked)) and tab.cancel_button.disabled


def test_a_run_is_measured_against_its_baseline_and_both_are_kept(
    page: Page, replay: Replay
) -> None:
    (trace,) = measure(page, PLAN)
    assert replay.mechanisms == ["sequential", "pool.map"]
    assert trace.summary["speedup"] == 2.0
    assert [one.record.plan.mechanism for one in page.run_tab.session.traces] == replay.mechanisms
    assert "Done." in page.status.line.value
    assert page.status.error.value == ""
    assert at_rest(page)


@pytest.mark.parametrize("what", ["live_columns", "show_live", "show_run", "show_session"])
def test_what_raises_while_a_run_is_shown_leaves_the_run_to_its_end_and_is_said(
    page: Page, replay: Replay, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    async def press() -> None:
        pressed = asyncio.create_task(page.run_tab.measure(lambda: [PLAN]))
        await until(lambda: replay.runs)
        if what in ("live_columns", "show_live"):
            await until(lambda: "can&#39;t be shown meanwhile" in page.status.line.value)
            assert page.activity.busy
        replay.runs[0].over.set()
        await until(lambda: len(replay.runs) == 2)
        replay.runs[1].over.set()
        (trace,) = await pressed
        assert trace.went_well

    replay.hold = True
    monkeypatch.setattr(page.run_tab.views, what, fail)
    asyncio.run(press())
    assert [run.cancels for run in replay.runs] == [0, 0]
    assert len(page.run_tab.session.traces) == 2
    assert "Done, but not all of it could be shown." in page.status.line.value
    assert "the run itself is not disturbed. RuntimeError: no picture" in page.status.error.value
    assert at_rest(page)


def test_cancel_reaches_a_run_that_cannot_be_shown(
    page: Page, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def press() -> None:
        pressed = asyncio.create_task(page.run_tab.measure(lambda: [PLAN]))
        await until(lambda: page.status.error.value)
        page.run_tab.cancel()
        await pressed

    replay.hold = True
    monkeypatch.setattr(page.run_tab.views, "show_live", fail)
    asyncio.run(press())
    assert [run.cancels for run in replay.runs] == [1]
    assert "Cancelled." in page.status.line.value
    assert at_rest(page)


def test_a_kernel_that_shuts_down_ends_the_run(page: Page, replay: Replay) -> None:
    async def press() -> None:
        pressed = asyncio.create_task(page.run_tab.measure(lambda: [PLAN]))
        await until(lambda: replay.runs)
        pressed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pressed

    replay.hold = True
    asyncio.run(press())
    assert replay.runs[0].cancels >= 1
    assert len(replay.runs) == 1
    assert at_rest(page)


@pytest.mark.parametrize("error", [Refused("The run could not be started."), RAISED])
def test_a_run_that_cannot_be_started_leaves_the_page_ready_for_the_next(error: Exception) -> None:
    def start(plan: Plan) -> None:
        raise error

    page = Page(start)
    with pytest.raises(type(error)):
        measure(page, PLAN)
    assert "Stopped by an error" in page.status.line.value
    assert at_rest(page)


def test_a_run_whose_record_cannot_be_had_leaves_the_page_ready_for_the_next(
    page: Page, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Replayed, "wait", fail)
    with pytest.raises(RuntimeError):
        measure(page, PLAN)
    assert "Stopped by an error" in page.status.line.value
    assert at_rest(page)


def test_what_follows_from_a_turn_may_fail_and_the_run_goes_on(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page.lab, "refresh", fail)
    (trace,) = measure(page, PLAN)
    assert trace.went_well
    assert "no picture" in page.status.error.value
    assert not page.activity.busy
    assert not page.run_tab.run_button.disabled
    assert page.run_tab.cancel_button.disabled


def test_a_baseline_that_its_deadline_cut_is_measured_again_at_the_next_press(
    page: Page, replay: Replay
) -> None:
    replay.seconds["sequential"] = [0.0, 2.0]
    (first,) = measure(page, PLAN)
    (second,) = measure(page, PLAN)
    (third,) = measure(page, PLAN)
    assert first.summary["speedup"] != first.summary["speedup"]
    assert "The sequential run did not end well" in first.sentence
    assert second.summary["speedup"] == third.summary["speedup"] == 2.0
    assert replay.mechanisms.count("sequential") == 2


def test_a_baseline_that_was_cut_is_not_tried_for_each_mechanism_of_one_press(
    page: Page, replay: Replay
) -> None:
    replay.seconds["sequential"] = [0.0]
    measure(page, PLAN, replace(PLAN, mechanism="queue"), replace(PLAN, workers=1))
    assert replay.mechanisms == ["sequential", "pool.map", "queue", "pool.map"]


def test_baselines_go_with_their_runs(replay: Replay) -> None:
    def traces() -> int:
        gc.collect()
        return sum(isinstance(one, Trace) for one in gc.get_objects())

    page = Page(replay, replace(USUAL, runs=4))
    others = traces()
    for number in range(12):
        measure(page, replace(PLAN, inputs=(3, 5, 100 + number)))
    assert len(page.run_tab.session.traces) == 4
    assert traces() - others <= 2 * 4
    assert "20" in page.run_tab.session.dropped_note.value


def test_a_baseline_that_a_kept_run_needs_counts_among_what_is_kept(replay: Replay) -> None:
    """Three tasks a run: of the last six runs the first one's baseline is a seventh record."""
    page = Page(replay, replace(USUAL, kept_tasks=18))
    measure(page, *[PLAN] * 9)
    assert len(page.run_tab.session.traces) == 5


def test_a_speedup_that_cannot_be_has_its_baseline_measured_again(
    page: Page, replay: Replay
) -> None:
    replay.seconds["sequential"] = [5.0, 1.9]
    (trace,) = measure(page, PLAN)
    assert replay.mechanisms == ["sequential", "pool.map", "sequential"]
    assert trace.summary["speedup"] == 1.9
    assert not trace.suspect
    assert "suspect" not in page.run_tab.views.tiles.value + page.run_tab.views.verdict.value
    assert "suspect" not in str(page.run_tab.views.table.rows)
    measure(page, PLAN)  # and the better one is kept
    assert replay.mechanisms[3:] == ["pool.map"]


def test_a_speedup_that_still_cannot_be_is_marked_wherever_it_stands(
    page: Page, replay: Replay
) -> None:
    replay.seconds["sequential"] = [5.0, 4.0]
    (trace,) = measure(page, PLAN)
    assert trace.summary["speedup"] == 4.0
    assert trace.suspect
    tiles = page.run_tab.views.tiles.value
    assert re.search(r"Speedup</div><div>4.00</div><div>suspect: more than 2 ", tiles)
    assert "Efficiency</div><div>–</div>" in tiles
    assert "a speedup of 4.00, suspect: more than 2 " in page.run_tab.views.verdict.value
    row = next(row for row in page.run_tab.views.table.rows if row["mechanism"] == "pool.map")
    assert row["speedup"] == "4.00, suspect"
    points = page.run_tab.views.speedup.columns["runs"]["text"]
    assert any("suspect" in text and "efficiency" not in text for text in points)


def test_a_second_baseline_that_does_not_end_well_replaces_none(page: Page, replay: Replay) -> None:
    replay.seconds["sequential"] = [5.0, 0.0]
    (trace,) = measure(page, PLAN)
    assert trace.summary["speedup"] == 5.0
    assert trace.suspect


def test_answers_that_differ_are_marked_as_bad(page: Page, replay: Replay) -> None:
    other = replay.recorded["pool.map"]
    replay.recorded = replay.recorded | {"pool.map": replace(other, results={0: "1", 1: "2"})}
    measure(page, PLAN)
    assert "mpviz-bad" in page.run_tab.views.verdict.value
    assert "Its answers differ" in page.run_tab.views.verdict.value
    assert "Answers agree</div><div>no</div>" in page.run_tab.views.tiles.value


def test_of_many_runs_the_walk_marks_what_is_suspect_and_names_only_what_was_lost(
    page: Page, replay: Replay
) -> None:
    replay.seconds = {"sequential": [5.0, 4.0], "pool.map": [1.0, 2.5, 4.0, 4.0, 0.0]}
    names = ["pool.map", "queue", "pipe", "threads", "executor.map"]
    traces = measure(page, *[replace(PLAN, mechanism=name) for name in names])
    speedups, lost = describe_runs(traces)
    assert speedups.startswith("Speedups: pool.map 4.00 (suspect), queue 1.60, ")
    assert lost == "Not every result came back: executor.map."


def test_where_the_baseline_was_cut_the_walk_does_not_say_that_results_were_lost(
    page: Page, replay: Replay
) -> None:
    replay.seconds["sequential"] = [0.0]
    names = ["pool.map", "queue", "pipe", "threads", "executor.map"]
    assert describe_runs(measure(page, *[replace(PLAN, mechanism=name) for name in names])) == []
