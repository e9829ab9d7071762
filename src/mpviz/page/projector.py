"""Which chart is looked at, and the projector view: larger type, that chart alone.

Knows no chart: it sets classes of the page's root, and the style sheet does the rest.
"""

from __future__ import annotations

import ipywidgets as widgets

from mpviz.page.boxes import row, set_class
from mpviz.page.widgets.handlers import ErrorHandler, Guard
from mpviz.page.widgets.projector_button import ProjectorButton

CHARTS = {
    "Timeline": "mpviz-see-t",
    "Speedup": "mpviz-see-s",
    "Where the time went": "mpviz-see-l",
    "Code": "mpviz-see-c",
    "Experiment": "mpviz-see-x",
}
TIMELINE, SPEEDUP, EXPERIMENT = "Timeline", "Speedup", "Experiment"


class Projector:
    """The button that turns the projector view on, and the bar that chooses its chart.

    Parameters
    ----------
    root
        The page, whose classes it sets.
    guard
        Wraps a handler so that its exceptions are shown.
    on_error
        Gets what the button's handler raised.
    """

    def __init__(self, root: widgets.Widget, guard: Guard, on_error: ErrorHandler) -> None:
        self._root = root
        self.button = ProjectorButton(self._switch, on_error=on_error)
        self._chart = widgets.ToggleButtons(
            options=list(CHARTS), value=TIMELINE, description="One chart at a time"
        )
        self._controls = widgets.ToggleButton(description="Controls", value=False)
        self.bar = row((self._chart, self._controls), "mpviz-projector-bar")
        self._chart.observe(guard(self._update), "value")
        self._controls.observe(guard(self._update), "value")
        self._update()

    def look_at(self, chart: str) -> None:
        """Bring a chart to the front."""
        self._chart.value = chart
        set_class(self._root, "mpviz-on-experiment", chart == EXPERIMENT)
        set_class(self._root, "mpviz-on-speedup", chart == SPEEDUP)

    def _switch(self, on: bool) -> None:
        set_class(self._root, "mpviz-projector", on)

    def _update(self, _change: object = None) -> None:
        for chart, css in CHARTS.items():
            set_class(self._root, css, self._chart.value == chart)
        set_class(self._root, "mpviz-with-controls", self._controls.value is True)
