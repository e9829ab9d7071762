"""The tabs of the page: which of its parts is shown.

Knows no part: it carries names. What comes from the browser is checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import traitlets

from mpviz.page.widgets.widget import ErrorHandler, Piece, ignore

HERE = Path(__file__).parent


class Tabs(Piece):
    """A list of tabs; the first is chosen.

    A part has the class ``mpviz-panel-`` and its name; the style sheet hides all but the one that
    ``data-tab`` of the page's root names.

    Parameters
    ----------
    names
        What is written on each tab, by the name of its part.
    on_choose
        Gets the name of the part that the reader chose.
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
        self._known = frozenset(names)  # not the synced list, which a browser can set

    def choose(self, tab: str) -> None:
        """Choose a part by its name."""
        self.chosen = tab
        self._on_choose(tab)

    def received(self, content: dict[str, object]) -> None:
        """The reader chose a tab."""
        tab = content.get("tab")
        if content.get("type") == "choose" and isinstance(tab, str) and tab in self._known:
            self.choose(tab)
