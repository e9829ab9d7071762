"""The fault matrix in a terminal: a line for each cell as it ends, then the table."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Sequence

from mpviz.cli.printing import write
from mpviz.faults.lab import report
from mpviz.faults.lab.cell import Cell, Seen, frame
from mpviz.faults.lab.committed import differing

STYLES = {
    Seen.RIGHT: "green",
    Seen.LEFT: "yellow",
    Seen.RAISED: "yellow",
    Seen.MEMORY: "magenta",
    Seen.DIED: "magenta",
    Seen.CANCELLED: "dim",
}
WORST = "bold red"  # lost, hung or wrong, and nobody is told


def observe(
    stream: Generator[Cell, None, None], say: Callable[[str], object]
) -> tuple[list[Cell], bool]:
    """Run the cells and say each as it ends; the cells, and whether Ctrl-C cancelled the rest."""
    cells: list[Cell] = []
    try:
        for cell in stream:
            cells.append(cell)
            say(report.line(cell, *differing([cell]).values()))
    except KeyboardInterrupt:
        return cells, True
    finally:
        stream.close()
    return cells, False


def as_json(cells: Sequence[Cell], *, cancelled: bool) -> str:
    """One document: a row for each cell, and where they differ from the committed matrix."""
    differs = [
        {"mechanism": mechanism, "fault": fault, "committed": sorted(seen)}
        for (_, _, mechanism, fault), seen in differing(cells).items()
    ]
    rows = json.loads(frame(cells).to_json(orient="records"))
    return json.dumps({"cancelled": cancelled, "cells": rows, "differs": differs}, indent=1)


def show(cells: Sequence[Cell], asked: int) -> None:
    """Print what was seen: everything about a single cell, or the table of several."""
    differs = differing(cells)
    if len(cells) == asked == 1:
        write(f"\n{report.in_full(cells[0])}\n")
    elif cells:
        rows = report.table(cells, differs)
        write("")
        if sys.stdout.isatty():
            _colourful(rows)
        else:
            write(report.plain(rows))
        write(f"\n{report.legend(cells, differs)}\n")
    write(report.summary(cells, asked, differs))


def _colourful(rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {mark: STYLES.get(seen, WORST) for seen, mark in report.MARKS.items()}
    table = Table(box=None, padding=(0, 0, 0, 1), pad_edge=False)
    for heading in rows[0]:
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name, *marks in rows[1:]:
        table.add_row(name, *(Text(mark, styles.get(mark[:1], "")) for mark in marks))
    Console().print(table)
