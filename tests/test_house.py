"""The house: imports go only to a lower floor; an arrow that breaks it is named."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
SOURCE = TOP / "src" / "mpviz"
LOOKED_AT = ("src", "tests", "tools", "benchmarks")

# A module or a folder of the house; files of one folder may import each other, in no circle.
# `__init__` stands for everything it gives lazily, so whoever asks it asks the public face.
FLOORS = {
    "core": 1,
    "mechanisms": 0,
    "workloads": 1,
    "engine": 2,
    "inputs": 2,
    "analysis": 3,
    "charts": 4,
    "studies": 4,
    "experiments": 5,
    "exports": 5,
    "faults": 5,
    "serving": 5,
    "api": 5,
    "__init__": 5,
    "cli": 6,
    "page": 6,
    "__main__": 7,
}
# A noun that draws itself asks for its charts when it is asked for them, never before.
UPWARD = {
    "analysis/trace.py": "charts",
    "studies/study.py": "charts",
    "studies/history.py": "charts",
}
# What a measured process imports: the standard library, and cloudpickle where a function travels.
MEASURED = (
    "core",
    "workloads.py",
    "mechanisms",
    "faults/__init__.py",
    "faults/catalogue.py",
    "faults/tasks.py",
    "engine/host.py",
    "engine/recording",
    "engine/carrying",
    "experiments/__init__.py",
    "experiments/rows.py",
    "experiments/*/__init__.py",
    "experiments/*/measured.py",
)
PLAIN = (
    "inputs.py",
    "serving/limits.py",
    "engine/guard.py",
    "engine/folders.py",
    "engine/turns.py",
)
LONGEST = 400  # lines of a file


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


def broken_arrows(
    source: Path, floors: dict[str, int], upward: dict[str, str] | None = None
) -> list[str]:
    """Every import that does not go to a lower floor."""
    broken = []
    for path in sorted(source.rglob("*.py")):
        here = unit(path, source)
        if path == source / "__init__.py":
            continue
        for line, name in imported(path, source):
            there = target(name, source)
            if (upward or {}).get(str(path.relative_to(source))) == there:
                continue
            if there and there != here and floors[there] >= floors[here]:
                broken.append(
                    f"{path.relative_to(source)}:{line}: {here} ({floors[here]}) -> {there}"
                    f" ({floors[there]})"
                )
    return broken


def file_of(name: str, source: Path) -> Path | None:
    """The file that a dotted name of mpviz is in."""
    parts = name.split(".")[1:]
    while parts:
        place = source.joinpath(*parts)
        if place.with_suffix(".py").exists():
            return place.with_suffix(".py")
        if (place / "__init__.py").exists():
            return place / "__init__.py"
        parts.pop()
    return None


def circles(source: Path) -> list[str]:
    """Every file that imports itself by way of others, and over which of them."""
    files = [path for path in source.rglob("*.py") if path != source / "__init__.py"]
    arrows = {
        path: {
            there
            for _, name in imported(path, source)
            if name.startswith("mpviz.") and (there := file_of(name, source)) not in (None, path)
        }
        for path in files
    }
    found = []
    for start in sorted(files):
        came: dict[Path, Path] = {}
        waiting = [start]
        while waiting:
            here = waiting.pop()
            for there in arrows.get(here, set()) - set(came):
                came[there] = here
                waiting.append(there)
        if start in came:
            way, step = [start], came[start]
            while step != start:
                way.append(step)
                step = came[step]
            found.append(" <- ".join(str(one.relative_to(source)) for one in way))
    return found


def foreign(path: Path, source: Path) -> set[str]:
    """The projects, besides mpviz and the standard library, that a file imports."""
    names = {name.partition(".")[0] for _, name in imported(path, source)}
    return names - sys.stdlib_module_names - {"mpviz"}


def test_every_module_has_its_floor() -> None:
    units = {unit(path, SOURCE) for path in SOURCE.rglob("*.py")}
    assert units <= set(FLOORS), f"without a floor: {sorted(units - set(FLOORS))}"


def test_imports_go_only_to_a_lower_floor() -> None:
    assert broken_arrows(SOURCE, FLOORS, UPWARD) == []


def test_no_file_imports_itself_by_way_of_others() -> None:
    assert circles(SOURCE) == []


def test_no_noun_is_two_classes() -> None:
    classes: dict[str, list[str]] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes.setdefault(node.name, []).append(str(path.relative_to(SOURCE)))
    assert {name: places for name, places in classes.items() if len(places) > 1} == {}


def test_no_file_is_too_long() -> None:
    files = [path for part in LOOKED_AT for path in (TOP / part).rglob("*.py")]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {str(path): length for path, length in lengths.items() if length > LONGEST} == {}


def test_what_a_measured_process_imports_is_standard_library_and_cloudpickle() -> None:
    found = {
        str(path.relative_to(SOURCE)): foreign(path, SOURCE) - {"cloudpickle"}
        for place in MEASURED
        for path in SOURCE.glob(place if place.endswith(".py") else f"{place}/**/*.py")
    }
    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize("name", PLAIN)
def test_what_guards_or_checks_is_standard_library_only(name: str) -> None:
    assert foreign(SOURCE / name, SOURCE) == set()


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


def test_a_circle_is_named(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "one.py").write_text("from mpviz.pack import two", encoding="utf-8")
    (tmp_path / "pack/__init__.py").touch()
    (tmp_path / "pack/two.py").write_text("from mpviz.one import x", encoding="utf-8")
    assert circles(tmp_path) == ["one.py <- pack/two.py", "pack/two.py <- one.py"]
