"""tools/pythons: what it starts ends with it, and where it can't, one sentence.

What it is for, conformance on Debian's Pythons, is run by .ci/run with MPVIZ_FULL=1.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parents[1] / "tools" / "pythons"
APART = ("unshare", "--mount", "--pid", "--fork", "true")


def load() -> ModuleType:
    spec = spec_from_loader("pythons", SourceFileLoader("pythons", str(PATH)))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def works(*command: str) -> bool:
    found = shutil.which(command[0]) is not None
    return found and subprocess.run(command, capture_output=True, check=False).returncode == 0


rootless = pytest.mark.skipif(
    not works("unshare", "--user", "true"), reason="this system gives no user namespaces"
)
apart = pytest.mark.skipif(not works(*APART), reason="only root may make such namespaces")


def ask(*words: str, before: tuple[str, ...] = (), **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [*before, sys.executable, str(PATH), *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def marked(mark: str) -> list[int]:
    """The processes with this in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def gone(mark: str) -> bool:
    end = time.monotonic() + 10
    while (left := marked(mark)) and time.monotonic() < end:
        time.sleep(0.02)
    return not left


@pytest.mark.process
@rootless
def test_who_is_not_root_is_told_so_in_one_sentence() -> None:
    sentence = "tools/pythons: only root can enter a root file system; nothing was tried.\n"
    assert ask(before=("unshare", "--user")) == (2, sentence)


@pytest.mark.process
@apart
def test_where_there_is_no_mmdebstrap_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    sentence = "there is no mmdebstrap here; on Debian: apt-get install mmdebstrap.\n"
    assert ask(PATH=str(tmp_path)) == (2, f"tools/pythons: {sentence}")


@pytest.mark.process
def test_what_is_no_python_is_refused_before_anything_is_made() -> None:
    status, said = ask("3.14", "python")
    assert status == 2
    assert said.endswith("'python' is no Python; name it like 3.14\n")


@pytest.mark.process
@apart
def test_a_command_has_processes_and_shared_memory_of_its_own_and_leaves_no_mount() -> None:
    before = Path("/proc/self/mounts").read_text()
    name = f"mpviz-test-{os.getpid()}"
    tried = f'test "$(ls /dev/shm)" = "" && touch /dev/shm/{name} && test ! -e /proc/{os.getpid()}'
    assert load().inside(Path("/"), ("sh", "-c", tried), patience=20) == 0
    assert load().inside(Path("/"), ("sh", "-c", "exit 7"), patience=20) == 7
    assert not Path("/dev/shm", name).exists()
    assert Path("/proc/self/mounts").read_text() == before


@pytest.mark.process
@apart
def test_at_its_limit_a_step_ends_with_all_that_it_started(tmp_path: Path) -> None:
    pythons, mark = load(), f"MARK={tmp_path}"
    command = (*pythons.APART, "sh", "-c", "setsid sleep 300 & sleep 300")
    with pytest.raises(pythons.Failed, match=r"ended after 0\.5 s"):
        pythons.limited(command, 0.5, os.environ | {"MARK": str(tmp_path)})
    assert gone(mark)


TOOL = """
import sys
sys.path.insert(0, ".")
from tests.test_pythons import load
tool = load()
tool.limited((*tool.APART, "sh", "-c", sys.argv[1]), 300)
"""


@pytest.mark.process
@apart
def test_a_tool_that_is_killed_takes_along_what_it_started(tmp_path: Path) -> None:
    started = f"setsid sleep 300 & touch {tmp_path}/begun; sleep 300"
    tool = subprocess.Popen(
        [sys.executable, "-c", TOOL, started],
        cwd=PATH.parents[1],
        env=os.environ | {"MARK": str(tmp_path)},
    )
    end = time.monotonic() + 30
    while not (tmp_path / "begun").exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert len(marked(f"MARK={tmp_path}")) > 2
    tool.send_signal(signal.SIGKILL)
    tool.wait()
    assert gone(f"MARK={tmp_path}")


def test_what_was_made_is_removed_at_the_end() -> None:
    with load().folder(keep=False) as place:
        (place / "root").mkdir()
        assert place.stat().st_mode & 0o777 == 0o755
    assert not place.exists()
