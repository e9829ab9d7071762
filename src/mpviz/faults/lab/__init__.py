"""The fault lab: mechanism × fault on this machine, each cell an observed outcome.

    for cell in cells(["pool.map"], ["sigkill"]):
        print(cell.sentence)

`cells` runs them, `frame` and `to_csv` write them down, and `differing` says where this machine
saw something else than the committed matrix, ``seen.csv``.
"""

from __future__ import annotations

from mpviz.faults.lab.cell import Cell, Seen, frame, to_csv
from mpviz.faults.lab.committed import committed, differing
from mpviz.faults.lab.running import MECHANISMS_TESTED, cells

__all__ = [
    "MECHANISMS_TESTED",
    "Cell",
    "Seen",
    "cells",
    "committed",
    "differing",
    "frame",
    "to_csv",
]
