"""Cells as text: legible in 80 columns, counted, and told in full."""

import dataclasses

from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.committed import differing, key_of
from mpviz.faults.lab.report import MARKS, in_full, legend, line, plain, summary, table, well
from mpviz.mechanisms import MECHANISMS


def test_the_report_is_legible_in_80_columns(several: list[Cell]) -> None:
    whole = [
        dataclasses.replace(several[0], mechanism=mechanism, fault=fault, seen=seen)
        for number, mechanism in enumerate(MECHANISMS)
        for fault in FAULTS
        for seen in [list(Seen)[number % len(Seen)]]
    ]
    differs = differing(several, {key_of(several[0]): frozenset()})
    text = "\n".join([plain(table(whole, differs)), legend(whole, differs)])
    assert max(len(row) for row in text.splitlines()) <= 80
    assert len(table(whole)) == 1 + len(MECHANISMS)
    for seen in Seen:
        assert f"{MARKS[seen]} {seen}" in text
    assert "* not as committed" in text
    assert "17 memory" in text
    for cell in several:
        assert len(line(cell)) <= 80


def test_the_summary_counts_and_a_cell_that_is_late_is_not_well(several: list[Cell]) -> None:
    assert well(several)
    told = " ".join(summary(several, 10, {}).split())
    assert told.startswith("8 of 10 cells: ")
    assert "2 the program died" in told
    late = dataclasses.replace(several[0], gone_s=99.0)
    assert not well([late])
    assert "1 went on for over 1 s past their deadline" in summary([late], 1, {}).replace("\n", " ")


def test_one_cell_is_told_in_full(several: list[Cell]) -> None:
    (cell,) = (c for c in several if (c.mechanism, c.fault) == ("pipe", "sigkill"))
    told = in_full(cell)
    assert cell.sentence in told
    assert cell.safer in told
    assert cell.safer_code.rstrip() in told
