"""Text as HTML: elements, code with its colours, printed lines. Knows no run and no mechanism."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

MOST_LINES = 1000  # of what was printed, shown


def element(tag: str, content: str | Iterable[str], css: str = "", **attributes: str) -> Markup:
    """Write an HTML element.

    Parameters
    ----------
    tag
        Its name.
    content
        One or several texts; what is not `Markup` already is escaped.
    css
        Its classes.
    **attributes
        Others, with an underscore for each hyphen: ``aria_label``.
    """
    named = {"class": css} if css else {}
    named |= {name.replace("_", "-"): value for name, value in attributes.items()}
    written = Markup("").join(Markup(' {}="{}"').format(*pair) for pair in named.items())
    inside = escape(content) if isinstance(content, str) else Markup("").join(content)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), written, inside)


def hint(text: str) -> Markup:
    """Write a small explanation; nothing where there is no text."""
    return element("div", text, "mpviz-hint") if text else Markup("")


def code(source: str, label: str) -> Markup:
    """Highlight Python code, in a box that keys can scroll."""
    formatter = HtmlFormatter(nowrap=False, cssclass="highlight")
    return _scrolled(Markup(highlight(source, PythonLexer(), formatter)), "mpviz-code", label)


def listing(lines: Sequence[str], label: str) -> Markup:
    """Show lines as they are, the first thousand of them."""
    shown = list(lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        shown.append(f"… and {len(lines) - MOST_LINES:,} entries more")
    return _scrolled(element("pre", "\n".join(shown)), "mpviz-printed", label)


def prose(docstring: str) -> Markup:
    """Show a docstring as paragraphs; what stands in backticks becomes code."""
    paragraphs = []
    for block in inspect.cleandoc(docstring).split("\n\n"):
        parts = " ".join(block.split()).replace("``", "`").split("`")
        marked = [element("code", part) if i % 2 else part for i, part in enumerate(parts)]
        paragraphs.append(element("p", marked))
    return element("div", paragraphs, "mpviz-prose")


def _scrolled(content: Markup, css: str, label: str) -> Markup:
    return element("div", content, css, tabindex="0", role="region", aria_label=label)
