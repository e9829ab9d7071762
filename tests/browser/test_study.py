"""Studies, a cause's trial and the history, in Voila and in JupyterLab, in a real Chromium."""

import io
import re
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import mpviz
from tests.browser.looking import DRAWN, SCREENSHOTS, looked_at, press

pytestmark = pytest.mark.browser

LIMIT = 60_000  # milliseconds until a short study or a run has ended


def open_tab(page: Page, name: str) -> Locator:
    page.get_by_role("tab", name=name, exact=True).click()
    panel = page.get_by_role("tabpanel", name=name)
    expect(panel).to_be_visible()
    return panel


def spend(page: Page, seconds: int) -> Locator:
    """Say on the Study tab how long a study may take."""
    panel = open_tab(page, "Study")
    budget = panel.get_by_label("Time to spend, in seconds")
    budget.fill(str(seconds))
    budget.press("Tab")
    return panel


def short_tasks(page: Page) -> None:
    page.get_by_label("Input set", exact=True).select_option("Generate numbers…")
    size = page.get_by_label("About how large", exact=True)
    size.fill("200001")
    size.press("Tab")
    expect(page.get_by_text("10 numbers, from")).to_be_visible()


def drawn(page: Page, selector: str) -> None:
    page.wait_for_function(DRAWN, arg=f"{selector} .mpviz-figure", timeout=LIMIT)


@pytest.mark.lab
@pytest.mark.timeout(180)
def test_a_study_is_measured_shown_and_reads_back(dashboard: Page, place: str, tmp_path: Path):
    short_tasks(dashboard)
    panel = spend(dashboard, 3)
    press(dashboard, "Run the study")
    expect(panel.get_by_text(re.compile(r"Done after \d+ rounds\."))).to_be_visible(timeout=LIMIT)
    verdict = panel.locator(".mpviz-verdict")
    expect(verdict).to_contain_text(re.compile("fastest|tie|No verdict yet"))
    drawn(dashboard, ".mpviz-panel-study")
    for heading in ("Ranking", "Speedup over workers", "Mechanisms and workers"):
        expect(panel.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    with dashboard.expect_download() as coming:
        press(dashboard, "Download study")
    zipfile.ZipFile(io.BytesIO(Path(coming.value.path()).read_bytes())).extractall(tmp_path)
    study = mpviz.read_study(tmp_path)
    assert study.finished
    assert verdict.inner_text() == study.sentence
    assert len(study.names) == 6
    looked_at(dashboard, place, f"study-{place}")


@pytest.mark.timeout(180)
def test_compare_ranks_every_mechanism_and_a_stopped_study_goes_on(dashboard: Page):
    short_tasks(dashboard)
    panel = spend(dashboard, 1)
    open_tab(dashboard, "Run")
    press(dashboard, "Compare mechanisms")
    expect(panel.get_by_text(re.compile("Done after"))).to_be_visible(timeout=LIMIT)
    drawn(dashboard, ".mpviz-panel-study")
    spend(dashboard, 60)
    open_tab(dashboard, "Run")
    press(dashboard, "Run 1…2")
    expect(panel.get_by_text(re.compile(r"Round [2-9] of 2 configurations"))).to_be_visible(
        timeout=LIMIT
    )
    press(dashboard, "Stop")
    expect(panel.get_by_text(re.compile(r"Stopped after"))).to_be_visible(timeout=LIMIT)
    press(dashboard, "Go on")
    expect(panel.get_by_text(re.compile(r"Round \d+ of 2 configurations"))).to_be_visible(
        timeout=LIMIT
    )
    press(dashboard, "Stop")
    expect(panel.get_by_text(re.compile(r"Stopped after"))).to_be_visible(timeout=LIMIT)
    expect(dashboard.locator(".mpviz-error")).to_have_count(0)


@pytest.mark.lab
@pytest.mark.timeout(180)
def test_a_named_cause_is_tried_and_the_page_says_whether_it_held(dashboard: Page, place: str):
    """All inputs in one chunk: one worker sleeps through all of them, and the other has none."""
    dashboard.get_by_label("Workload", exact=True).select_option("sleep")
    dashboard.get_by_label("Input set", exact=True).select_option("Paste numbers…")
    numbers = dashboard.get_by_label("Your numbers, one a line", exact=True)
    numbers.fill("\n".join(["60"] * 10))
    numbers.press("Tab")
    chunk = dashboard.get_by_label("Chunk size", exact=True)
    chunk.fill("10")
    chunk.press("Tab")
    spend(dashboard, 20)
    open_tab(dashboard, "Run")
    press(dashboard, "Run")
    tried = dashboard.get_by_role("button", name="Try it", exact=True)
    expect(tried).to_be_visible(timeout=LIMIT)
    expect(dashboard.locator(".mpviz-verdict:visible")).to_contain_text("chunk")
    SCREENSHOTS.mkdir(exist_ok=True)
    dashboard.screenshot(path=SCREENSHOTS / f"try-{place}.png", full_page=True)
    tried.click()
    panel = dashboard.get_by_role("tabpanel", name="Study")
    expect(panel.locator(".mpviz-verdict")).to_contain_text("The promise held", timeout=LIMIT)
    expect(panel.get_by_text(re.compile("Done after"))).to_be_visible(timeout=LIMIT)


@pytest.mark.lab
@pytest.mark.timeout(180)
def test_runs_are_kept_shown_labelled_and_there_after_a_reload(
    dashboard: Page, place: str, reload: Callable[[Page], None]
):
    short_tasks(dashboard)
    press(dashboard, "Run")
    expect(dashboard.locator(".mpviz-status", has_text="Done.")).to_be_visible(timeout=LIMIT)
    panel = open_tab(dashboard, "History")
    panel.locator("tbody input[type=radio]").first.check()
    drawn(dashboard, ".mpviz-panel-history")
    expect(panel.locator(".mpviz-verdict")).to_contain_text("2 workers (pool.map)")
    mine = f"mine-{uuid.uuid4().hex[:6]}"
    label = panel.get_by_label("Label", exact=True)
    label.fill(mine)
    label.press("Tab")
    press(dashboard, "Set label")
    expect(panel.get_by_role("row", name=re.compile(mine))).to_be_visible()
    looked_at(dashboard, place, f"history-{place}")

    reload(dashboard)
    panel = open_tab(dashboard, "History")
    row = panel.get_by_role("row", name=re.compile(mine))
    row.locator("input[type=radio]").check()
    drawn(dashboard, ".mpviz-panel-history")
    with dashboard.expect_download() as coming:
        panel.get_by_role("button", name="Download", exact=True).click()
    press(dashboard, "Delete")
    press(dashboard, "Delete for good")
    expect(row).to_have_count(0)
    panel.locator(".mpviz-upload input").set_input_files(
        {
            "name": coming.value.suggested_filename,
            "mimeType": "application/zip",
            "buffer": Path(coming.value.path()).read_bytes(),
        }
    )
    expect(row).to_be_visible()
    press(dashboard, "Delete")
    press(dashboard, "Delete for good")
    expect(row).to_have_count(0)
