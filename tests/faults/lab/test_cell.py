"""Cells as a frame, as CSV and as a timeline."""

from pathlib import Path

import pytest

from mpviz.core import schema
from mpviz.core.errors import Refused
from mpviz.faults.lab.cell import Cell, frame, to_csv


def test_the_frame_has_a_row_a_cell_and_its_columns_when_it_is_empty(
    several: list[Cell], tmp_path: Path
) -> None:
    whole = frame(several)
    assert list(whole.columns) == [column.name for column in schema.CELLS]
    assert list(frame([]).dtypes) == list(whole.dtypes)
    assert list(whole["seen"]) == [cell.seen.value for cell in several]
    kinds = ["ok", "error", "died", "timeout", "cancelled", "missing"]
    assert (whole[kinds].sum(axis=1) == whole["tasks"]).all()
    to_csv(tmp_path / "out", several)
    assert len((tmp_path / "out" / "faults.csv").read_text().splitlines()) == 1 + len(several)
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="can't be written"):
        to_csv(tmp_path / "file", several)


def test_the_timeline_of_a_cell_can_be_drawn(several: list[Cell]) -> None:
    assert several[0].trace.timeline() is not None
