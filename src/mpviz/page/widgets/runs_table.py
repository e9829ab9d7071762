"""A table of text in which one row can be chosen. Knows no run: it carries rows of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets

from mpviz.page.widgets.base import BaseWidget
from mpviz.page.widgets.handlers import ErrorHandler, ignore

HERE = Path(__file__).parent


class RunsTable(BaseWidget):
    """A table of text in which one row can be chosen.

    Parameters
    ----------
    columns
        ``{"key", "label", "align"}`` each; align is ``"left"`` or ``"right"``.
    label
        What the table shows, for a screen reader.
    empty
        The sentence shown while there are no rows.
    on_select
        Gets the row's number when the reader, not the kernel, chose it.
    on_error
        Gets what ``on_select`` raised.
    """

    _esm = HERE / "runs_table.js"

    label = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)
    columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    selected = traitlets.Int(-1).tag(sync=True)

    def __init__(
        self,
        columns: Sequence[Mapping[str, str]],
        *,
        label: str,
        empty: str = "",
        on_select: Callable[[int], object] = ignore,
        on_error: ErrorHandler = ignore,
    ) -> None:
        super().__init__(
            columns=[dict(c) for c in columns], label=label, empty=empty, on_error=on_error
        )
        self._on_select = on_select

    def show(self, rows: Sequence[Mapping[str, str]], selected: int = -1) -> None:
        """Replace the rows and which of them is chosen, in one message."""
        with self.hold_sync():
            self.selected = -1
            self.rows = [dict(row) for row in rows]
            self.selected = selected

    def handle_message(self, content: dict[str, object]) -> None:
        """Select the row that the reader chose."""
        row = content.get("row")
        if content.get("type") == "select" and type(row) is int and 0 <= row < len(self.rows):
            self.selected = row
            self._on_select(row)

    @traitlets.validate("selected")
    def _in_range(self, proposal: dict[str, Any]) -> int:
        row = proposal["value"]
        if type(row) is not int or not -1 <= row < len(self.rows):
            raise traitlets.TraitError(f"there is no row {row!r}")
        return row
