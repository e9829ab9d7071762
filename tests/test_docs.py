"""What the documents name exists: files, and functions and classes in them."""

import ast
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
SOURCE = TOP / "src" / "mpviz"
MAP = TOP / "docs" / "ARCHITECTURE.md"
PLACE = re.compile(r"`([\w/]+(?:\.py|\.css|/))(?:: ([\w.]+))?`")


def places() -> list[tuple[str, str]]:
    return sorted(set(PLACE.findall(MAP.read_text(encoding="utf-8"))))


def names(path: Path) -> set[str]:
    """The names that a file defines at its top, and those of its classes."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {name.id for target in targets for name in ast.walk(target)
                      if isinstance(name, ast.Name)}  # fmt: skip
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{part.name}"
                for part in node.body
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return found


@pytest.mark.parametrize(("place", "name"), places())
def test_every_place_on_the_map_exists(place: str, name: str) -> None:
    path = (TOP if place.startswith("tests/") else SOURCE) / place
    assert path.exists(), f"there is no {place}"
    if name:
        assert name in names(path), f"{place} has no {name}"
