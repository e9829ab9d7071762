"""Print pyproject's lower bounds as pip constraints, so that a test can install just those.

    pip install --constraint <(python tools/lowest.py) --editable '.[test]'

Knows nothing of what the bounds should be. Tools that only look at the code are left out.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def main() -> None:
    """Print ``name==bound`` for each dependency and the libraries of the extra ``lab``."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    for wanted in project["dependencies"]:
        print(re.sub(r"^([\w.-]+)>=([\w.]+)$", r"\1==\2", wanted))


if __name__ == "__main__":
    main()
