"""The wheel is whole: installed away from the checkout it lists, finds and serves what it needs."""

import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.process

TOP = Path(__file__).parents[1]


def run(*command: str | Path, **options: Any) -> str:
    """What a command prints; its failure fails the test with what it said."""
    answer = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=100, check=False, **options
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by what is installed here, so that nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, TOP)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a venv with the wheel; its dependencies are read from this venv.

    A path file adds the folder of the dependencies but reads none of the path files in it, so the
    editable installation of the checkout stays out of sight.
    """
    home = tmp_path_factory.mktemp("elsewhere") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", home)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    run(*pip, "install", "--no-deps", "--no-index", wheel)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(packages) / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return home / "bin"


def outside(folder: Path) -> dict[str, str]:
    """An environment that knows of the new venv alone, but for Jupyter's files of the old one."""
    scripts = str(folder)
    shared = [folder.parent / "share" / "jupyter", Path(sys.prefix) / "share" / "jupyter"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {
        "PATH": os.pathsep.join((scripts, os.environ["PATH"])),
        "VIRTUAL_ENV": str(folder.parent),
        "JUPYTER_PATH": os.pathsep.join(map(str, shared)),
    }


def test_it_holds_data_sets_notebook_template_and_the_mark_of_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    template = (
        f"{'-'.join(wheel.name.split('-')[:2])}.data/data/share/jupyter/voila/templates/mpviz"
    )
    data = {f"mpviz/_share/data/{path.name}" for path in (TOP / "data").iterdir()}
    views = {f"{template}/{path.name}" for path in (TOP / "src/mpviz/page/voila").iterdir()}
    assert names >= data | views | {"mpviz/_share/dashboard.ipynb", "mpviz/py.typed"}
    assert views
    assert not {name for name in names if name.startswith(("tests", "tools", "benchmarks"))}


def test_it_finds_its_own_files_and_not_the_checkout_s(elsewhere: Path, tmp_path: Path) -> None:
    code = "from mpviz.core import resources as r; print(r.data_folder(), r.notebook(), sep='\\n')"
    found = run(elsewhere / "python", "-c", code, cwd=tmp_path, env=outside(elsewhere)).splitlines()
    assert len(found) == 2
    assert all(Path(path).is_relative_to(elsewhere.parent) for path in found)
    assert all(Path(path).exists() for path in found)


def test_its_command_lists_the_input_sets(elsewhere: Path, tmp_path: Path) -> None:
    said = run(elsewhere / "mpviz", "list", "input-sets", cwd=tmp_path, env=outside(elsewhere))
    assert "prime_mixture" in said
    assert "milliseconds" in said


def test_its_command_serves_the_page(elsewhere: Path, tmp_path: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    log = tmp_path / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [elsewhere / "mpviz", "serve", "--port", str(port)],
            cwd=tmp_path,
            env=outside(elsewhere),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        page = ask(f"http://127.0.0.1:{port}/", server)
    finally:
        server.terminate()
        server.wait(20)
    assert page, log.read_text(errors="replace")
    # Not Voila's page for an error, which names the notebook's exception.
    assert "kernelId" in page
    assert "Traceback" not in page


def ask(url: str, server: subprocess.Popen[bytes]) -> str:
    """The page, as soon as the server gives it; empty if it ends or takes too long."""
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    return ""
