"""The matrix of the fault lab: a word a cell, buttons all over.

Knows no run and no fault: it carries names and words. What comes from the browser is checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import traitlets

from mpviz.page.widgets.widget import ErrorHandler, Piece, ignore

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a row or column: its name, what is written on it, what it does and is."""

    name: str
    label: str
    told: str  # what pressing it does, for a screen reader
    title: str  # the same and more, for a mouse that rests on it


@dataclass(frozen=True, slots=True)
class Word:
    """What a cell shows: how it looks, in a word, and in a sentence; whether it opens."""

    kind: str
    word: str
    told: str
    opens: bool = False


class Matrix(Piece):
    """Rows and columns of words; each cell, and each head, is a button.

    Parameters
    ----------
    rows, columns
        The heads, of mechanisms and of faults.
    label
        What it shows, for a screen reader.
    empty
        What a cell shows of which nothing else is said.
    on_press
        Gets the name of a row and that of a column; one of them is empty where a head was pressed.
    on_error
        Gets what ``on_press`` raised.
    """

    _esm = HERE / "matrix.js"

    label = traitlets.Unicode().tag(sync=True)
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    empty = traitlets.Dict().tag(sync=True)
    cells = traitlets.Dict().tag(sync=True)
    opened = traitlets.List(traitlets.Unicode(), ["", ""]).tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        rows: Sequence[Head],
        columns: Sequence[Head],
        *,
        label: str,
        empty: Word,
        on_press: Callable[[str, str], object],
        on_error: ErrorHandler = ignore,
    ) -> None:
        super().__init__(
            rows=[_head(row) for row in rows],
            columns=[_head(column) for column in columns],
            label=label,
            empty=_word(empty),
            on_error=on_error,
        )
        self._on_press = on_press
        self._names = {row.name for row in rows}, {column.name for column in columns}

    def show(self, words: Mapping[tuple[str, str], Word]) -> None:
        """Replace what the cells show, by names of row and column, in one message."""
        cells: dict[str, dict[str, dict[str, object]]] = {}
        for (row, column), word in words.items():
            cells.setdefault(row, {})[column] = _word(word)
        self.cells = cells

    def focus_on(self, row: str, column: str) -> None:
        """Bring a cell into view, and the focus to it."""
        self.send({"type": "focus", "mechanism": row, "fault": column})

    def received(self, content: dict[str, object]) -> None:
        """The reader pressed a cell or a head."""
        row, column = content.get("mechanism"), content.get("fault")
        rows, columns = self._names
        if (
            content.get("type") != "press"
            or not isinstance(row, str)
            or not isinstance(column, str)
        ):
            return
        if (row in rows or not row) and (column in columns or not column) and (row or column):
            self._on_press(row, column)


def _head(head: Head) -> dict[str, object]:
    return {"name": head.name, "label": head.label, "told": head.told, "title": head.title}


def _word(word: Word) -> dict[str, object]:
    return {"kind": word.kind, "word": word.word, "told": word.told, "opens": word.opens}
