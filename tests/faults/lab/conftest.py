"""Cells for the fault lab's tests."""

import pytest

from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.committed import committed
from mpviz.faults.lab.running import run_cells


@pytest.fixture(scope="session")
def several() -> list[Cell]:
    mechanisms = ["sequential", "threads", "pipe", "executor.submit"]
    return list(run_cells(mechanisms, ["sigkill", "raises"]))


def one(mechanism: str, fault: str, **settings: object) -> Cell:
    (cell,) = run_cells([mechanism], [fault], **settings)
    return cell


def everything_seen() -> set[tuple[str, str, Seen]]:
    """Every mechanism and fault of the committed matrix with each of its outcomes."""
    return {
        (mechanism, fault, seen)
        for (_, _, mechanism, fault), outcomes in committed().items()
        for seen in outcomes
    }
