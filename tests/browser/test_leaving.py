"""A browser that goes without a word, and one that stays where nobody looks: real tabs."""

from __future__ import annotations

import time
from contextlib import suppress

import psutil
import pytest
from playwright.sync_api import BrowserType, expect

from benchmarks.server import LEAVE_LIMIT, kernels, runs, server
from mpviz.serving.visits import LEAVE
from tests.waiting import until as wait_until


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(240)
def test_a_browser_that_is_killed_leaves_nothing_and_a_page_in_the_background_is_kept(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, object],
    long_lived: set[int],
):
    before = set(psutil.Process().children(recursive=True))
    browser = browser_type.launch(**browser_type_launch_args)
    of_the_browser = set(psutil.Process().children(recursive=True)) - before
    with server() as (address, pid):
        long_lived.add(pid)
        page = browser.new_context().new_page()
        page.goto(address)
        expect(page.locator(".mpviz").first).to_be_visible(timeout=60_000)
        assert "token" not in page.url
        page.context.new_page().bring_to_front()
        time.sleep(LEAVE + 12)
        assert len(kernels(pid)) == 1
        page.bring_to_front()
        page.get_by_label("Workload").select_option("sleep")
        page.get_by_role("button", name="Run", exact=True).click()
        wait_until(lambda: len(runs(pid)) >= 2, 30)
        for process in of_the_browser:
            if "chrom" in name(process):
                with suppress(psutil.Error):
                    process.kill()
        print(
            f"browser killed: freed after {wait_until(lambda: not kernels(pid), LEAVE_LIMIT):.1f} s"
        )
        wait_until(lambda: not runs(pid), 2)
    long_lived.discard(pid)
    with suppress(Exception):
        browser.close()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(240)
def test_who_waits_for_a_place_gets_in_by_itself_and_a_page_whose_python_ended_says_so(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, object],
    long_lived: set[int],
):
    browser = browser_type.launch(**browser_type_launch_args)
    with server("--kernels", "1") as (address, pid):
        long_lived.add(pid)
        first, second = (browser.new_context().new_page() for _ in range(2))
        first.goto(address)
        expect(first.locator(".mpviz").first).to_be_visible(timeout=60_000)
        second.goto(address.partition("?")[0])
        second.get_by_label("Token").fill(address.partition("token=")[2])
        second.get_by_role("button", name="Open").click()
        expect(second.get_by_role("heading", name="All places are taken")).to_be_visible()
        first.close()
        expect(second.locator(".mpviz").first).to_be_visible(timeout=90_000)
        expect(second.locator("#gone")).to_be_hidden()
        kernels(pid)[0].kill()
        expect(second.locator("#gone")).to_contain_text("Python has ended", timeout=30_000)
        second.get_by_role("button", name="Load it again").click()
        expect(second.locator(".mpviz").first).to_be_visible(timeout=90_000)
        browser.close()
    long_lived.discard(pid)


def name(process: psutil.Process) -> str:
    """The name of a process, if it is still there."""
    with suppress(psutil.Error):
        return process.name()
    return ""
