"""The dashboard as a newcomer uses it, in Voila and in JupyterLab, in a real Chromium."""

import io
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from mpviz.analysis import csvfiles
from mpviz.core.plan import DEFAULT_START_METHOD
from tests.browser.looking import looked_at

pytestmark = pytest.mark.browser

RUN_LIMIT = 60_000  # milliseconds until a run of the lesson has ended, with its baseline
BARS = """(name) => {
  const documents = Object.values(window.Bokeh?.index ?? {}).map(view => view.model.document);
  const sources = documents.flatMap(d => [...(d.all_models ?? d._all_models.values())])
    .filter(model => model.name === name && model.data);
  return Math.max(0, ...sources.map(source => source.data.left?.length ?? 0));
}"""


def bars(page: Page, source: str = "tasks") -> int:
    """How many bars the timeline has by now."""
    return page.evaluate(BARS, source)


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label, exact=True).select_option(option)


def fill(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Tab")


def wait_until_done(page: Page, word: str = "Done.") -> None:
    expect(page.locator(".mpviz-status", has_text=word)).to_be_visible(timeout=RUN_LIMIT)


def rows(page: Page) -> list[list[str]]:
    """The runs table's text."""
    found = page.locator(".mpviz-runs tbody tr")
    return [row.locator("td").all_inner_texts() for row in found.all()]


def tile(page: Page, name: str) -> str:
    return page.locator(".mpviz-tile", has_text=name).locator("div").nth(1).inner_text()


def compared(page: Page) -> list[list[str]]:
    """The rows without baselines: tasks this short can make one be measured again at any time."""
    return [row for row in rows(page) if row[2] != "sequential"]


def test_it_says_what_run_will_do_and_every_control_has_a_label(dashboard: Page):
    expect(dashboard.get_by_text("Run lets 2 workers (pool.map) work on 10 tasks")).to_be_visible()
    for label in ("Mechanism", "Workers", "Chunk size", "Input set", "Deadline, in seconds"):
        expect(dashboard.get_by_label(label, exact=True).first).to_be_visible()
    expect(dashboard.get_by_role("group", name="Start method")).to_be_visible()
    expect(dashboard.get_by_text("usable here")).to_be_visible()


@pytest.mark.lab
def test_the_lesson_runs_with_two_mechanisms(dashboard: Page):
    press(dashboard, "Run")
    wait_until_done(dashboard)
    assert bars(dashboard) == 10
    assert tile(dashboard, "Tasks done") == "10 of 10"
    assert tile(dashboard, "Answers agree") == "yes"
    expect(dashboard.get_by_text("a speedup of")).to_be_visible()

    choose(dashboard, "Mechanism", "queue")
    expect(dashboard.get_by_text("queue hands over one task at a time.")).to_be_visible()
    expect(dashboard.get_by_label("Chunk size", exact=True)).to_be_disabled()
    press(dashboard, "Run")
    ended = dashboard.locator(".mpviz-runs tbody tr", has_text="queue")
    expect(ended).to_have_count(1, timeout=RUN_LIMIT)
    assert rows(dashboard)[0][2] == "sequential"
    assert [row[2] for row in compared(dashboard)] == ["pool.map", "queue"]

    dashboard.locator(".mpviz-runs input[type=radio]").nth(1).check()
    expect(dashboard.get_by_role("heading", name="Timeline: run 2, pool.map × 2")).to_be_visible()


def test_a_long_run_is_cancelled_and_its_tasks_are_accounted_for(dashboard: Page):
    choose(dashboard, "Workload", "sleep")
    choose(dashboard, "Input set", "Paste numbers…")
    fill(dashboard, "Your numbers, one a line", "30000\n30000\n30000")
    expect(dashboard.get_by_text("3 numbers")).to_be_visible()
    press(dashboard, "Run")
    # A run of a few seconds is not drawn before its end; of a long one bars appear meanwhile.
    dashboard.wait_for_function(f"({BARS})('tasks') > 0", timeout=RUN_LIMIT)
    expect(dashboard.get_by_text(re.compile(r"0 of 3 tasks done"))).to_be_visible()
    press(dashboard, "Cancel")
    wait_until_done(dashboard, "Cancelled.")
    expect(dashboard.locator(".mpviz-runs tbody tr")).to_have_count(1)
    assert rows(dashboard)[-1][-1] == "cancelled"
    assert "3 cancelled" in dashboard.locator(".mpviz-tile", has_text="Tasks done").inner_text()


@pytest.mark.lab
def test_a_good_file_is_taken_and_a_broken_one_refused_with_its_line(
    dashboard: Page, tmp_path: Path
):
    good, broken = tmp_path / "good.txt", tmp_path / "broken.txt"
    good.write_text("3\n5\n7\n", encoding="utf-8")
    broken.write_text("3\nfive\n7\n", encoding="utf-8")
    choose(dashboard, "Input set", "Upload a file…")
    dashboard.locator(".mpviz-panel-run .mpviz-upload input").set_input_files(broken)
    refusal = dashboard.get_by_role("alert").get_by_text("broken.txt, line 2")
    expect(refusal).to_be_visible()
    press(dashboard, "Run")
    expect(dashboard.locator(".mpviz-error")).to_contain_text("line 2")
    assert rows(dashboard) == []
    dashboard.locator(".mpviz-panel-run .mpviz-upload input").set_input_files(good)
    expect(dashboard.get_by_text("3 numbers, from 3 to 7")).to_be_visible()
    press(dashboard, "Run")
    wait_until_done(dashboard)
    assert tile(dashboard, "Tasks done") == "3 of 3"


@pytest.mark.lab
def test_the_csv_comes_home_and_reads_back(dashboard: Page, tmp_path: Path):
    choose(dashboard, "Input set", "Generate numbers…")
    fill(dashboard, "About how large", "1001")
    expect(dashboard.get_by_text("10 numbers, from")).to_be_visible()
    press(dashboard, "Run")
    wait_until_done(dashboard)
    with dashboard.expect_download() as coming:
        press(dashboard, "Download CSV")
    archive = zipfile.ZipFile(io.BytesIO(Path(coming.value.path()).read_bytes()))
    archive.extractall(tmp_path)
    tables = csvfiles.read_csv(tmp_path)
    assert list(tables["runs"]["mechanism"]) == ["sequential", "pool.map"]
    assert len(tables["tasks"]) == 20
    assert (tables["tasks"]["outcome"] == "ok").all()
    plain = pd.read_csv(tmp_path / "tasks.csv")
    assert len(plain) == 20


@pytest.mark.lab
def test_the_chosen_plan_is_copied_as_python_and_as_a_shell_line(dashboard: Page):
    dashboard.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(dashboard, "Mechanism", "pipe")
    expect(dashboard.get_by_role("heading", name="The code of pipe")).to_be_visible()
    press(dashboard, "Copy as shell line")
    expect(dashboard.get_by_text("Copied").first).to_be_visible()
    copied = dashboard.evaluate("navigator.clipboard.readText()")
    assert copied == (
        "mpviz run is_prime --mechanism pipe --workers 2 --input-set prime_mixture "
        f"--start-method {DEFAULT_START_METHOD} --timeout 60"
    )
    press(dashboard, "Copy as Python")
    dashboard.wait_for_timeout(300)
    copied = dashboard.evaluate("navigator.clipboard.readText()")
    compile(copied, "copied", "exec")
    assert "mechanism='pipe'" in copied


@pytest.mark.lab
def test_a_reload_gives_a_working_page(dashboard: Page, reload, place: str):
    choose(dashboard, "Input set", "Generate numbers…")
    fill(dashboard, "About how large", "1001")
    press(dashboard, "Run")
    wait_until_done(dashboard)
    reload(dashboard)
    if place == "lab":
        expect(dashboard.locator(".mpviz-runs tbody tr")).to_have_count(2)
        dashboard.wait_for_function(f"({BARS})('tasks') == 10", timeout=RUN_LIMIT)
    press(dashboard, "Run")
    wait_until_done(dashboard)


def test_the_deadline_ends_a_run_and_the_page_says_what_was_lost(dashboard: Page):
    choose(dashboard, "Workload", "sleep")
    choose(dashboard, "Input set", "Paste numbers…")
    fill(dashboard, "Your numbers, one a line", "1\n30000")
    fill(dashboard, "Deadline, in seconds", "1")
    press(dashboard, "Run")
    wait_until_done(dashboard)
    assert rows(dashboard)[-1][-1] == "deadline"
    expect(dashboard.locator(".mpviz-verdict")).to_contain_text("The deadline of 1.00 s ended")
    assert bars(dashboard, "failed") > 0


@pytest.mark.lab
def test_it_fits_every_screen_and_can_be_looked_at(dashboard: Page, place: str):
    choose(dashboard, "Input set", "Generate numbers…")
    fill(dashboard, "About how large", "200001")
    press(dashboard, "Run")
    wait_until_done(dashboard)
    looked_at(dashboard, place, place)
