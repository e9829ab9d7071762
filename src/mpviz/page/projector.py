"""The projector view: larger type, one chart at a time, the controls tucked away.

Knows no chart: it says by classes of the page's root which one is looked at.
"""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from mpviz.page.widgets.address import ProjectorButton
from mpviz.page.widgets.widget import ErrorHandler

CHARTS = {
    "Timeline": "mpviz-see-t",
    "Speedup": "mpviz-see-s",
    "Where the time went": "mpviz-see-l",
    "Code": "mpviz-see-c",
    "Experiment": "mpviz-see-x",
}
TIMELINE, SPEEDUP, EXPERIMENT = "Timeline", "Speedup", "Experiment"


class Projector:
    """A button that turns it on, and what chooses the chart meanwhile."""

    def __init__(
        self,
        guard: Callable[[Callable[..., object]], Callable[..., None]],
        on_error: ErrorHandler,
    ) -> None:
        self.button = ProjectorButton(self._turn, on_error=on_error)
        self.charts = widgets.ToggleButtons(
            options=list(CHARTS), value=TIMELINE, description="One chart at a time"
        )
        self.controls = widgets.ToggleButton(description="Controls", value=False)
        self.bar = widgets.HBox([self.charts, self.controls]).add_class("mpviz-projector-bar")
        self._root = widgets.VBox()
        self.charts.observe(guard(self._chosen), "value")
        self.controls.observe(guard(self._chosen), "value")

    def attach(self, root: widgets.Widget) -> None:
        """The page whose look it changes."""
        self._root = root
        self._chosen()

    def look_at(self, chart: str) -> None:
        """Bring a chart to the front."""
        self.charts.value = chart

    def _turn(self, on: bool) -> None:
        _mark(self._root, "mpviz-projector", on)

    def _chosen(self, _change: object = None) -> None:
        for chart, name in CHARTS.items():
            _mark(self._root, name, self.charts.value == chart)
        _mark(self._root, "mpviz-with-controls", self.controls.value is True)


def _mark(root: widgets.Widget, name: str, on: bool) -> None:
    (root.add_class if on else root.remove_class)(name)
