"""A run of cells: which were asked for, and which are done. Knows no widget and runs nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from mpviz.faults.lab.cell import Cell, Seen
from mpviz.page.lab.words import progress, summary

Key = tuple[str, str]  # a mechanism and a fault


@dataclass(slots=True)
class Batch:
    """Cells that were asked for at once."""

    asked: list[Key]
    began: float = 0.0
    seen: dict[Key, Cell] = field(default_factory=dict)
    started: set[Key] = field(default_factory=set)  # added to by threads

    def begin(self) -> None:
        """Start the clock."""
        self.began = time.monotonic()

    def under_way(self) -> set[Key]:
        """The cells that run now."""
        return self.started.copy() - self.seen.keys()

    def progress(self) -> str:
        """Say how many cells are done."""
        hung = sum(cell.seen is Seen.HUNG for cell in self.seen.values())
        return progress(len(self.seen), len(self.asked), hung, self._elapsed())

    def summary(self, cancelled: bool) -> str:
        """Sum it up when it is over."""
        return summary(len(self.seen), len(self.asked), self._elapsed(), cancelled)

    def _elapsed(self) -> float:
        return time.monotonic() - self.began


def blocks_of(keys: Sequence[Key]) -> list[tuple[list[str], list[str]]]:
    """Group cells into few blocks: mechanisms and faults, of which every pair is asked for."""
    columns: dict[str, list[str]] = {}
    for mechanism, fault in keys:
        columns.setdefault(fault, []).append(mechanism)
    blocks: list[tuple[list[str], list[str]]] = []
    for fault, mechanisms in columns.items():
        if blocks and blocks[-1][0] == mechanisms:
            blocks[-1][1].append(fault)
        else:
            blocks.append((mechanisms, [fault]))
    return blocks
