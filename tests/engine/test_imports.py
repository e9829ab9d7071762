"""What a spawned worker imports, as the interpreter itself tells it."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

import mpviz
from mpviz.engine.imports import slowest_imports

pytestmark = pytest.mark.process


def test_a_slow_import_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slowmod").mkdir()
    (tmp_path / "slowmod" / "__init__.py").write_text("from slowmod import inner\n")
    (tmp_path / "slowmod" / "inner.py").write_text("import time\ntime.sleep(0.7)\n")
    (tmp_path / "uses.py").write_text("import slowmod\n\ndef work(x):\n    return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = slowest_imports("uses")
    name, took = found[0]
    assert name == "slowmod"
    assert took >= 0.7
    assert {"uses", "mpviz", "multiprocessing"} <= {package for package, _ in found}


@pytest.mark.parametrize("module", ["no_such_module", "__main__.x", "a b", "-c"])
def test_what_cannot_be_imported_is_a_sentence(module: str) -> None:
    with pytest.raises(mpviz.Failed, match="can't be imported in a process of its own: Mod"):
        slowest_imports(module)


def test_what_conformance_runs_needs_little_to_be_installed() -> None:
    # The Pythons that `.ci/run` and `tools/pythons` try have these and nothing else, and for the
    # newest of them nothing else is to be had.
    has = {"cloudpickle", "numpy", "pandas", "psutil"}
    needs = {
        re.split(r"[^\w-]", line)[0] for line in requires("mpviz") or () if "extra" not in line
    }
    others = {name for name, found in packages_distributions().items() if {*found} & (needs - has)}
    assert has < needs
    assert "scipy" in others
    script = """
import sys
import mpviz, mpviz.faults.lab.committed, mpviz.faults.lab.report, mpviz.faults.lab.running
mpviz.Trace
print(*sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) & others == set()
