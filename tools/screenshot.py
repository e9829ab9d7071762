"""Take the README's picture: the dashboard after comparing all mechanisms, in a real Chromium.

    MPVIZ_CHROMIUM=$(python tools/chromium.py) python tools/screenshot.py URL FILE

URL is where `mpviz serve` answers. Knows nothing of what is on the page but its buttons.
"""

from __future__ import annotations

import os
import sys

from playwright.sync_api import sync_playwright


def main() -> None:
    """Press Compare mechanisms, wait, take the picture."""
    url, file = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("MPVIZ_CHROMIUM"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        page.wait_for_selector(".mpviz canvas")
        page.get_by_role("button", name="Compare mechanisms").click()
        page.locator(".mpviz-status", has_text="Done.").wait_for(timeout=120_000)
        page.locator(".mpviz-runs input[type=radio]").nth(3).check()
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(1500)
        page.screenshot(
            path=file, full_page=True, clip={"x": 0, "y": 0, "width": 1280, "height": 1330}
        )
        browser.close()


if __name__ == "__main__":
    main()
