"""environment.yml and pyproject.toml ask for the same."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).parents[1]
# The names on conda-forge that differ from those on PyPI.
ON_PYPI = {"python-build": "build"}


def requirements(lines: list[str]) -> dict[str, str]:
    """Name to bound."""
    pairs = (re.fullmatch(r"([a-z0-9_-]+)(.*)", line) for line in lines)
    return {ON_PYPI.get(pair[1], pair[1]): pair[2] for pair in pairs if pair}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def conda() -> list:
    return yaml.safe_load((TOP / "environment.yml").read_text(encoding="utf-8"))["dependencies"]


def from_pip(conda: list) -> list[str]:
    return next(entry["pip"] for entry in conda if isinstance(entry, dict))


def test_the_environment_has_every_dependency_with_its_bound_and_no_other(
    project: dict, conda: list
) -> None:
    asked = chain(project["dependencies"], *project["optional-dependencies"].values())
    by_name = [entry for entry in conda if isinstance(entry, str) and entry != "pip"]
    packaged = [line for line in from_pip(conda) if not line.startswith("-")]
    expected = requirements(list(asked)) | {"python": project["requires-python"]}
    assert requirements(by_name + packaged) == expected


def test_pip_installs_the_checkout_itself(conda: list) -> None:
    assert "-e ." in from_pip(conda)
    assert "pip" in conda


def test_every_dependency_has_a_lower_bound(project: dict) -> None:
    everything = chain(project["dependencies"], *project["optional-dependencies"].values())
    assert [line for line in everything if not re.fullmatch(r"[a-z0-9_-]+>=[0-9.]+", line)] == []
