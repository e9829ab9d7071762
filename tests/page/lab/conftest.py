"""A cell of the fault lab, really run."""

import pytest

from mpviz.faults import lab as faultlab
from mpviz.faults.lab import Cell


@pytest.fixture(scope="session")
def real() -> Cell:
    """Of the sequential mechanism with a task that raises."""
    (cell,) = faultlab.cells(["sequential"], ["raises"])
    return cell
