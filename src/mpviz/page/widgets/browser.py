"""Small pieces the page needs and ipywidgets lacks: download, copy, upload, a table, the looks.

Knows no run: they carry bytes, text and rows. What comes from the browser is checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets

from mpviz.page.widgets.widget import ErrorHandler, Piece, ignore

HERE = Path(__file__).parent
LONGEST_NAME = 120


class Looks(Piece):
    """The page's style sheet, once in a page however often it is shown; takes no room.

    To be put inside the element of class ``mpviz``, whose keys it keeps from JupyterLab.
    """

    _esm = HERE / "looks.js"
    _css = HERE / "style.css"


class DownloadButton(Piece):
    """A button that has the kernel make a file and the browser save it.

    Parameters
    ----------
    label
        On the button.
    make
        Gives the file's name and its bytes, when the button was pressed.
    on_error
        Gets what ``make`` raised.
    """

    _esm = HERE / "download.js"

    label = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        label: str,
        make: Callable[[], tuple[str, bytes]],
        *,
        disabled: bool = False,
        on_error: ErrorHandler = ignore,
    ) -> None:
        super().__init__(label=label, disabled=disabled, on_error=on_error)
        self._make = make

    def received(self, content: dict[str, object]) -> None:
        """Make the file for the view that asked; ``ask`` tells it from the others.

        It is answered in any case: until then the view takes no other press.
        """
        ask = content.get("ask")
        if content.get("type") != "make" or not _is_text(ask, 64):
            return
        if self.disabled:  # pressed before the view heard of that
            self.send({"type": "failed", "ask": ask})
            return
        try:
            name, data = self._make()
        except Exception:
            self.send({"type": "failed", "ask": ask})
            raise
        self.send({"type": "file", "ask": ask, "name": name}, [data])


class CopyButton(Piece):
    """A button that copies ``text``, which may be set again, and says so.

    Parameters
    ----------
    label
        On the button.
    text
        What is copied.
    link
        Copy a link instead: the page's own address with ``text`` as its query.
    """

    _esm = HERE / "copy.js"

    label = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    link = traitlets.Bool(False).tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, label: str, text: str = "", *, link: bool = False, disabled: bool = False
    ) -> None:
        super().__init__(label=label, text=text, link=link, disabled=disabled)


class Upload(Piece):
    """A labelled file input for one text file.

    Parameters
    ----------
    label
        Above the input.
    max_bytes
        A larger file is refused in the browser, and again here.
    on_file
        Gets the file's name and text.
    on_error
        Gets one sentence: why a file was refused, or what ``on_file`` raised.
    """

    _esm = HERE / "upload.js"

    label = traitlets.Unicode().tag(sync=True)
    max_bytes = traitlets.Int().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        label: str,
        max_bytes: int,
        *,
        on_file: Callable[[str, str], object],
        on_error: Callable[[str], object],
    ) -> None:
        super().__init__(
            label=label, max_bytes=max_bytes, on_error=lambda error: on_error(str(error))
        )
        self._on_file = on_file
        self._refuse = on_error

    def received(self, content: dict[str, object]) -> None:
        """A file, or why the browser did not send it."""
        kind, given, text = content.get("type"), content.get("name"), content.get("text")
        if self.disabled or not isinstance(given, str):
            return
        name = _file_name(given)
        if kind == "not text":
            self._refuse(f"{name} is not a text file in UTF-8.")
        elif kind == "too large" or (kind == "file" and self._too_large(text)):
            self._refuse(f"{name} is larger than the {_size(self.max_bytes)} that are allowed.")
        elif kind == "file" and isinstance(text, str):
            self._on_file(name, text)

    def _too_large(self, text: object) -> bool:
        return isinstance(text, str) and len(text.encode(errors="replace")) > self.max_bytes


class RunsTable(Piece):
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
    """

    _esm = HERE / "table.js"

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

    def received(self, content: dict[str, object]) -> None:
        """The reader chose a row."""
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


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest


def _file_name(given: str) -> str:
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:LONGEST_NAME] or "The file"


def _size(count: int) -> str:
    for unit, factor in (("MiB", 2**20), ("KiB", 2**10)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count} bytes"
