"""Where everything stands on the page. Knows no tab and no handler: it gets their boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ipywidgets as widgets
from markupsafe import Markup

from mpviz.page.boxes import row
from mpviz.page.widgets.style import StyleSheet

HEAD = Markup(
    '<div class="mpviz-head"><h1>mpviz</h1><p>See what your parallel Python is doing: choose '
    "how tasks reach their workers, press Run, and watch each worker at work.</p></div>"
)


def lay_out(
    root: widgets.VBox,
    *,
    unseen: Iterable[widgets.Widget],
    tabs: widgets.Widget,
    bar: Iterable[widgets.Widget],
    notice: widgets.Widget,
    panels: Mapping[str, widgets.Widget],
) -> None:
    """Fill the page; in the order in which it is read, and in which the Tab key moves.

    Parameters
    ----------
    root
        The page.
    unseen
        What cannot be seen.
    tabs
        The list of tabs.
    bar
        Buttons that belong to the page as a whole.
    notice
        What a link could not set.
    panels
        The box of each tab, by its name.
    """
    top = widgets.VBox([widgets.HTML(HEAD), tabs, row(bar, "mpviz-bar"), notice])
    boxes = [panel.add_class(f"mpviz-panel-{name}") for name, panel in panels.items()]
    root.children = (StyleSheet(), *unseen, top.add_class("mpviz-top"), *boxes)
