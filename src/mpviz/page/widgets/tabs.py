"""The page's tabs: which of its panels is shown.

Knows no panel: it carries names. What comes from the browser is checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import traitlets

from mpviz.page.widgets.base import BaseWidget
from mpviz.page.widgets.handlers import ErrorHandler, ignore

HERE = Path(__file__).parent


class Tabs(BaseWidget):
    """A list of tabs; at first the first is chosen.

    A panel has the class ``mpviz-panel-`` and its name. The style sheet shows the panel that the
    root's ``data-tab`` names, and hides the others.

    Parameters
    ----------
    names
        What is written on each tab, by the name of its panel.
    on_choose
        Gets the name of the panel that was chosen.
    on_error
        Gets what ``on_choose`` raised.
    """

    _esm = HERE / "tabs.js"

    names = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        names: Mapping[str, str],
        on_choose: Callable[[str], object],
        *,
        on_error: ErrorHandler = ignore,
    ) -> None:
        pairs = [list(pair) for pair in names.items()]
        super().__init__(names=pairs, chosen=pairs[0][0], on_error=on_error)
        self._on_choose = on_choose
        self._known = frozenset(names)

    def choose(self, tab: str) -> None:
        """Choose a panel by its name."""
        self.chosen = tab
        self._on_choose(tab)

    def handle_message(self, content: dict[str, object]) -> None:
        """Choose the tab that the reader chose."""
        tab = content.get("tab")
        if content.get("type") == "choose" and isinstance(tab, str) and tab in self._known:
            self.choose(tab)
