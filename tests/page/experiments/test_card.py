"""The card of experiments: what it shows, and what a failure leaves behind."""

import asyncio
from typing import Any

import pytest

from mpviz.core.plan import Plan
from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.page.app import Page

RAISED = RuntimeError("no picture")


def fail_on_a_finding(finding: object) -> None:
    if finding:
        raise RAISED


@pytest.fixture
def card(page: Page) -> Any:
    return page.run_tab.experiment


def ready(page: Page) -> bool:
    """Whether the page can start the next run."""
    tab = page.run_tab
    return not page.activity.busy and not tab.run_button.disabled and tab.cancel_button.disabled


def test_a_chosen_experiment_shows_what_it_is_and_its_code(card: Any) -> None:
    assert card.run_button.disabled
    card.choice.value = "hello"
    assert "mpviz-unused" not in card.card._dom_classes
    assert EXPERIMENTS["hello"].title in card._head.value
    assert "mpviz-code" in card._code.value
    assert not card.run_button.disabled


def test_a_closed_card_shows_nothing(card: Any) -> None:
    card.choice.value = "hello"
    card.close()
    assert card.choice.value == ""
    assert "mpviz-unused" in card.card._dom_classes
    assert card._code.value == ""
    assert card.run_button.disabled


def test_an_experiment_that_raises_leaves_the_page_ready_for_the_next() -> None:
    def start(plan: Plan) -> None:
        raise RAISED

    page = Page(start)
    with pytest.raises(RuntimeError):
        asyncio.run(page.run_tab.experiment.run("hello", 5.0))
    assert "was not run to its end" in page.status.line.value
    assert ready(page)


def test_an_experiment_that_cannot_be_shown_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page()
    monkeypatch.setattr(page.run_tab.experiment, "_show", fail_on_a_finding)
    with pytest.raises(RuntimeError):
        asyncio.run(page.run_tab.experiment.run("hello", 20.0))
    assert "its result can&#39;t be shown" in page.status.line.value
    assert ready(page)
