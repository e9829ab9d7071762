"""What concerns the page as a whole: links, tabs, the projector view."""

import asyncio

import pytest

from mpviz.core.plan import DEFAULT_START_METHOD
from mpviz.page.app import Page
from mpviz.page.lab.batch import Batch
from tests.page.replaying import PLAN


def test_a_link_sets_the_controls_and_opens_the_step(page: Page) -> None:
    page.follow("?step=5&mechanism=queue&workers=3&start=spawn&set=skewed&deadline=30&chunk=7")
    plan = page.run_tab.controls.plan()
    assert (plan.mechanism, plan.workers, plan.start_method) == ("queue", 3, "spawn")
    assert (plan.input_set, plan.timeout, plan.chunk_size) == ("skewed", 30.0, 7)
    assert page.run_tab.walk.number == 5
    assert page.status.notice.value == ""


def test_a_link_without_a_start_method_asks_for_this_pythons_default(page: Page) -> None:
    page.follow("?mechanism=queue&start=spawn")
    assert page.run_tab.controls.start_method.value == "spawn"
    page.follow("?mechanism=pipe")
    assert page.run_tab.controls.start_method.value == DEFAULT_START_METHOD


@pytest.mark.parametrize("query", ["?step=2", "?tab=faults", "?token=secret"])
def test_a_link_that_asks_for_no_run_leaves_the_start_method_alone(page: Page, query: str) -> None:
    page.run_tab.controls.start_method.value = "spawn"
    page.follow(query)
    assert page.run_tab.controls.start_method.value == "spawn"


def test_a_bad_link_changes_nothing_and_is_named_as_text(page: Page) -> None:
    before = page.copy_link.text
    page.follow("?mechanism=<script>&step=99")
    assert page.copy_link.text == before
    assert page.run_tab.walk.number == 0
    assert "&lt;script&gt; was ignored" in page.status.notice.value
    assert "step=99 was ignored" in page.status.notice.value


def test_the_copied_link_sets_another_page_to_the_same(page: Page) -> None:
    page.follow("mechanism=pool.imap&workers=5&chunk=3&workload=sleep&set=uniform&step=2")
    text = page.copy_link.text
    other = Page(lambda plan: None)
    other.follow(text)
    assert other.copy_link.text == text


def test_an_address_is_followed_once(page: Page) -> None:
    workers = page.run_tab.controls.workers
    page.address.handle_message({"type": "query", "query": "?workers=3"})
    workers.value = 2
    page.address.handle_message({"type": "query", "query": "?workers=3"})
    assert workers.value == 2


@pytest.mark.parametrize("content", [{}, {"type": "query"}, {"type": "query", "query": 5}])
def test_an_address_that_is_none_is_ignored(page: Page, content: dict[str, object]) -> None:
    page.address.handle_message(content)
    assert page.run_tab.walk.number == 0


def test_a_link_opens_the_lab_and_the_copied_link_does_so_again(page: Page) -> None:
    assert "tab=" not in page.copy_link.text
    page.follow("?tab=faults&workers=3")
    assert page.tabs.chosen == "faults"
    other = Page(lambda plan: None)
    other.follow(page.copy_link.text)
    assert other.tabs.chosen == "faults"
    page.tabs.handle_message({"type": "choose", "tab": "run"})
    assert page.tabs.chosen == "run"
    assert "tab=" not in page.copy_link.text


def test_a_link_to_a_tab_that_is_none_is_named(page: Page) -> None:
    page.follow("?tab=<b>")
    assert page.tabs.chosen == "run"
    assert "tab=&lt;b&gt; was ignored" in page.status.notice.value


@pytest.mark.parametrize("tab", [None, 1, "", "evil", ["faults"], {"faults": 1}])
def test_a_tab_that_is_none_is_not_chosen(page: Page, tab: object) -> None:
    page.tabs.set_state({"names": [["run", "Run"], ["evil", "Evil"]]})  # as a browser tries to
    page.tabs.handle_message({"type": "choose", "tab": tab})
    assert page.tabs.chosen == "run"


def test_every_tab_has_its_panel(page: Page) -> None:
    names = [name for name, _label in page.tabs.names]
    classes = [name for child in page.root.children for name in child._dom_classes]
    panels = [name for name in classes if name.startswith("mpviz-panel-")]
    assert panels == [f"mpviz-panel-{name}" for name in names]


@pytest.mark.parametrize("runs", [True, False])
def test_when_the_lab_ends_the_forecast_comes_back_only_before_the_first_run(
    page: Page, monkeypatch: pytest.MonkeyPatch, runs: bool
) -> None:
    async def lab() -> None:
        async with page.activity.turn():
            assert "The fault lab is running." in page.status.line.value

    if runs:
        asyncio.run(page.run_tab.measure(lambda: [PLAN]))
    monkeypatch.setattr(page.lab, "_batch", Batch([]))
    asyncio.run(lab())
    assert ("Run lets" in page.status.line.value) == (not runs)
    assert ("Done." in page.status.line.value) == runs


def test_the_projector_is_turned_on_and_off(page: Page) -> None:
    button = page.projector.button
    button.handle_message({"type": "press", "pressed": True})
    assert "mpviz-projector" in page.root._dom_classes
    button.handle_message({"type": "press", "pressed": "yes"})
    assert button.pressed
    button.handle_message({"type": "press", "pressed": False})
    assert "mpviz-projector" not in page.root._dom_classes


@pytest.mark.parametrize(
    ("chart", "css"),
    [("Timeline", None), ("Speedup", "mpviz-on-speedup"), ("Experiment", "mpviz-on-experiment")],
)
def test_the_chart_that_is_looked_at_is_a_class_of_the_page(
    page: Page, chart: str, css: str | None
) -> None:
    page.projector.look_at("Speedup")
    page.projector.look_at(chart)
    classes = {name for name in page.root._dom_classes if name.startswith("mpviz-on-")}
    assert classes == ({css} if css else set())
