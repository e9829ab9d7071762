"""What showing costs: the page's makespan over the shell's, interleaved, on the same machine.

    python -m benchmarks.showing [--pairs 12] [voila] [lab]      (in the checkout)

Each pair runs one plan on the page, in a real Chromium over a real server, and from the shell, in
random order; server, kernel and page stay open meanwhile. The ratio is that of the two makespans,
its interval the one that a study uses, and the claim is held against the interval's upper end.

On a machine whose speed changes from second to second (a shared host) that interval may be too wide
to say anything. So there is a second ratio: of the makespans, each over the CPU seconds that its
own tasks took. The speed drops out of it; what showing takes of the CPUs does not. Beside it stands
the CPU time that other programs took during a run, as the run itself recorded it: what showing
takes is among it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as Late

from benchmarks.page import free_port, wait_for
from mpviz.analysis.verdicts import interval
from mpviz.core import resources
from mpviz.studies.history import History, KeptRun

CLAIM = 1.05
TINY = ["25"] * 2000  # a task adds up 25,000 numbers: about a millisecond
PLANS = {"ten primes": ("is_prime", "prime_mixture"), "2,000 tasks of 1 ms": ("busy", "")}
FACES = ("voila", "lab")
NUMBERS, PAGE, SHELL = "numbers.txt", "page", "shell"  # in the benchmark's folder
Figures = tuple[float, float, float]  # of a run: makespan, its tasks' CPU time, others'
LIMIT, LOOK_EVERY = 60.0, 0.5  # seconds, for a run and until the next look whether it was kept
SETTLE = 1.0  # seconds for the page to come to rest between two runs


@contextmanager
def served(face: str, folder: Path) -> Iterator[str]:
    """A server, and the address at which it shows the dashboard."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    if face == "voila":
        command = ["mpviz", "serve", "--port", str(port)]
        probe, address = "/voila/static/favicon.ico", f"{url}/"
    else:
        shutil.copy(resources.notebook(), folder / "dashboard.ipynb")
        command = [
            *("jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={folder}"),
            *("--IdentityProvider.token=", "--LabApp.news_url=None"),
        ]
        probe, address = "/api/status", f"{url}/lab/tree/dashboard.ipynb"
    server = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=os.environ | {"MPVIZ_HOME": str(folder / PAGE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"{url}{probe}")
        yield address
    finally:
        server.terminate()
        server.wait()


def open_page(page: Page, face: str, address: str) -> None:
    """Open the dashboard."""
    page.goto(address)
    if face == "lab":
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
        for _ in range(5):  # until its notebook has the focus, it takes the click and runs nothing
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            with suppress(Late):
                page.locator(".mpviz canvas").first.wait_for(timeout=5_000)
                break
    page.locator(".mpviz canvas").first.wait_for()


def choose(page: Page, plan: str) -> None:
    """Set the controls."""
    workload, input_set = PLANS[plan]
    page.get_by_label("Workload", exact=True).select_option(workload)
    if input_set:
        page.get_by_label("Input set", exact=True).select_option(input_set)
        return
    page.get_by_label("Input set", exact=True).select_option("Paste numbers…")
    field = page.locator(".mpviz textarea")
    field.fill("\n".join(TINY))
    field.press("Tab")
    page.get_by_text("2,000 numbers").first.wait_for()


def on_page(page: Page, folder: Path) -> Figures:
    """Press Run, and give what was kept of the run that comes of it."""
    history = History(folder / PAGE)
    history.folder.mkdir(exist_ok=True)
    before = len(history.entries())
    page.get_by_role("button", name="Run", exact=True).click()
    # Nothing is asked of the browser meanwhile: to look at the page takes it 5 % of a CPU.
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        time.sleep(LOOK_EVERY)
        kept = [entry for entry in os.listdir(history.folder) if not entry.startswith(".")]
        if len(kept) > before:
            before = len(kept)
            if found := newest(history):
                return found
    raise TimeoutError(f"No run was kept within {LIMIT:.0f} s.")


def in_shell(plan: str, folder: Path) -> Figures:
    """The same plan, by `mpviz run`."""
    workload, input_set = PLANS[plan]
    command = [sys.executable, "-m", "mpviz", "run", workload]
    command += ["--input-set", input_set or str(folder / NUMBERS)]
    environment = os.environ | {"MPVIZ_HOME": str(folder / SHELL)}
    subprocess.run(command, env=environment, capture_output=True, check=True)
    found = newest(History(folder / SHELL))
    assert found
    return found


def newest(history: History) -> Figures | None:
    """The figures of the newest run; None if it is a plan's sequential run."""
    kept = history.read(history.entries()[0])
    assert isinstance(kept, KeptRun)
    if kept.summary["mechanism"] == "sequential":
        return None
    makespan, cpu, others = (kept.summary[name] for name in ("makespan_s", "cpu_s", "others_s"))
    return float(makespan), float(cpu), float(others)


def measured(page: Page, plan: str, folder: Path, pairs: int) -> list[tuple[Figures, Figures]]:
    """Pairs of runs, page and shell, the first pair left out."""
    choose(page, plan)
    found = []
    chance = random.Random(0)
    for _ in range(pairs + 1):
        first = chance.random() < 0.5
        time.sleep(SETTLE)
        shell = in_shell(plan, folder) if first else None
        time.sleep(SETTLE)
        shown = on_page(page, folder)
        time.sleep(SETTLE)
        found.append((shown, shell or in_shell(plan, folder)))
    return found[1:]


def row(plan: str, face: str, pairs: list[tuple[Figures, Figures]]) -> tuple[str, bool]:
    """A row of the table, and whether its claim holds."""
    seen = np.array(pairs)
    makespan, cpu, others = (seen[:, :, at] for at in range(3))
    plain, steady = (
        interval(figure[:, 0] - figure[:, 1])
        for figure in (np.log(makespan), np.log(makespan / cpu))
    )
    (page, shell), other = np.median(makespan, axis=0), 1000 * np.median(others, axis=0)
    cells = [plan, face, f"{page:.3f} s", f"{shell:.3f} s"]
    for one in (plain, steady):
        held = "yes" if one.high <= CLAIM else "**no**"
        cells += [f"{one.ratio:.3f} ({one.low:.3f} to {one.high:.3f})", held]
    cells += [f"{one:.0f} ms" for one in other]
    return f"| {' | '.join(cells)} |", plain.high <= CLAIM


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("faces", nargs="*", default=list(FACES))
    asked = parser.parse_args()
    held = True
    lines = []
    with tempfile.TemporaryDirectory(prefix="mpviz-") as name, sync_playwright() as playwright:
        folder = Path(name)
        (folder / NUMBERS).write_text("\n".join(TINY))
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("MPVIZ_CHROMIUM"), args=["--no-sandbox"]
        )
        for face in asked.faces:
            with served(face, folder) as address:
                page = browser.new_page()
                page.set_default_timeout(60_000)
                open_page(page, face, address)
                for plan in PLANS:
                    line, holds = row(plan, face, measured(page, plan, folder, asked.pairs))
                    held &= holds
                    lines.append(line)
                    print(lines[-1], file=sys.stderr, flush=True)
                page.close()
        browser.close()
    claim = f"≤ {CLAIM}"
    print(
        f"| plan | face | page | shell | ratio | {claim} | per CPU second | {claim} |"
        " others, page | shell |"
    )
    print("|" + "---|" * 10)
    print("\n".join(lines))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
