"""A file input for one file. Knows no run: it hands over a name and a text, both checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import traitlets

from mpviz.core.text import size
from mpviz.page.widgets.base import BaseWidget

HERE = Path(__file__).parent
LONGEST_NAME = 120


class Upload(BaseWidget):
    """A labelled file input for one file.

    Parameters
    ----------
    label
        Above the input.
    max_bytes
        A larger file is refused in the browser, and again here.
    on_file
        Gets the file's name and text, or its bytes in Base64.
    binary
        Take a zip, and no text.
    on_error
        Gets one sentence: why a file was refused, or what ``on_file`` raised.
    """

    _esm = HERE / "upload.js"

    label = traitlets.Unicode().tag(sync=True)
    max_bytes = traitlets.Int().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
    binary = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        label: str,
        max_bytes: int,
        *,
        on_file: Callable[[str, str], object],
        on_error: Callable[[str], object],
        binary: bool = False,
    ) -> None:
        super().__init__(
            label=label,
            max_bytes=max_bytes,
            binary=binary,
            on_error=lambda error: on_error(str(error)),
        )
        self._on_file = on_file
        self._refuse = on_error

    def handle_message(self, content: dict[str, object]) -> None:
        """Take a file, or say why the browser did not send it."""
        kind, given, text = content.get("type"), content.get("name"), content.get("text")
        if self.disabled or not isinstance(given, str):
            return
        name = _file_name(given)
        if kind == "not text":
            self._refuse(f"{name} is not a text file in UTF-8.")
        elif kind == "too large" or (kind == "file" and self._too_large(text)):
            self._refuse(f"{name} is larger than the {size(self.max_bytes)} that are allowed.")
        elif kind == "file" and isinstance(text, str):
            self._on_file(name, text)

    def _too_large(self, text: object) -> bool:
        if not isinstance(text, str):
            return False
        most = self.max_bytes * 4 // 3 + 4 if self.binary else self.max_bytes  # as Base64
        return len(text) > most or len(text.encode(errors="replace")) > most


def _file_name(given: str) -> str:
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:LONGEST_NAME] or "The file"
