"""The house: imports go only to a lower floor; an arrow that breaks it is named."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "mpviz"

# A module or a package; inside a package modules may import each other. `__init__` stands for
# everything it gives lazily, so whoever asks it asks the public face.
FLOORS: dict[str, float] = {
    "model": 0,
    "schema": 0,
    "resources": 0,
    "text": 0,
    "serving": 4,
    "workloads": 1,
    "faults": 1,
    "lesson": 1,
    "limits": 1,
    "inputs": 2,
    "asked": 3,
    "mechanisms": 1,
    "carrying": 0.5,
    "recording": 1,
    "metrics": 1,
    "csvfiles": 1,
    "identity": 0,
    "environment": 1,
    "tree": 1,
    "folders": 2,
    "guard": 3,
    "host": 2,
    "reading": 2,
    "answers": 2,
    "frames": 2.5,
    "explain": 2,
    "printing": 2,
    "runner": 3,
    "turns": 3,
    "charts": 3,
    "api": 4,
    "__init__": 4,
    "experiments": 5,
    "faultlab": 5,
    "page": 6,
    "cli": 6,
    "__main__": 7,
}
# What a measured process imports: the standard library, and cloudpickle where a function travels.
MEASURED = {
    "model",
    "schema",
    "text",
    "workloads",
    "faults",
    "mechanisms",
    "recording",
    "host",
    "carrying",
}
PLAIN = {"guard", "resources", "inputs", "limits", "turns"}


def unit(path: Path, source: Path) -> str:
    """The module or package, directly in the source folder, that a file belongs to."""
    return path.relative_to(source).parts[0].removesuffix(".py")


def imported(path: Path, source: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a file imports, wherever in it."""
    inside = ("mpviz", *path.relative_to(source).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), path.name)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


def target(name: str, source: Path) -> str:
    """The unit of mpviz that a dotted name is in; empty if it is of another project."""
    first, _, rest = name.partition(".")
    if first != "mpviz":
        return ""
    part = rest.partition(".")[0]
    there = (source / f"{part}.py").exists() or (source / part).is_dir()
    return part if part and there else "__init__"


def broken_arrows(source: Path, floors: dict[str, float]) -> list[str]:
    """Every import that does not go to a lower floor."""
    broken = []
    for path in sorted(source.rglob("*.py")):
        here = unit(path, source)
        if path == source / "__init__.py":
            continue
        for line, name in imported(path, source):
            there = target(name, source)
            if there and there != here and floors[there] >= floors[here]:
                broken.append(
                    f"{path.relative_to(source)}:{line}: {here} ({floors[here]}) -> {there}"
                    f" ({floors[there]})"
                )
    return broken


def foreign(path: Path, source: Path) -> set[str]:
    """The projects, besides mpviz and the standard library, that a file imports."""
    names = {name.partition(".")[0] for _, name in imported(path, source)}
    return names - sys.stdlib_module_names - {"mpviz"}


def test_every_module_has_its_floor() -> None:
    units = {unit(path, SOURCE) for path in SOURCE.rglob("*.py")}
    assert units <= set(FLOORS), f"without a floor: {sorted(units - set(FLOORS))}"


def test_imports_go_only_to_a_lower_floor() -> None:
    assert broken_arrows(SOURCE, FLOORS) == []


def test_what_a_measured_process_imports_is_standard_library_and_cloudpickle() -> None:
    files = [path for path in SOURCE.rglob("*.py") if unit(path, SOURCE) in MEASURED]
    found = {
        str(path.relative_to(SOURCE)): foreign(path, SOURCE) - {"cloudpickle"} for path in files
    }
    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_what_guards_or_checks_is_standard_library_only(name: str) -> None:
    assert foreign(SOURCE / f"{name}.py", SOURCE) == set()


def test_the_package_itself_imports_nothing_eagerly_beyond_the_standard_library() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    eager = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {
        name.partition(".")[0]
        for node in eager
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else ["mpviz" if node.level else node.module or ""]
        )
    }
    assert modules <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("file", "text", "arrow"),
    [
        ("low.py", "from mpviz.high import x", "low.py:1: low (0) -> high (1)"),
        ("low.py", "def f():\n    import mpviz.high", "low.py:2: low (0) -> high (1)"),
        ("low.py", "from . import high", "low.py:1: low (0) -> high (1)"),
        ("low.py", "from mpviz import run", "low.py:1: low (0) -> __init__ (9)"),
        ("pack/inner.py", "from ..high import x", "pack/inner.py:1: pack (1) -> high (1)"),
        ("pack/inner.py", "from mpviz.pack.other import x", ""),
        ("pack/inner.py", "from .other import x\nimport ast", ""),
        ("high.py", "from mpviz import low", ""),
    ],
)
def test_an_arrow_that_breaks_it_is_named(tmp_path: Path, file: str, text: str, arrow: str) -> None:
    (tmp_path / "pack").mkdir()
    for name in ("low.py", "high.py", "pack/inner.py", "pack/other.py", "__init__.py"):
        (tmp_path / name).touch()
    (tmp_path / file).write_text(text, encoding="utf-8")
    floors = {"low": 0, "high": 1, "pack": 1, "__init__": 9}
    assert broken_arrows(tmp_path, floors) == [arrow] * bool(arrow)
