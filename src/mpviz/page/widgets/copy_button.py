"""A button that copies a text. Knows no run."""

from __future__ import annotations

from pathlib import Path

import traitlets

from mpviz.page.widgets.base import BaseWidget

HERE = Path(__file__).parent


class CopyButton(BaseWidget):
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

    _esm = HERE / "copy_button.js"

    label = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    link = traitlets.Bool(False).tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, label: str, text: str = "", *, link: bool = False, disabled: bool = False
    ) -> None:
        super().__init__(label=label, text=text, link=link, disabled=disabled)
