"""What the page says in words: how things stand, what went wrong, what a link asked in vain.

Knows no run and no control.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import ipywidgets as widgets

from mpviz.core.errors import Refused


class Said:
    """The page's status line, its error and its notice."""

    def __init__(self) -> None:
        self.status = widgets.HTML()
        self.error = widgets.HTML()
        self.notice = widgets.HTML()

    def say(self, text: str, done: int = 0, total: int = 0) -> None:
        """How things stand; with a bar where there is a total."""
        bar = ""
        if total:
            bar = f'<progress max="{total}" value="{done}" aria-label="tasks done"></progress>'
        self.status.value = (
            f'<div class="mpviz-status" role="status">{html.escape(text)}{bar}</div>'
        )

    @contextmanager
    def ending(self, otherwise: str) -> Iterator[None]:
        """Whatever breaks off what is done within, the status says so: it is under way no more."""
        try:
            yield
        except BaseException:
            self.say(otherwise)
            raise

    def tell(self, error: Exception, before: str = "") -> None:
        """Show a failure as a sentence; ours as it is, any other with its type."""
        text = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
        text = f"{before} {text}" if before else text
        self.error.value = f'<p class="mpviz-error" role="alert">{html.escape(text)}</p>'

    def clear_error(self) -> None:
        """What went wrong is no longer so."""
        self.error.value = ""

    def note(self, sentences: Sequence[str]) -> None:
        """Name what was ignored; nothing, where nothing was."""
        text = " ".join(sentences)
        self.notice.value = (
            f'<p class="mpviz-notice" role="status">{html.escape(text)}</p>' if text else ""
        )
