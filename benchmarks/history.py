"""How soon a history of 1,000 runs opens, in a real Chromium over a real Voila.

    python -m benchmarks.history [--runs 1000] [--rounds 5]      (in the checkout)

One run is really made and kept; the others are copies of its folder. Measured are the list by
itself (`History.entries`, in this process) and, in the browser, from the click on the History tab
to the frame in which its table is there. Claims are held against the slowest round.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.page import CLICK_AND_WAIT, free_port, wait_for
from mpviz.studies.history import HOME_VARIABLE, History

CLAIM = 1.0  # seconds
TAB = "[...document.querySelectorAll('[role=tab]')].find(tab => tab.textContent === 'History')"
ROWS = "document.querySelectorAll('.mpviz-panel-history tbody tr').length > 100"


def filled(home: Path, runs: int) -> None:
    """Keep so many runs."""
    env = os.environ | {HOME_VARIABLE: str(home)}
    command = [sys.executable, "-m", "mpviz", "run", "--mechanism", "pool.map"]
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    (one,) = History(home).entries()
    for number in range(1, runs):
        shutil.copytree(one.path, home / f"{one.name}-{number}")


def listed(home: Path, rounds: int) -> list[float]:
    """Seconds to list the history."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        History(home).entries()
        found.append(time.perf_counter() - began)
    return found


def opened(home: Path, rounds: int) -> list[float]:
    """Seconds from the click to the table, each in a page of its own."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "mpviz", "serve", "--port", str(port)],
        env=os.environ | {HOME_VARIABLE: str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"{url}/voila/static/favicon.ico")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("MPVIZ_CHROMIUM"), args=["--no-sandbox"]
            )
            found = []
            for _ in range(rounds):
                page = browser.new_page()
                page.goto(url)
                page.locator(".mpviz canvas").first.wait_for()
                time.sleep(1)
                found.append(page.evaluate(CLICK_AND_WAIT, [TAB, ROWS]))
                page.close()
            browser.close()
        return found
    finally:
        server.terminate()
        server.wait()


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mpviz-") as name:
        home = Path(name) / "home"
        filled(home, asked.runs)
        measured = {
            "listed": listed(home, asked.rounds),
            "click to table": opened(home, asked.rounds),
        }
    print(f"| {asked.runs:,} runs | median | slowest | claim | held |\n|---|---|---|---|---|")
    held = True
    for what, took in measured.items():
        held &= max(took) <= CLAIM
        print(
            f"| {what} | {statistics.median(took):.2f} s | {max(took):.2f} s | ≤ {CLAIM:.0f} s |"
            f" {'yes' if max(took) <= CLAIM else '**no**'} |"
        )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
