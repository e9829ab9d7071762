"""What is measured starts as fast as the user's own would: it imports the standard library only."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mpviz.experiments

HERE = Path(mpviz.experiments.__file__).parent
MEASURED = sorted(path.parent.name for path in HERE.glob("*/measured.py"))
HEAVY = {"bokeh", "numpy", "pandas", "mpviz.analysis", "mpviz.charts"}


def loaded() -> Iterator[dict[str, Any]]:
    yield {"heavy": sorted(HEAVY & set(sys.modules))}


@pytest.mark.parametrize("name", MEASURED)
def test_it_imports_the_standard_library_and_workloads(name: str) -> None:
    names = set()
    for node in ast.walk(ast.parse((HERE / name / "measured.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    tops = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    assert tops <= {"mpviz.workloads"}


@pytest.mark.parametrize("path", sorted(HERE.rglob("__init__.py")), ids=lambda p: p.parent.name)
def test_the_packages_around_it_are_empty_but_for_a_docstring(path: Path) -> None:
    (docstring,) = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)


def test_importing_it_loads_nothing_heavy() -> None:
    modules = ", ".join(f"mpviz.experiments.{name}.measured" for name in MEASURED)
    code = f"import sys, {modules}; print({HEAVY} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_process_that_measures_has_loaded_nothing_heavy() -> None:
    from mpviz.experiments.measuring import Measuring  # above, the process would load it too

    rows, _ = Measuring(30.0).rows(loaded)
    assert rows == [{"heavy": []}]
