"""Real servers and a real Chromium: the dashboard as a newcomer meets it, in Voila and JupyterLab.

Knows how a page is reached and when it is ready, and nothing of what is on it. Every test ends with
what no test has to ask for: no console error, and no request to another host.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from mpviz.core import resources

TOP = Path(__file__).parents[2]
SERVER_LIMIT = 60  # seconds until a server answers
READY_LIMIT = 30_000  # milliseconds until the dashboard is there
RUN_TRIES = 5
ROOT = ".mpviz"
# What no test looks at, and what tries to reach hosts that a test must not.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's, with the Chromium that tools/chromium.py finds; none is a failure."""
    tool = [sys.executable, str(TOP / "tools" / "chromium.py")]
    found = subprocess.run(tool, stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        pytest.fail("There is no Chromium for the browser tests.", pytrace=False)
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return browser_type_launch_args | {
        "executable_path": found.stdout.strip(),
        "args": [*browser_type_launch_args.get("args", ()), *QUIET, *sandbox],
    }


@dataclass(frozen=True, slots=True)
class Server:
    """A server of the dashboard: where it answers, and the folder it works in."""

    url: str
    folder: Path


@contextmanager
def serving(
    command: list[str], port: int, probe: str, folder: Path, long_lived: set[int]
) -> Iterator[Server]:
    """Run a server in a folder of its own until it is no longer needed."""
    url = f"http://127.0.0.1:{port}"
    log = folder.parent / f"{folder.name}.log"
    own = {
        name: str(folder.parent / f"{folder.name}-jupyter" / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    disabled = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    config = Path(own["JUPYTER_CONFIG_DIR"]) / "labconfig"
    config.mkdir(parents=True)
    (config / "page_config.json").write_text(json.dumps(disabled), encoding="utf-8")
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | own,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    long_lived.add(process.pid)
    try:
        wait_for(url + probe, process, log)
        yield Server(url, folder)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        long_lived.discard(process.pid)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers; if it ended or takes too long, fail with what it said."""
    end = time.monotonic() + SERVER_LIMIT
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=SERVER_LIMIT) as answer:
                answer.read()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer:\n{log.read_text(errors='replace')[-4000:]}", pytrace=False)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="session")
def voila(tmp_path_factory: pytest.TempPathFactory, long_lived: set[int]) -> Iterator[Server]:
    """`mpviz serve`, as installed beside this Python, started away from the checkout."""
    folder = tmp_path_factory.mktemp("voila")
    port = free_port()
    command = [str(Path(sys.executable).parent / "mpviz"), "serve", "--port", str(port)]
    # A static file: asking for the page itself would start a kernel that nobody ends.
    with serving(command, port, "/voila/static/favicon.ico", folder, long_lived) as server:
        yield server


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, long_lived: set[int]) -> Iterator[Server]:
    """JupyterLab over an empty folder."""
    folder = tmp_path_factory.mktemp("lab")
    port = free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1"),
        f"--ServerApp.root_dir={folder}",
        # Open to this machine alone and to the fixtures; it lives as long as the tests.
        *("--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"),
        *("--LabApp.extension_manager=readonly", "--LabApp.news_url=None"),
    ]
    with serving(command, port, "/api/status", folder, long_lived) as server:
        yield server


@pytest.fixture(scope="session")
def voila_url(voila: Server) -> str:
    """Where Voila shows the dashboard."""
    return f"{voila.url}/"


@pytest.fixture(scope="session")
def lab_url(lab: Server) -> str:
    """Where JupyterLab shows the dashboard's notebook, not yet run."""
    shutil.copy(notebook(), lab.folder / "dashboard.ipynb")
    return f"{lab.url}/lab/tree/dashboard.ipynb"


def notebook() -> Path:
    return resources.notebook()


@dataclass  # not slotted: Playwright marks the object whose method it calls
class Heard:
    """What a page said to nobody: errors on its console, requests to other hosts."""

    home: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", self.console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("request", self.request)
        page.on("websocket", lambda socket: self.address(socket.url))

    def console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def request(self, request: Request) -> None:
        self.address(request.url)

    def address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self.home:
            self.foreign.append(url)


@pytest.fixture(params=["voila", "lab"])
def place(request: pytest.FixtureRequest) -> str:
    """Where the dashboard is shown: voila or lab."""
    return request.param


@pytest.fixture
def server(place: str, request: pytest.FixtureRequest) -> Server:
    """The server of this place."""
    return request.getfixturevalue(place)


@pytest.fixture
def heard(server: Server) -> Iterator[Heard]:
    """What the pages of this test say; empty at its end, or the test fails."""
    heard = Heard(urlsplit(server.url).netloc)
    yield heard
    said = [f"on the console: {error}" for error in heard.errors]
    said += [f"request to another host: {url}" for url in heard.foreign]
    if said:
        pytest.fail("\n".join(said), pytrace=False)


@pytest.fixture
def dashboard(place: str, server: Server, heard: Heard, context: BrowserContext) -> Iterator[Page]:
    """A page with the dashboard ready, in a kernel of its own that ends with the test."""
    context.on("page", heard.listen)
    page = context.new_page()
    yield from {"voila": in_voila, "lab": in_lab}[place](page, server)


@pytest.fixture
def reload(place: str) -> Callable[[Page], None]:
    """Load a dashboard's page again, as a person would: in JupyterLab the notebook is saved first.

    In Voila the page comes back in a new kernel, in JupyterLab as what the old kernel still has.
    """

    def again(page: Page) -> None:
        if place == "lab":
            page.locator(".jp-Notebook").focus()
            page.keyboard.press("Control+s")
            expect(page.locator(".jp-mod-dirty")).to_have_count(0, timeout=READY_LIMIT)
        page.reload()
        ready(page)

    return again


@pytest.fixture
def open_link(dashboard: Page, place: str) -> Callable[[str], Page]:
    """Open the dashboard by a link; in JupyterLab as a notebook that has been run and saved."""

    def follow(query: str) -> Page:
        if place == "lab":
            dashboard.locator(".jp-Notebook").focus()
            dashboard.keyboard.press("Control+s")
            expect(dashboard.locator(".jp-mod-dirty")).to_have_count(0, timeout=READY_LIMIT)
        dashboard.goto(f"{dashboard.url.partition('?')[0]}{query}")
        ready(dashboard)
        return dashboard

    return follow


def in_voila(page: Page, server: Server) -> Iterator[Page]:
    # The kernel outlives the page until the server ends it: Voila refuses a page's own goodbye.
    page.goto(f"{server.url}/")
    ready(page)
    yield page


def in_lab(page: Page, server: Server) -> Iterator[Page]:
    name = f"dashboard-{uuid.uuid4().hex[:8]}.ipynb"
    shutil.copy(notebook(), server.folder / name)
    page.goto(f"{server.url}/lab/workspaces/{name.removesuffix('.ipynb')}/tree/{name}")
    run_all(page)
    ready(page)
    yield page
    for session in answer(f"{server.url}/api/sessions"):
        if session["path"] == name:
            answer(f"{server.url}/api/sessions/{session['id']}", "DELETE")


def run_all(page: Page) -> None:
    """Run the notebook as a person does: by the menu, and again if nothing came of it.

    Until its notebook has the focus JupyterLab takes the click and runs nothing; there is no mark
    on the page that says when it has.
    """
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(
        timeout=READY_LIMIT
    )
    not_run = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt", has_text="[ ]:")
    for _ in range(RUN_TRIES):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with suppress(AssertionError):
            expect(not_run).to_have_count(0, timeout=3_000)
            return
    pytest.fail("JupyterLab did not run the notebook.", pytrace=False)


def ready(page: Page) -> None:
    """Wait until the dashboard is there."""
    expect(page.locator(ROOT).first).to_be_visible(timeout=READY_LIMIT)


def answer(url: str, method: str = "GET") -> Any:
    request = urllib.request.Request(url, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        body = response.read()
    return json.loads(body) if body else None
