"""Which tests the same worker of pytest-xdist runs: those that share what takes long to make.

Read from names and files, since who hands out the tests has collected none of them. (Not by
pytest-xdist's own groups: they are not seen with pytest 9.)
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOP = Path(__file__).parents[1]
SHARED = re.compile(r'@pytest\.fixture\(scope="module"(, params=)?')
PUBLIC = re.compile(r"^def (test_\w+)\([^)]*\bpublic\b", re.MULTILINE)


class Handed(LoadScopeScheduling):  # type: ignore[misc]  # it is not typed
    """Hands out tests one by one, and together those that belong together."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # the order is that of the collection

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """The name of what it belongs to; its own, if that is nothing.

    A browser's tests belong to the server of their page, those that ask for the public server to
    that of their file, and those of a file with a fixture for all its tests to the file, or to a
    parameter of the fixture.
    """
    path, _, rest = nodeid.partition("::")
    name, _, parameters = rest.rstrip("]").partition("[")
    if path.startswith("tests/browser/"):
        shown = parameters.partition("-")[0]
        return shown if shown in ("voila", "lab") else path
    if path.startswith("tests/experiments/"):  # each experiment is run once
        return "experiments"
    text = source(path)
    if any(found == name for found in PUBLIC.findall(text)):
        return f"{path} public"
    shared = SHARED.search(text)
    if shared is None:
        return nodeid
    return f"{path} {parameters.partition('-')[0]}" if shared[1] else path


@cache
def source(path: str) -> str:
    """The text of a test's file."""
    file = TOP / path
    return file.read_text(encoding="utf-8") if file.is_file() else ""
