"""Two visitors of one server: one experiment at a time, in a real Chromium."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Heard, Server, ready

pytestmark = pytest.mark.browser

LIMIT = 20_000  # milliseconds
AHEAD = "Waiting: 1 experiment is ahead of yours."


@pytest.fixture
def visit(browser: Browser, server: Server, heard: Heard) -> Iterator[Callable[..., Page]]:
    """A visitor comes: a browser's context and a kernel of its own."""
    with ExitStack() as stack:

        def visit(*, listen: bool = True) -> Page:
            context = stack.enter_context(browser.new_context())
            if listen:
                context.on("page", heard.listen)
            page = context.new_page()
            page.goto(f"{server.url}/")
            ready(page)
            return page

        yield visit


def sleep_for(page: Page, milliseconds: int) -> None:
    """Press Run for two tasks that sleep so long."""
    page.get_by_label("Workload", exact=True).select_option("sleep")
    page.get_by_label("Input set", exact=True).select_option("Paste numbers…")
    field = page.get_by_label("Your numbers, one a line", exact=True)
    field.fill(f"{milliseconds}\n{milliseconds}")
    field.press("Tab")
    expect(page.get_by_text("2 numbers")).to_be_visible()
    press(page, "Run")


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def status(page: Page, text: str) -> None:
    expect(page.locator(".mpviz-status:visible", has_text=text)).to_be_visible(timeout=LIMIT)


def test_one_at_a_time_in_order_and_whoever_gives_up_or_dies_holds_nobody_up(
    visit: Callable[..., Page],
):
    first, second = visit(listen=False), visit()  # a page whose kernel is killed says so
    sleep_for(first, 2000)
    status(first, "Running")
    sleep_for(second, 10)
    status(second, AHEAD)
    expect(second.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    press(second, "Cancel")
    status(second, "Cancelled.")
    press(second, "Run")
    status(second, AHEAD)
    assert second.locator(".mpviz-runs tbody tr").count() == 0
    status(first, "Done.")
    status(second, "Done.")

    sleep_for(first, 30_000)
    status(first, "Running")
    press(second, "Run")
    status(second, AHEAD)
    kernel_at_work().kill()
    status(second, "Done.")


def kernel_at_work() -> psutil.Process:
    """The kernel that has started a guard; of the tests, since theirs is the only one that has."""
    guards = [
        process
        for process in psutil.Process().children(recursive=True)
        if "mpviz.engine.guard" in process.cmdline()
    ]
    assert len(guards) == 1
    kernel = guards[0].parent()
    assert kernel is not None
    assert any("ipykernel" in word for word in kernel.cmdline())
    return kernel
