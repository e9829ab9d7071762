"""The page's style sheet. Knows no widget."""

from __future__ import annotations

from pathlib import Path

from mpviz.page.widgets.base import BaseWidget
from mpviz.page.widgets.colours import CHART_COLOURS, PAGE_COLOURS

HERE = Path(__file__).parent


class StyleSheet(BaseWidget):
    """The page's style sheet, once in a page however often it is shown; cannot be seen.

    It belongs inside the element of class ``mpviz``, whose keys it keeps from JupyterLab.
    """

    _esm = HERE / "style.js"
    _css = "\n".join((PAGE_COLOURS, CHART_COLOURS, (HERE / "style.css").read_text("utf-8")))
