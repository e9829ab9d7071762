"""What the page says: how things stand, what went wrong, what a link could not set.

Knows no run and no control.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import ipywidgets as widgets

from mpviz.core.errors import MpvizError
from mpviz.page.markup import element
from mpviz.page.widgets.handlers import guarded


class Status:
    """The page's status line, its error and its notice."""

    def __init__(self) -> None:
        self.line = widgets.HTML()
        self.error = widgets.HTML()
        self.notice = widgets.HTML()

    def show(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say how things stand; with a progress bar where there is a total."""
        parts = [text]
        if total:
            bar = {"max": str(total), "value": str(done), "aria_label": "tasks done"}
            parts.append(element("progress", "", **bar))
        self.line.value = element("div", parts, "mpviz-status", role="status")

    @contextmanager
    def on_failure(self, text: str) -> Iterator[None]:
        """Show this text when an exception leaves the block, so that no "Running…" stays."""
        try:
            yield
        except BaseException:
            self.show(text)
            raise

    def show_error(self, error: Exception, before: str = "") -> None:
        """Show a failure as a sentence: one of ours as it is, any other error with its type."""
        text = str(error) if isinstance(error, MpvizError) else f"{type(error).__name__}: {error}"
        text = f"{before} {text}" if before else text
        self.error.value = element("p", text, "mpviz-error", role="alert")

    def guard(self, handler: Callable[..., object]) -> Callable[..., None]:
        """Wrap a widget's handler so that its exceptions are shown here."""
        return guarded(handler, self.show_error)

    def clear_error(self) -> None:
        """Take the error away."""
        self.error.value = ""

    def show_notice(self, sentences: Sequence[str]) -> None:
        """Name what was ignored; without a sentence, take the notice away."""
        text = " ".join(sentences)
        self.notice.value = element("p", text, "mpviz-notice", role="status") if text else ""
