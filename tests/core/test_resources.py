"""The files that travel with the package are found, or their lack is said."""

import json
from pathlib import Path

import pytest

from mpviz.core import resources


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "src" / "mpviz"
    folder.mkdir(parents=True)
    return folder


def test_a_checkout_keeps_them_at_its_top(package: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "dashboard.ipynb").touch()
    assert resources.data_folder(package) == tmp_path / "data"
    assert resources.notebook(package) == tmp_path / "dashboard.ipynb"


def test_what_was_packaged_comes_first(package: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "dashboard.ipynb").touch()
    (package / "_share" / "data").mkdir(parents=True)
    (package / "_share" / "dashboard.ipynb").touch()
    assert resources.data_folder(package) == package / "_share" / "data"
    assert resources.notebook(package) == package / "_share" / "dashboard.ipynb"


@pytest.mark.parametrize("find", [resources.data_folder, resources.notebook])
def test_what_is_nowhere_is_named_with_the_places_searched(find, package: Path) -> None:
    with pytest.raises(FileNotFoundError, match="mpviz is installed without") as caught:
        find(package)
    assert str(package / "_share") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_is_no_folder_and_a_folder_no_notebook(package: Path, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    (tmp_path / "dashboard.ipynb").mkdir()
    with pytest.raises(FileNotFoundError):
        resources.data_folder(package)
    with pytest.raises(FileNotFoundError):
        resources.notebook(package)


def test_this_installation_has_both() -> None:
    assert (resources.data_folder() / "prime_mixture.txt").is_file()
    assert json.loads(resources.notebook().read_text(encoding="utf-8"))["nbformat"] == 4
