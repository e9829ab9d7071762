"""The walk, links and the projector view, in Voila and in JupyterLab, in a real Chromium."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mpviz.page.lesson.steps import LESSON
from tests.browser.looking import DRAWN, press

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEP_LIMIT = 60_000  # milliseconds until a step's run has ended, with its baseline
SCREENSHOTS = Path(__file__).parents[1] / "screenshots"


def has_value(page: Page, label: str, value: str) -> None:
    expect(page.get_by_label(label, exact=True).first).to_have_value(value)


def chart(page: Page, selector: str) -> None:
    """Wait until a chart that can be seen is drawn."""
    page.wait_for_function(DRAWN, arg=f"{selector} .mpviz-figure", timeout=STEP_LIMIT)


@pytest.mark.timeout(300)
def test_every_step_of_the_walk_ends_with_a_chart_and_its_sentence(dashboard: Page, place: str):
    SCREENSHOTS.mkdir(exist_ok=True)
    press(dashboard, f"Take the walk: the lesson in {len(LESSON)} steps")
    walk, after = dashboard.locator(".mpviz-walk"), dashboard.locator(".mpviz-after")
    for number, step in enumerate(LESSON, 1):
        expect(walk.get_by_role("heading", name=step.title, exact=True)).to_be_visible()
        expect(walk.get_by_text(step.question)).to_be_visible()
        expect(after).to_be_hidden()
        action = step.actions[0]
        walk.get_by_role("button", name=action.label, exact=True).click()
        expect(after.get_by_text(step.after)).to_be_visible(timeout=STEP_LIMIT)
        card = ".mpviz-experiment" if action.experiment else ".mpviz-results > .mpviz-at-t"
        if action.compare:
            card = ".mpviz-at-s"
        chart(dashboard, card)
        where = dashboard.locator(".mpviz-experiment") if action.experiment else dashboard
        sentence = where.locator(".mpviz-verdict:visible")
        expect(sentence).to_have_count(1)
        assert re.search(r"\d", sentence.inner_text()), "a sentence with numbers of this run"
        press(dashboard, "Show the answer")
        expect(after.get_by_text(step.answer)).to_be_visible()
        dashboard.screenshot(path=SCREENSHOTS / f"walk-{place}-{number:02}.png", full_page=True)
        if number < len(LESSON):
            press(dashboard, f"Next: {LESSON[number].title}")
    press(dashboard, "Leave the walk")
    expect(walk).to_be_hidden()
    expect(dashboard.locator(".mpviz-error")).to_have_count(0)


def test_a_link_sets_the_page_and_the_copied_link_asks_for_the_same(
    open_link: Callable[[str], Page],
):
    page = open_link(
        "?mechanism=queue&workers=4&set=skewed&start=spawn&chunk=10&workload=is_prime&deadline=30"
    )
    expect(page.get_by_role("heading", name="The code of queue")).to_be_visible()
    has_value(page, "Input set", "skewed")
    has_value(page, "Chunk size", "10")
    has_value(page, "Deadline, in seconds", "30")
    expect(page.get_by_role("button", name="Run 1…4", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="spawn", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(page, "Copy link")
    expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(page.url.partition("?")[0])
    assert "mechanism=queue&workers=4&start=spawn&chunk=10&deadline=30" in copied


def test_a_link_opens_a_step_and_what_it_asks_in_vain_is_named(
    open_link: Callable[[str], Page],
):
    page = open_link("?step=5&workers=99999&mechanism=%3Cb%3Emagic&token=secret")
    expect(page.get_by_role("heading", name=LESSON[4].title, exact=True)).to_be_visible()
    expect(page.get_by_text("The link's workers=99999 was ignored: workers must")).to_be_visible()
    notice = page.locator(".mpviz-notice")
    expect(notice).to_contain_text("mechanism=<b>magic was ignored: there is no such mechanism.")
    expect(notice).not_to_contain_text("secret")
    has_value(page, "Mechanism", "pool.map")
    expect(page.get_by_role("button", name="Run 1…2", exact=True)).to_be_visible()


def test_the_projector_view_shows_one_chart_at_a_time_and_escape_leaves_it(dashboard: Page):
    size = "getComputedStyle(document.querySelector('.mpviz')).fontSize"
    before = float(dashboard.evaluate(size).removesuffix("px"))
    press(dashboard, "Projector view")
    expect(dashboard.get_by_label("Workload", exact=True)).to_be_hidden()
    assert float(dashboard.evaluate(size).removesuffix("px")) > 1.3 * before
    shown = {"Timeline": "at-t", "Speedup": "at-s", "Where the time went": "at-l", "Code": "at-c"}
    for name, mine in shown.items():
        press(dashboard, name)
        for other in shown.values():
            card = dashboard.locator(f".mpviz-card.mpviz-{other}")
            (expect(card).to_be_visible if other == mine else expect(card).to_be_hidden)()
        if name != "Code":
            chart(dashboard, f".mpviz-{mine}")
    press(dashboard, "Controls")
    expect(dashboard.get_by_label("Workload", exact=True)).to_be_visible()
    dashboard.keyboard.press("Escape")
    expect(dashboard.get_by_role("button", name="Projector view", exact=True)).to_be_visible()
    expect(dashboard.locator(".mpviz-card.mpviz-at-s")).to_be_visible()
    expect(dashboard.locator(".mpviz-card.mpviz-at-t")).to_be_visible()


def test_an_experiment_runs_freely_and_is_put_away_again(dashboard: Page):
    card = dashboard.locator(".mpviz-experiment")
    expect(card).to_be_hidden()
    dashboard.get_by_label("Experiments", exact=True).select_option(label="Hello")
    press(dashboard, "Run the experiment")
    expect(card.locator(".mpviz-verdict")).to_be_visible(timeout=STEP_LIMIT)
    chart(dashboard, ".mpviz-experiment")
    expect(card.get_by_text("Its code")).to_be_visible()
    press(dashboard, "Put it away")
    expect(card).to_be_hidden()


def test_an_experiment_can_be_cancelled(dashboard: Page):
    dashboard.get_by_label("Experiments", exact=True).select_option(
        label="The queue that loses numbers"
    )
    press(dashboard, "Run the experiment")
    expect(dashboard.get_by_text("Running the experiment")).to_be_visible()
    press(dashboard, "Cancel")
    expect(dashboard.locator(".mpviz-status", has_text="Cancelled.")).to_be_visible(timeout=10_000)
    expect(dashboard.get_by_role("button", name="Run the experiment", exact=True)).to_be_enabled()
    expect(dashboard.locator(".mpviz-experiment .mpviz-verdict")).to_have_count(0)


def test_a_mechanism_with_a_process_for_each_input_has_no_worker_count(dashboard: Page):
    dashboard.get_by_label("Mechanism", exact=True).select_option("process.lesson")
    why = "process.lesson starts a process for each input"
    expect(dashboard.get_by_text(why)).to_be_visible()
    expect(dashboard.get_by_role("button", name="Run 1…2", exact=True)).to_be_disabled()
