"""The Run tab: what follows from a choice, and what Run would do."""

import asyncio
import io
import zipfile

import pandas as pd
import pytest

from mpviz.core.errors import Refused
from mpviz.engine import environment
from mpviz.mechanisms import MECHANISMS
from mpviz.page.app import Page
from mpviz.page.run.tab import RunTab
from mpviz.page.run.task_controls import PASTE
from tests.page.replaying import PLAN, Replay


@pytest.fixture(name="tab")
def run_tab(page: Page) -> RunTab:
    return page.run_tab


def test_the_whole_docstring_of_the_mechanism_is_text_on_the_page(tab: RunTab) -> None:
    tab.controls.mechanism.value = "process.lesson"
    text = tab.views.code.value.partition("mpviz-code")[0]
    last = (MECHANISMS["process.lesson"].function.__doc__ or "").split()[-1]
    assert last in text
    assert tab.controls.workers.disabled


@pytest.mark.parametrize(
    ("mechanism", "workers"),
    [
        ("sequential", "one process"),
        ("pool.map", "2 workers"),
        ("process.lesson", "a process for each number"),
    ],
)
def test_it_says_what_run_would_do(page: Page, mechanism: str, workers: str) -> None:
    page.run_tab.controls.mechanism.value = mechanism
    text = page.status.line.value
    assert f"Run lets {workers} ({mechanism}) work on 10 tasks of is_prime" in text
    assert ("one process has done them alone" in text) == (mechanism != "sequential")


def test_what_run_would_do_is_not_said_once_something_was_run(page: Page) -> None:
    asyncio.run(page.run_tab.measure(lambda: [PLAN]))
    page.run_tab.controls.workers.value = 3
    assert "Run lets" not in page.status.line.value


def test_the_download_is_a_zip_of_all_runs(tab: RunTab) -> None:
    asyncio.run(tab.measure(lambda: [PLAN]))
    name, data = tab.make_zip()
    assert name == "mpviz-runs.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["tasks.csv", "workers.csv", "runs.csv"]
        assert len(pd.read_csv(archive.open("runs.csv"))) == len(tab.session.traces) == 2


def test_one_change_makes_the_plan_once(tab: RunTab, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    plan = tab.controls.plan
    monkeypatch.setattr(tab.controls, "plan", lambda: made.append("plan") or plan())
    tab.controls.workers.value = 3
    assert made == ["plan"]
    tab.controls.tasks.workload.value = "sleep"
    assert made == ["plan"] * 2


def test_the_copied_texts_follow_the_choices(tab: RunTab) -> None:
    tab.controls.mechanism.value = "queue"
    assert "mechanism='queue'" in tab.copy_python.text
    assert "--mechanism queue" in tab.copy_shell.text
    tab.controls.tasks.input_set.value = PASTE
    assert tab.copy_python.disabled
    assert tab.copy_shell.disabled


def test_run_over_workers_names_the_count_and_is_off_where_there_is_none(tab: RunTab) -> None:
    tab.controls.workers.value = 5
    assert tab.sweep_button.description == "Run 1…5"
    assert not tab.sweep_button.disabled
    tab.controls.mechanism.value = "sequential"
    assert tab.sweep_button.disabled


def test_run_runs_the_plan_after_one_baseline(tab: RunTab, replay: Replay) -> None:
    tab.controls.tasks.input_set.value = PASTE
    tab.controls.tasks.pasted.value = "3\n5\n7"  # as many as were recorded
    replay.seconds["sequential"] = [1.0]  # no faster than one process, so that none is suspect
    asyncio.run(tab.run())
    assert replay.mechanisms == ["sequential", "pool.map"]


def test_a_refusal_is_a_sentence_on_the_page_and_the_page_is_ready_again(
    page: Page, replay: Replay
) -> None:
    async def press() -> None:
        tab.run_button.click()
        await asyncio.sleep(0.05)

    tab = page.run_tab
    tab.controls.tasks.input_set.value = PASTE
    tab.controls.tasks.pasted.value = "3\nfive"
    asyncio.run(press())
    assert tab.copy_python.disabled
    assert not tab.run_button.disabled
    assert "line 2" in page.status.error.value
    with pytest.raises(Refused, match="line 2"):
        asyncio.run(tab.run())
    assert replay.runs == []


@pytest.mark.parametrize("gil", [True, False])
def test_without_the_gil_the_code_of_threads_says_that_they_compute_at_the_same_time(
    tab: RunTab, monkeypatch: pytest.MonkeyPatch, gil: bool
) -> None:
    monkeypatch.setattr(environment, "has_gil", lambda: gil)
    tab.controls.mechanism.value = "threads"
    assert ("This Python runs without the GIL" in tab.views.code.value) == (not gil)
    tab.controls.mechanism.value = "pipe"
    assert "This Python runs without the GIL" not in tab.views.code.value
