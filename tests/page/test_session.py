"""The runs of a visit: what is kept, what is measured again, and what a failure leaves behind.

Runs are recorded once and then replayed behind the turn, as fast or as slow as a test wants them.
"""

import asyncio
import gc
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.engine import runner
from mpviz.page.app import Page
from mpviz.page.lesson.tab import told
from mpviz.serving import limits
from mpviz.workloads import busy

PLAN = Plan(busy, (3, 5, 7), "pool.map", 2, "fork", 1, 10.0, "busy", "three")
ALONE = replace(PLAN, mechanism="sequential", workers=1)
RAISED = RuntimeError("no picture")


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A line of its own for each test."""
    monkeypatch.setenv("MPVIZ_TURNS", str(tmp_path / "turns"))


@pytest.fixture(scope="module")
def recorded() -> dict[str, Record]:
    """A sequential run and one on two workers, really run."""
    return {plan.mechanism: runner.finish(runner.start(plan)) for plan in (ALONE, PLAN)}


@dataclass
class Replayed:
    """A run that was recorded before; it goes on until it is let go or cancelled."""

    plan: Plan
    record: Record
    over: threading.Event = field(default_factory=threading.Event)
    cancels: int = 0
    started = True
    finished = 1

    def snapshot(self) -> Record:
        return replace(self.record, ending=Ending.RUNNING)

    def cancel(self) -> None:
        self.cancels += 1
        self.record = cut(self.record, Ending.CANCELLED)
        self.over.set()

    def wait(self, timeout: float | None = None) -> Record:
        assert self.over.wait(20)
        return self.record


def cut(record: Record, ending: Ending) -> Record:
    return replace(record, ending=ending, tasks=bytes(len(record.tasks)), results={})


@dataclass
class Replay:
    """Starts runs that take as long as they are told: of a mechanism the next of its makespans."""

    recorded: dict[str, Record]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    hold: bool = False
    runs: list[Replayed] = field(default_factory=list)

    def __call__(self, plan: Plan) -> Replayed:
        kind = "sequential" if plan.mechanism == "sequential" else "pool.map"
        asked = self.seconds.get(kind) or [2.0 if kind == "sequential" else 1.0]
        makespan = asked.pop(0)
        record = self.recorded[kind]
        if makespan:
            record = replace(record, ended_ns=record.called_ns + round(makespan * 1e9))
        else:
            record = cut(record, Ending.DEADLINE)
        run = Replayed(plan, replace(record, plan=plan))
        if not self.hold:
            run.over.set()
        self.runs.append(run)
        return run

    @property
    def mechanisms(self) -> list[str]:
        return [run.plan.mechanism for run in self.runs]


@pytest.fixture
def replay(recorded: dict[str, Record]) -> Replay:
    return Replay(recorded)


@pytest.fixture
def page(replay: Replay) -> Page:
    return Page(replay)


def measure(page: Page, *plans: Plan) -> list[Trace]:
    return asyncio.run(page.measure(lambda: plans))


def fail(*_: object) -> None:
    raise RAISED


async def until(what: Callable[[], Any], limit: float = 10.0) -> None:
    async with asyncio.timeout(limit):
        while not what():  # noqa: ASYNC110  what it waits for raises no event
            await asyncio.sleep(0.01)


def at_rest(page: Page) -> bool:
    """Whether nothing on the page says or looks as if something were under way."""
    waits = re.search("Starting|Running|Cancelling|Waiting", page.said.status.value)
    buttons = page.run_button.disabled, page.walk.open_button.disabled, page.lab.matrix.busy
    return not (page.turn.busy or waits or any(buttons)) and page.cancel_button.disabled


def test_a_run_is_measured_against_its_baseline_and_both_are_kept(
    page: Page, replay: Replay
) -> None:
    (trace,) = measure(page, PLAN)
    assert replay.mechanisms == ["sequential", "pool.map"]
    assert trace.summary["speedup"] == 2.0
    assert [one.record.plan.mechanism for one in page.visit.traces] == replay.mechanisms
    assert "Done." in page.said.status.value
    assert page.said.error.value == ""
    assert at_rest(page)


@pytest.mark.parametrize("what", ["live_columns", "show_live", "show_run", "show_visit"])
def test_what_raises_while_a_run_is_shown_leaves_the_run_to_its_end_and_is_said(
    page: Page, replay: Replay, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    async def visit() -> None:
        pressed = asyncio.create_task(page.measure(lambda: [PLAN]))
        await until(lambda: replay.runs)
        if what in ("live_columns", "show_live"):
            await until(lambda: "can&#x27;t be shown meanwhile" in page.said.status.value)
            assert page.turn.busy
        replay.runs[0].over.set()
        await until(lambda: len(replay.runs) == 2)
        replay.runs[1].over.set()
        (trace,) = await pressed
        assert trace.went_well

    replay.hold = True
    monkeypatch.setattr(page.views, what, fail)
    asyncio.run(visit())
    assert [run.cancels for run in replay.runs] == [0, 0]
    assert len(page.visit.traces) == 2
    assert "Done, but not all of it could be shown." in page.said.status.value
    assert "the run itself is not disturbed. RuntimeError: no picture" in page.said.error.value
    assert at_rest(page)


def test_cancel_reaches_a_run_that_cannot_be_shown(
    page: Page, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def visit() -> None:
        pressed = asyncio.create_task(page.measure(lambda: [PLAN]))
        await until(lambda: page.said.error.value)
        page.cancel()
        await pressed

    replay.hold = True
    monkeypatch.setattr(page.views, "show_live", fail)
    asyncio.run(visit())
    assert [run.cancels for run in replay.runs] == [1]
    assert "Cancelled." in page.said.status.value
    assert at_rest(page)


def test_a_kernel_that_shuts_down_ends_the_run(page: Page, replay: Replay) -> None:
    async def visit() -> None:
        pressed = asyncio.create_task(page.measure(lambda: [PLAN]))
        await until(lambda: replay.runs)
        pressed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pressed

    replay.hold = True
    asyncio.run(visit())
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
    assert "Stopped by an error" in page.said.status.value
    assert at_rest(page)


def test_a_run_whose_record_cannot_be_had_leaves_the_page_ready_for_the_next(
    page: Page, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Replayed, "wait", fail)
    with pytest.raises(RuntimeError):
        measure(page, PLAN)
    assert "Stopped by an error" in page.said.status.value
    assert at_rest(page)


def test_an_experiment_that_raises_leaves_the_page_ready_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(plan: Plan) -> None:
        raise RAISED

    page = Page(start)
    with pytest.raises(RuntimeError):
        asyncio.run(page.experiment.run("hello", 5.0))
    assert "was not run to its end" in page.said.status.value
    assert at_rest(page)


def test_an_experiment_that_cannot_be_shown_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page()
    monkeypatch.setattr(page.experiment, "_show", lambda finding: finding and fail())
    with pytest.raises(RuntimeError):
        asyncio.run(page.experiment.run("hello", 20.0))
    assert "what came of it can&#x27;t be shown" in page.said.status.value
    assert at_rest(page)


def test_what_follows_from_a_turn_may_fail_and_the_run_goes_on(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page.lab, "refresh", fail)
    (trace,) = measure(page, PLAN)
    assert trace.went_well
    assert "no picture" in page.said.error.value
    assert not page.turn.busy
    assert not page.run_button.disabled
    assert page.cancel_button.disabled


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


def test_baselines_go_with_their_runs(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def traces() -> int:
        gc.collect()
        return sum(isinstance(one, Trace) for one in gc.get_objects())

    few = replace(limits.USUAL, runs=4)
    monkeypatch.setattr(limits, "current", lambda: few)
    others = traces()
    for number in range(12):
        measure(page, replace(PLAN, inputs=(3, 5, 100 + number)))
    assert len(page.visit.traces) == 4
    assert traces() - others <= 2 * 4
    assert "20" in page.visit.kept.value


def test_a_baseline_that_a_kept_run_needs_counts_among_what_is_kept(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three tasks a run: of the last six runs the first one's baseline is a seventh record."""
    few = replace(limits.USUAL, kept_tasks=18)
    monkeypatch.setattr(limits, "current", lambda: few)
    measure(page, *[PLAN] * 9)
    assert len(page.visit.traces) == 5


