"""Cells -> text: a line for each cell, the table of marks, its legend. Knows no terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from mpviz.core.text import seconds
from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.committed import Key, committed, key_of, this_python
from mpviz.faults.lab.judging import shortened
from mpviz.mechanisms import MECHANISMS

MARKS = {
    Seen.RIGHT: ".",
    Seen.WRONG: "W",
    Seen.RAISED: "R",
    Seen.LOST: "L",
    Seen.HUNG: "H",
    Seen.DIED: "D",
    Seen.LEFT: "P",
    Seen.MEMORY: "M",
    Seen.CANCELLED: "c",
}
OTHER = "*"  # after the mark of a cell that differs from the committed matrix
WIDTH = 80
LATE = 1.0  # seconds past its deadline that a cell may take to be gone


def line(cell: Cell, differs: frozenset[Seen] = frozenset()) -> str:
    """A cell on one line."""
    what = f"{cell.mechanism:<19} {cell.fault:<14} {cell.seen}{_detail(cell)}"
    return f"{what} [committed: {' or '.join(sorted(differs))}]" if differs else what


def _detail(cell: Cell) -> str:
    """The figure that goes with what was seen."""
    if cell.seen is Seen.RAISED:
        return f" {shortened(cell.raised).partition(':')[0]} after {seconds(cell.after_s)}"
    if cell.seen is Seen.LOST:
        return f": {cell.lost} of {len(cell.trace.tasks)}"
    if cell.seen is Seen.LEFT:
        return f": {cell.left_behind}"
    return f" after {seconds(cell.after_s)}" if cell.seen is not Seen.CANCELLED else ""


def in_full(cell: Cell) -> str:
    """A cell with its sentence and the safer way to write it."""
    parts = [f"{cell.mechanism}, {FAULTS[cell.fault].title}, {cell.start_method}: {cell.seen}."]
    parts.append(cell.sentence)
    if cell.safer:
        parts.append(f"Safer: {cell.safer}")
    if cell.safer_code:
        parts.append(cell.safer_code.rstrip())
    return "\n\n".join(parts)


def table(cells: Sequence[Cell], differs: Iterable[Key] = ()) -> list[list[str]]:
    """The matrix as rows of text, the head first: mechanisms down, the faults' numbers across."""
    other = set(differs)
    marks = {
        (cell.mechanism, cell.fault): MARKS[cell.seen] + OTHER * (key_of(cell) in other)
        for cell in cells
    }
    numbers = {name: str(number) for number, name in enumerate(FAULTS, 1)}
    faults = [name for name in FAULTS if any(name == cell.fault for cell in cells)]
    mechanisms = [name for name in MECHANISMS if any(name == cell.mechanism for cell in cells)]
    head = ["", *(numbers[name] for name in faults)]
    return [head] + [
        [mechanism, *(marks.get((mechanism, name), "") for name in faults)]
        for mechanism in mechanisms
    ]


def plain(rows: Sequence[Sequence[str]]) -> str:
    """A table as lines of text."""
    first = max(len(row[0]) for row in rows)
    return "\n".join(
        f"{row[0]:<{first}}" + "".join(f"{mark:>3}" for mark in row[1:]) for row in rows
    )


def legend(cells: Sequence[Cell], differs: Mapping[Key, object]) -> str:
    """What the marks and the numbers in the table stand for."""
    marks = [f"{MARKS[one]} {one}" for one in Seen if any(cell.seen is one for cell in cells)]
    if differs:
        marks.append(f"{OTHER} not as committed")
    planted = {cell.fault for cell in cells}
    faults = [f"{number} {name}" for number, name in enumerate(FAULTS, 1) if name in planted]
    return "\n".join([*_wrapped(marks), *_wrapped(faults)])


def _wrapped(texts: Iterable[str]) -> list[str]:
    """Texts on as few lines as hold them, three spaces apart; none is broken."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + 3 + len(text) <= WIDTH:
            lines[-1] += f"   {text}"
        else:
            lines.append(text)
    return lines


def summary(cells: Sequence[Cell], asked: int, differs: Mapping[Key, object]) -> str:
    """How many cells of each outcome, and how they compare with the committed matrix."""
    if not cells:
        return f"None of {asked} cells had ended."
    counts = {one: sum(cell.seen is one for cell in cells) for one in Seen}
    said = ", ".join(f"{count} {one}" for one, count in counts.items() if count)
    told = [f"{len(cells)} of {asked} cells: {said}."]
    if late := sum(cell.over_s > LATE for cell in cells):
        told.append(f"{late} went on for over {LATE:.0f} s past their deadline.")
    if unknown := sum(not cell.accounted for cell in cells):
        told.append(f"In {unknown} of them not every task is accounted for.")
    if differs:
        told.append(f"In {len(differs)} of them this machine differs from the committed matrix.")
    elif all(key_of(cell) in committed() for cell in cells):
        told.append(f"All as in the committed matrix of Python {this_python()}.")
    else:
        told.append(f"Not all are in the committed matrix: this is Python {this_python()}.")
    return "\n".join(textwrap.fill(sentence, WIDTH) for sentence in told)


def well(cells: Iterable[Cell]) -> bool:
    """Whether every cell ended in time and accounts for all its tasks."""
    return all(cell.over_s <= LATE and cell.accounted for cell in cells)
