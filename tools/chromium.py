"""Print the path of a Chromium that starts; get one if there is none.

Looks at $MPVIZ_CHROMIUM, then on PATH, then at Playwright's own. If none starts: lets Playwright
download its own, then, as root, asks the system's package manager. If that fails too, one sentence
and exit status 1. Everything but the path goes to stderr. Knows nothing of tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# The first that is there is asked; each needs no answer from a person.
PACKAGE_MANAGERS = {
    "apt-get": (("update",), ("install", "-y", "--no-install-recommends", "chromium")),
    "dnf": (("install", "-y", "chromium"),),
    "apk": (("add", "chromium"),),
    "pacman": (("-Sy", "--noconfirm", "chromium"),),
    "zypper": (("--non-interactive", "install", "chromium"),),
}
DOWNLOAD_LIMIT = 600  # seconds


def starts(path: str | Path) -> bool:
    """Whether it is a browser that starts here: a stub or one without its libraries does not."""
    command = [str(path), "--no-sandbox", "--version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "Chrom" in answer.stdout


def wished() -> Iterator[str]:
    """The one that the environment names."""
    yield from filter(None, [os.environ.get("MPVIZ_CHROMIUM")])


def on_path() -> Iterator[str]:
    """The Chromiums on PATH."""
    yield from filter(None, map(shutil.which, NAMES))


def playwrights_own() -> Iterator[str]:
    """The Chromium that Playwright would start, downloaded or not."""
    code = (
        "from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: print(p.chromium.executable_path)"
    )
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    yield from filter(None, [answer.stdout.strip()])


def first_that_starts() -> str | None:
    """The path of a Chromium that starts, if there is one."""
    for look in (wished, on_path, playwrights_own):
        for path in look():
            if starts(path):
                return path
    return None


def attempt(*command: str) -> None:
    """Run a command that may fail; what it prints goes to stderr."""
    print("+", *command, file=sys.stderr, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            env=environment,
            timeout=DOWNLOAD_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)


def download() -> None:
    """Let Playwright download its own."""
    attempt(sys.executable, "-m", "playwright", "install", "chromium")


def ask_package_manager() -> None:
    """Install the system's, where there is the right to."""
    manager = next(filter(shutil.which, PACKAGE_MANAGERS), None)
    if manager and os.geteuid() == 0:
        for arguments in PACKAGE_MANAGERS[manager]:
            attempt(manager, *arguments)


def main() -> int:
    """Print the path, or say why there is none."""
    if (wish := os.environ.get("MPVIZ_CHROMIUM")) and not starts(wish):
        print(f"MPVIZ_CHROMIUM is {wish!r}, which is no Chromium that starts.", file=sys.stderr)
        return 1
    for get in (None, download, ask_package_manager):
        if get:
            get()
        if path := first_that_starts():
            print(path)
            return 0
    print(
        "No Chromium was found and none could be installed; install one (on Debian:"
        " apt-get install chromium) or set MPVIZ_CHROMIUM to its path.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
