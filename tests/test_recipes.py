"""The recipes of docs/adding work: each is followed, word by word, in a copy of the source."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
pytestmark = pytest.mark.process

RECIPES = sorted((TOP / "docs" / "adding").glob("*.md"))
STEP = re.compile(
    r"^(A new file|At the end of|In) `([^`]+)`(?:, below `([^`]+)`)?[^`]*?:\n\n"
    r"```python\n(.*?)```\n",
    re.MULTILINE | re.DOTALL,
)
TRY = re.compile(r"^```sh\npython (.*?)\n```\n", re.MULTILINE)


def follow(recipe: str, copy: Path) -> int:
    """Do what a recipe says, and say how many steps it had."""
    steps = STEP.findall(recipe)
    for what, place, anchor, text in steps:
        path = copy / place
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if what == "A new file":
            assert not before, f"{place} exists"
            after = text
        elif what == "In":
            assert before.count(f"{anchor}\n") == 1, f"{place} has no line {anchor!r}"
            after = before.replace(f"{anchor}\n", f"{anchor}\n{text}")
        else:
            after = f"{before}\n\n{text}"
        path.write_text(after, encoding="utf-8")
    return len(steps)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_that_is_followed_works(path: Path, tmp_path: Path) -> None:
    shutil.copytree(TOP / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TOP / "data", tmp_path / "data")
    recipe = path.read_text(encoding="utf-8")
    assert follow(recipe, tmp_path) == recipe.count("```python")
    (line,) = TRY.findall(recipe)
    done = subprocess.run(
        f'"{sys.executable}" {line}',
        shell=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
