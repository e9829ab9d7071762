"""The Study tab: what is chosen, measured in rounds, shown, stopped and gone on with."""

import asyncio
import io
import zipfile
from pathlib import Path

import pytest

import mpviz
from mpviz.core.errors import Refused
from mpviz.page.app import Page
from mpviz.page.run.task_controls import PASTE
from mpviz.page.study.fields import numbers
from mpviz.page.study.tab import StudyTab
from mpviz.serving.limits import PUBLIC, USUAL
from mpviz.studies.history import History
from tests.page.replaying import PLAN, Replay, until


@pytest.fixture(name="tab")
def study_tab(page: Page) -> StudyTab:
    return prepared(page)


def prepared(page: Page) -> StudyTab:
    """A page's Study tab, with a small study chosen."""
    tasks = page.run_tab.controls.tasks
    tasks.workload.value = "busy"
    tasks.input_set.value, tasks.pasted.value = PASTE, "3\n5\n7"  # as many as were recorded
    page.study.fields.mechanisms.value = ("pool.map", "queue")
    page.study.fields.workers.value = "2"
    page.study.fields.budget.value = 1.0
    return page.study


def test_a_study_runs_until_its_time_is_spent_and_is_shown(tab: StudyTab, replay: Replay) -> None:
    study = asyncio.run(tab.run())
    assert study is tab.study
    assert study.finished
    assert study.complete >= 2
    assert {"pool.map", "queue", "sequential"} == set(replay.mechanisms)
    assert study.sentence in tab.views.verdict.value
    assert f"Done after {study.complete} rounds." in tab.status.line.value
    assert "mpviz-unused" not in tab.views.ranking._dom_classes
    assert "mpviz-unused" in tab.views.scaling._dom_classes  # one worker count is no curve


def test_several_worker_counts_draw_a_curve_and_a_map(tab: StudyTab) -> None:
    tab.fields.workers.value = "1, 2"
    asyncio.run(tab.run())
    assert "mpviz-unused" not in tab.views.scaling._dom_classes
    assert "mpviz-unused" not in tab.views.heat._dom_classes


@pytest.mark.parametrize(
    ("text", "found"), [("1, 2, 4", [1, 2, 4]), (" 8 ", [8]), ("1 2;2", [1, 2]), ("1,2,2", [1, 2])]
)
def test_a_list_of_numbers_is_read(text: str, found: list[int]) -> None:
    assert numbers("Workers", text) == found


@pytest.mark.parametrize("text", ["", "a", "1,,2", "-1", "1.5", "1" * 20, "1," * 60 + "1", 7, None])
def test_what_is_no_list_of_numbers_is_refused(text: object) -> None:
    with pytest.raises(Refused, match="Workers must be whole numbers, as 1, 2, 4, not"):
        numbers("Workers", text)


@pytest.mark.parametrize("budget", [0, -1, 10_000, float("nan"), "long", None, True])
def test_a_hostile_budget_is_refused_and_nothing_runs(
    tab: StudyTab, replay: Replay, budget: object
) -> None:
    tab.fields.budget = type("Any", (), {"value": budget})()
    with pytest.raises(Refused, match=f"at most {USUAL.deadline:.0f} s"):
        asyncio.run(tab.run())
    assert not replay.runs


def test_more_configurations_than_are_allowed_are_refused_at_once(replay: Replay) -> None:
    tab = prepared(Page(replay, PUBLIC))
    tab.fields.workers.value = ", ".join(map(str, range(1, 17)))
    tab.fields.chunk_sizes.value = ", ".join(map(str, range(1, 10)))
    with pytest.raises(Refused, match="288 configurations are more than the 20"):
        asyncio.run(tab.run())
    assert not replay.runs


def test_more_workers_than_are_allowed_are_refused(tab: StudyTab, replay: Replay) -> None:
    tab.fields.workers.value = "999"
    with pytest.raises(Refused, match="Workers must be from 1 to"):
        asyncio.run(tab.run())
    assert not replay.runs


def test_stopped_it_keeps_what_was_measured_and_goes_on(tab: StudyTab, replay: Replay) -> None:
    async def stopped() -> None:
        going = asyncio.create_task(tab.run())
        await until(lambda: tab.study and tab.study.complete >= 1)
        replay.hold = True
        made = len(replay.runs)
        await until(lambda: len(replay.runs) > made)
        tab.stop()
        await going
        kept = set(tab.study.rows)
        assert kept
        assert not tab.study.finished
        assert not tab.more_button.disabled
        assert "Stopped after" in tab.status.line.value
        replay.hold = False
        await tab.go_on()
        assert kept <= set(tab.study.rows)
        assert tab.study.finished

    tab.fields.budget.value = 3.0
    asyncio.run(stopped())


def test_while_something_else_runs_the_study_waits(
    page: Page, tab: StudyTab, replay: Replay
) -> None:
    async def both() -> None:
        replay.hold = True
        going = asyncio.create_task(page.run_tab.measure(lambda: [PLAN]))
        await until(lambda: replay.runs)
        assert tab.run_button.disabled
        assert await tab.measure([PLAN]) is None
        assert "Something else is running" in tab.status.line.value
        page.run_tab.cancel()
        await going

    asyncio.run(both())
    assert not tab.run_button.disabled


def test_the_download_is_a_study_that_reads_back(tab: StudyTab, tmp_path: Path) -> None:
    assert tab.download.disabled
    study = asyncio.run(tab.run())
    assert not tab.download.disabled
    name, data = tab.make_zip()
    assert name == "mpviz-study.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    assert mpviz.read_study(tmp_path).sentence == study.sentence


def test_a_study_is_kept_in_the_history(tab: StudyTab) -> None:
    before = len(History().entries())
    asyncio.run(tab.run())
    entries = History().entries()
    assert len(entries) == before + 1
    assert [one.kind for one in entries].count("study") >= 1


def test_the_run_tab_s_button_studies_the_worker_counts(page: Page, tab: StudyTab) -> None:
    asyncio.run(page.run_tab.run_over_workers())
    assert page.tabs.chosen == "study"
    rows = tab.study.summary
    made = set(zip(rows["mechanism"], rows["workers"], strict=True))
    assert made == {("pool.map", 1), ("pool.map", 2)}
    assert not tab.status.error.value


def test_compare_studies_every_mechanism_with_that_many_workers(page: Page, tab: StudyTab) -> None:
    asyncio.run(page.run_tab.compare())
    assert page.tabs.chosen == "study"
    assert len(tab.study.summary) == 13
    assert set(tab.study.summary["workers"]) == {2}
