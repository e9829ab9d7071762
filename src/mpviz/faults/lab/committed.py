"""The committed matrix, `seen.csv`, which fresh cells are compared with."""

from __future__ import annotations

import csv
import functools
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from mpviz.faults.lab.cell import Cell, Seen

FILE = Path(__file__).with_name("seen.csv")
COLUMNS = ("python", "start_method", "mechanism", "fault", "seen")
BETWEEN = "|"  # separates outcomes that were both seen: a race goes one way or the other

Key = tuple[str, str, str, str]  # the first four columns
Matrix = Mapping[Key, frozenset[Seen]]


def this_python() -> str:
    """The Python that runs this, as the matrix names it: ``"3.14"``; ``"3.14t"`` free-threaded."""
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    return "{}.{}".format(*sys.version_info) + "t" * free_threaded


def python_of(recorded: str) -> str:
    """The same for the Python of a record, such as ``"CPython 3.14.0 free-threaded"``."""
    _, version, *more = recorded.split()
    return ".".join(version.split(".")[:2]) + "t" * ("free-threaded" in more)


@functools.cache
def committed() -> Matrix:
    """What was seen in each cell; several outcomes where runs differ."""
    return read(FILE)


def read(path: Path) -> Matrix:
    """The matrix in a file; empty if there is no file."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["python"], row["start_method"], row["mechanism"], row["fault"]): frozenset(
                Seen(text) for text in row["seen"].split(BETWEEN)
            )
            for row in csv.DictReader(file)
        }


def write(path: Path, matrix: Matrix) -> None:
    """Write a matrix, in its order, so that a diff shows what changed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        for key, seen in matrix.items():
            out.writerow([*key, BETWEEN.join(one for one in Seen if one in seen)])


def key_of(cell: Cell) -> Key:
    """The key of a cell."""
    return (this_python(), cell.start_method, cell.mechanism, cell.fault)


def differing(cells: Iterable[Cell], matrix: Matrix | None = None) -> dict[Key, frozenset[Seen]]:
    """The cells in which this machine differs, with what was committed for each.

    Cancelled cells are left out, and so are cells for which nothing was committed.
    """
    known = committed() if matrix is None else matrix
    return {
        key_of(cell): known[key_of(cell)]
        for cell in cells
        if cell.seen is not Seen.CANCELLED
        and key_of(cell) in known
        and cell.seen not in known[key_of(cell)]
    }
