"""Where the files that travel with the package lie: data sets and the notebook.

In an installed wheel they are in ``mpviz/_share``; in a checkout they are at its top. Knows
nothing of what is in them. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def data_folder(package: Path = PACKAGE) -> Path:
    """The folder of input sets.

    Parameters
    ----------
    package
        The folder of the ``mpviz`` package.

    Raises
    ------
    FileNotFoundError
        If neither the package nor a checkout around it has them.
    """
    return _first("data", _candidates("data", package), Path.is_dir)


def notebook(package: Path = PACKAGE) -> Path:
    """The dashboard's notebook; parameters and errors as `data_folder`'s."""
    return _first("dashboard.ipynb", _candidates("dashboard.ipynb", package), Path.is_file)


def _candidates(name: str, package: Path) -> tuple[Path, Path]:
    # A checkout keeps the package in src/mpviz, so its top is two folders up.
    return package / "_share" / name, package.parents[1] / name


def _first(name: str, candidates: tuple[Path, ...], there: Callable[[Path], bool]) -> Path:
    for candidate in candidates:
        if there(candidate):
            return candidate
    places = " nor ".join(str(candidate) for candidate in candidates)
    raise FileNotFoundError(f"mpviz is installed without {name}: neither {places} exists.")