def test_a_speedup_that_cannot_be_has_its_baseline_measured_again(
    page: Page, replay: Replay
) -> None:
    replay.seconds["sequential"] = [5.0, 1.9]
    (trace,) = measure(page, PLAN)
    assert replay.mechanisms == ["sequential", "pool.map", "sequential"]
    assert trace.summary["speedup"] == 1.9
    assert not trace.suspect
    assert "suspect" not in page.views.tiles.value + page.views.verdict.value
    assert "suspect" not in str(page.views.table.rows)
    measure(page, PLAN)  # and the better one is kept
    assert replay.mechanisms[3:] == ["pool.map"]


def test_a_speedup_that_still_cannot_be_is_marked_wherever_it_stands(
    page: Page, replay: Replay
) -> None:
    replay.seconds["sequential"] = [5.0, 4.0]
    (trace,) = measure(page, PLAN)
    assert trace.summary["speedup"] == 4.0
    assert trace.suspect
    tiles = page.views.tiles.value
    assert re.search(r"Speedup</div><div>4.00</div><div>suspect: more than 2 ", tiles)
    assert "Efficiency</div><div>–</div>" in tiles
    assert "a speedup of 4.00, suspect: more than 2 " in page.views.verdict.value
    row = next(row for row in page.views.table.rows if row["mechanism"] == "pool.map")
    assert row["speedup"] == "4.00, suspect"
    points = page.views.speedup.columns["runs"]["text"]
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
    assert "mpviz-bad" in page.views.verdict.value
    assert "Its answers differ" in page.views.verdict.value
    assert "Answers agree</div><div>no</div>" in page.views.tiles.value


def test_of_many_runs_the_walk_marks_what_is_suspect_and_names_only_what_was_lost(
    page: Page, replay: Replay
) -> None:
    replay.seconds = {"sequential": [5.0, 4.0], "pool.map": [1.0, 2.5, 4.0, 4.0, 0.0]}
    names = ["pool.map", "queue", "pipe", "threads", "executor.map"]
    traces = measure(page, *[replace(PLAN, mechanism=name) for name in names])
    speedups, lost = told(traces)
    assert speedups.startswith("Speedups: pool.map 4.00 (suspect), queue 1.60, ")
    assert lost == "Not every result came back: executor.map."


def test_where_the_baseline_was_cut_the_walk_does_not_say_that_results_were_lost(
    page: Page, replay: Replay
) -> None:
    replay.seconds["sequential"] = [0.0]
    names = ["pool.map", "queue", "pipe", "threads", "executor.map"]
    assert told(measure(page, *[replace(PLAN, mechanism=name) for name in names])) == []
