"""The fault lab as a newcomer uses it, in Voila and in JupyterLab, in a real Chromium."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

from mpviz.faults.catalogue import FAULTS
from mpviz.mechanisms import MECHANISMS
from tests.browser.looking import DRAWN, press

pytestmark = pytest.mark.browser

CELLS_LIMIT = 60_000  # milliseconds until a row or a column was run
SOON = 10_000
SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
SEEN = ".mpviz-matrix td button:not(.mpviz-seen-none, .mpviz-seen-running)"


def open_lab(page: Page) -> None:
    page.get_by_role("tab", name="Fault lab", exact=True).click()
    expect(page.get_by_role("grid")).to_be_visible()


def said(page: Page, text: str | re.Pattern[str], limit: int = SOON) -> None:
    expect(page.locator(".mpviz-lab .mpviz-status")).to_contain_text(text, timeout=limit)


def cell(page: Page, mechanism: str, fault: str) -> Locator:
    return page.get_by_role("button", name=f"{mechanism}, {FAULTS[fault].title}: ")


@pytest.mark.timeout(180)
def test_a_column_streams_in_a_cell_opens_and_the_csv_reads_back(
    dashboard: Page, place: str, tmp_path: Path
):
    open_lab(dashboard)
    expect(dashboard.get_by_label("Workload", exact=True)).to_be_hidden()
    expect(dashboard.get_by_role("columnheader")).to_have_count(len(FAULTS))
    expect(dashboard.get_by_role("rowheader")).to_have_count(len(MECHANISMS))
    press(dashboard, "Run every mechanism with this fault: it raises")
    dashboard.wait_for_function(f"document.querySelectorAll({SEEN!r}).length > 0")
    expect(dashboard.locator(".mpviz-seen-running").first).to_be_visible()
    said(dashboard, re.compile(r"of 16 cells"))
    said(dashboard, "Done: 16 cells", CELLS_LIMIT)
    expect(dashboard.locator(SEEN)).to_have_count(len(MECHANISMS))
    expect(cell(dashboard, "pool.map", "raises")).to_have_text("raised")

    cell(dashboard, "pool.map", "raises").click()
    card = dashboard.locator(".mpviz-cell")
    expect(card.get_by_role("heading", name="pool.map: it raises")).to_be_visible()
    expect(card.locator(".mpviz-verdict")).to_contain_text("ZeroDivisionError")
    for heading in ("The code of pool.map", "The fault", "The safer way to write it"):
        expect(card.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(card.locator(".mpviz-code")).to_have_count(3)
    dashboard.wait_for_function(DRAWN, arg=".mpviz-cell .mpviz-figure", timeout=CELLS_LIMIT)
    back = card.get_by_role("button", name="Back to the matrix")
    expect(back).to_be_focused()
    SCREENSHOTS.mkdir(exist_ok=True)
    dashboard.screenshot(path=SCREENSHOTS / f"faults-{place}.png", full_page=True)

    with dashboard.expect_download() as coming:
        press(dashboard, "Download faults CSV")
    rows = pd.read_csv(Path(coming.value.path()))
    assert sorted(rows["mechanism"]) == sorted(MECHANISMS)
    assert set(rows["fault"]) == {"raises"}

    back.click()
    expect(card).to_be_hidden()
    expect(cell(dashboard, "pool.map", "raises")).to_be_focused()
    dashboard.get_by_role("tab", name="Run", exact=True).click()
    expect(dashboard.get_by_label("Workload", exact=True)).to_be_visible()
    expect(dashboard.get_by_role("grid")).to_be_hidden()


def test_cancel_ends_the_lab_and_keeps_what_was_seen(dashboard: Page):
    open_lab(dashboard)
    press(dashboard, "Run pool.map with every fault")
    expect(cell(dashboard, "pool.map", "raises")).to_have_text("raised", timeout=SOON)
    press(dashboard, "Cancel")
    said(dashboard, "Cancelled after", 5_000)
    seen = dashboard.locator(SEEN).count()
    assert 1 <= seen < len(FAULTS)
    expect(dashboard.locator(".mpviz-seen-running")).to_have_count(0)
    press(dashboard, f"Run the other {len(FAULTS) * len(MECHANISMS) - seen}")
    expect(dashboard.locator(".mpviz-seen-running").first).to_be_visible()
    press(dashboard, "Cancel")
    said(dashboard, "Cancelled after")
    expect(dashboard.locator(".mpviz-error")).to_have_count(0)


@pytest.mark.lab
def test_a_link_opens_the_lab_and_keys_reach_every_cell(open_link: Callable[[str], Page]):
    page = open_link("?tab=faults")
    tab = page.get_by_role("tab", name="Fault lab", exact=True)
    expect(tab).to_have_attribute("aria-selected", "true")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(page, "Copy link")
    expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    assert "tab=faults" in page.evaluate("navigator.clipboard.readText()")

    tab.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tabpanel", name="Study")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tabpanel", name="Fault lab")).to_be_visible()

    cell(page, "sequential", "raises").focus()
    page.keyboard.press("ArrowDown")
    expect(cell(page, "threads", "raises")).to_be_focused()
    page.keyboard.press("End")
    expect(cell(page, "threads", "memory")).to_be_focused()
    page.keyboard.press("Home")
    expect(page.get_by_role("button", name="Run threads with every fault")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="threads: it raises")).to_be_visible(timeout=SOON)


@pytest.mark.timeout(180)
def test_the_matrix_fits_the_screen_and_scrolls_in_its_card(dashboard: Page, place: str):
    open_lab(dashboard)
    last = cell(dashboard, "executor.map", "memory")
    head = dashboard.get_by_role("button", name="Run executor.map with every fault")
    SCREENSHOTS.mkdir(exist_ok=True)
    # JupyterLab's own side bar leaves no room on a telephone.
    for width in (1280, 420) if place == "voila" else (1280,):
        dashboard.set_viewport_size({"width": width, "height": 900})
        last.scroll_into_view_if_needed()
        expect(last).to_be_in_viewport()
        expect(head).to_be_in_viewport()
        for scheme in ("light", "dark"):
            dashboard.emulate_media(color_scheme=scheme)
            dashboard.wait_for_timeout(300)  # buttons fade into their colours
            picture = SCREENSHOTS / f"faults-{place}-{width}-{scheme}.png"
            dashboard.screenshot(path=picture, full_page=True)
        if place == "voila":
            assert dashboard.evaluate("document.documentElement.scrollWidth") <= width
            box = dashboard.locator(".mpviz-matrix > .mpviz-scroll")
            assert box.evaluate("box => box.scrollWidth > box.clientWidth") == (width == 420)
