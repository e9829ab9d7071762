"""A cell of the fault lab, really run."""

import pytest

from mpviz.faults.lab.cell import Cell
from mpviz.faults.lab.running import run_cells


@pytest.fixture(scope="session")
def real() -> Cell:
    """Of the sequential mechanism with a task that raises."""
    (cell,) = run_cells(["sequential"], ["raises"])
    return cell
