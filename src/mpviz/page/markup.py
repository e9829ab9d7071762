"""Text as HTML: code with its colours, what was printed. Knows no run and no mechanism."""

from __future__ import annotations

import html
import inspect
from collections.abc import Sequence

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

MOST_LINES = 1000  # of what was printed, shown


def code(source: str, label: str) -> str:
    """Python code, highlighted, in a box that can be scrolled by keys."""
    formatter = HtmlFormatter(nowrap=False, cssclass="highlight")
    told = f'tabindex="0" role="region" aria-label="{html.escape(label)}"'
    return f'<div class="mpviz-code" {told}>{highlight(source, PythonLexer(), formatter)}</div>'


def listing(lines: Sequence[str], label: str) -> str:
    """Lines as they are, the first thousand of them."""
    told = list(lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        told.append(f"… and {len(lines) - MOST_LINES:,} entries more")
    text = html.escape("\n".join(told))
    box = f'tabindex="0" role="region" aria-label="{html.escape(label)}"'
    return f'<div class="mpviz-printed" {box}><pre>{text}</pre></div>'


def prose(docstring: str) -> str:
    """A docstring as paragraphs; double backticks become code."""
    paragraphs = []
    for block in inspect.cleandoc(docstring).split("\n\n"):
        parts = html.escape(" ".join(block.split())).replace("``", "`").split("`")
        marked = "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(parts))
        paragraphs.append(f"<p>{marked}</p>")
    return f'<div class="mpviz-prose">{"".join(paragraphs)}</div>'
