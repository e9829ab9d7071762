"""The matrix of the fault lab: a word in each cell, and each cell is a button.

Knows no run and no fault: it carries names and words. What comes from the browser is checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import traitlets

from mpviz.page.widgets.base import BaseWidget
from mpviz.page.widgets.handlers import ErrorHandler, ignore

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a row or column.

    Attributes
    ----------
    name
        By which a press names it.
    label
        What is written on it.
    description
        What pressing it does, for a screen reader.
    title
        The same and more, for a mouse that rests on it.
    """

    name: str
    label: str
    description: str
    title: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a cell shows.

    Attributes
    ----------
    kind
        How it looks: the end of a class's name in the style sheet.
    text
        The word itself.
    description
        What it means, for a screen reader.
    opens
        Whether pressing the cell opens it, instead of running it.
    """

    kind: str
    text: str
    description: str
    opens: bool = False


class Matrix(BaseWidget):
    """Rows and columns of words; each cell, and each head, is a button.

    Parameters
    ----------
    rows, columns
        The heads, of mechanisms and of faults.
    label
        What it shows, for a screen reader.
    empty
        What a cell shows at first.
    on_press
        Gets the names of a row and a column; one of them is empty where a head was pressed.
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
            rows=[asdict(row) for row in rows],
            columns=[asdict(column) for column in columns],
            label=label,
            empty=asdict(empty),
            on_error=on_error,
        )
        self._on_press = on_press
        self._names = {row.name for row in rows}, {column.name for column in columns}

    def show(self, words: Mapping[tuple[str, str], Word]) -> None:
        """Replace what the cells show, by the names of row and column, in one message."""
        cells: dict[str, dict[str, dict[str, object]]] = {}
        for (row, column), word in words.items():
            cells.setdefault(row, {})[column] = asdict(word)
        self.cells = cells

    def focus_on(self, row: str, column: str) -> None:
        """Bring a cell into view, and the focus to it."""
        self.send({"type": "focus", "mechanism": row, "fault": column})

    def handle_message(self, content: dict[str, object]) -> None:
        """Pass on that the reader pressed a cell or a head."""
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
