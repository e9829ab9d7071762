"""What a spawned worker imports, as the interpreter itself tells it."""

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
