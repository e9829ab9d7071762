"""The matrix as it was seen when it was committed, for fresh cells to be compared with."""

from __future__ import annotations

import csv
import functools
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from mpviz.faults.lab.cell import Cell, Seen

FILE = Path(__file__).with_name("seen.csv")
COLUMNS = ("python", "start_method", "mechanism", "fault", "seen")
BETWEEN = "|"  # outcomes that were both seen: a race goes one way or the other

Key = tuple[str, str, str, str]  # the first four columns
Matrix = Mapping[Key, frozenset[Seen]]


def this_python() -> str:
    """The Python that runs this, as the matrix names it: ``"3.11"``."""
    return "{}.{}".format(*sys.version_info)


@functools.cache
def committed() -> Matrix:
    """What was seen of each cell; several outcomes where runs really differ."""
    return read(FILE)


def read(path: Path) -> Matrix:
    """The matrix in a file; empty where there is none."""
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
    """Write a matrix, in order, so that what changed can be read off its difference."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        for key, seen in matrix.items():
            out.writerow([*key, BETWEEN.join(one for one in Seen if one in seen)])


def key_of(cell: Cell, python: str = "") -> Key:
    """Where a cell stands in the matrix."""
    return (python or this_python(), cell.start_method, cell.mechanism, cell.fault)


def differing(cells: Iterable[Cell], matrix: Matrix | None = None) -> dict[Key, frozenset[Seen]]:
    """The cells in which this machine differs: what was committed of each.

    Cells that were cancelled, and those of a Python that nothing was committed for, are left out.
    """
    known = committed() if matrix is None else matrix
    return {
        key_of(cell): known[key_of(cell)]
        for cell in cells
        if cell.seen is not Seen.CANCELLED
        and key_of(cell) in known
        and cell.seen not in known[key_of(cell)]
    }
