"""The card of experiments: choose one, run it, see its chart, its sentence and its code.

Knows no control and no run of the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from markupsafe import Markup

from mpviz.core.errors import MpvizError, Refused
from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.page.activity import Activity
from mpviz.page.boxes import button, row, set_class
from mpviz.page.markup import code, element, listing
from mpviz.page.status import Status
from mpviz.page.widgets.figure import FigureView

NONE = ""
USUAL_HEIGHT = 320  # pixels


class ExperimentCard:
    """Experiments that are not a plan over mechanisms.

    Parameters
    ----------
    activity
        Through which plans are started.
    status
        Where the card says how things stand.
    on_choose
        Called without arguments when another experiment is chosen, or none.
    """

    def __init__(self, activity: Activity, status: Status, on_choose: Callable[[], object]) -> None:
        self._activity, self._status, self._on_choose = activity, status, on_choose
        self._findings: dict[str, Any] = {}
        titles = [(entry.title, name) for name, entry in EXPERIMENTS.items()]
        self.choice = widgets.Dropdown(
            options=[("Choose one…", NONE), *titles], value=NONE, description="Experiments"
        ).add_class("mpviz-choice")
        self.run_button = button("Run the experiment", "primary", disabled=True)
        self.close_button = button("Put it away")
        self._head = widgets.HTML(_head("Experiment", "Choose one above."))
        self._verdict = widgets.HTML()
        self._view: FigureView | None = None
        self._chart = widgets.VBox().add_class("mpviz-chart")
        self._printed = widgets.HTML()
        self._code = widgets.HTML()
        buttons = row((self.run_button, self.close_button))
        self.card = widgets.VBox(
            [self._head, buttons, self._verdict, self._chart, self._printed, self._code]
        )
        for name in ("mpviz-card", "mpviz-experiment", "mpviz-unused"):
            self.card.add_class(name)

    def refresh_choice(self, _change: object = None) -> None:
        """Show the chosen experiment: what it is, and what it found last."""
        name = self.choice.value
        known = name in EXPERIMENTS
        set_class(self.card, "mpviz-unused", not known)
        self.refresh()
        if known:
            entry = EXPERIMENTS[name]
            self._head.value = _head(entry.title, entry.about)
            self._code.value = _folded("Its code", code(entry.source, f"Source of {entry.title}"))
        else:
            self._head.value = _head("Experiment", "Choose one above.")
            self._code.value = ""
        self._show(self._findings.get(name))
        self._on_choose()

    def refresh(self) -> None:
        """Enable and disable what depends on whether something runs."""
        self.choice.disabled = self._activity.busy
        self.run_button.disabled = self._activity.busy or self.choice.value not in EXPERIMENTS

    def close(self, _button: object = None) -> None:
        """Choose none."""
        if not self._activity.busy:
            self.choice.value = NONE

    async def run(self, name: str, deadline: float) -> bool:
        """Run an experiment and show what it found.

        Returns
        -------
        bool
            Whether it was run to its end.
        """
        if self._activity.busy:
            return False
        if name not in EXPERIMENTS:
            raise Refused("There is no such experiment.")
        self._status.clear_error()
        self.choice.value = name
        experiment = EXPERIMENTS[name]
        with self._status.on_failure("The experiment was not run to its end."):
            async with self._activity.turn(self._status.show):
                self._status.show(f"Running the experiment: {experiment.title}…")
                try:
                    finding = await asyncio.to_thread(
                        experiment.function, timeout=deadline, start=self._activity.start
                    )
                except MpvizError:
                    if not self._activity.cancelled:
                        raise
                if self._activity.cancelled:
                    self._status.show("Cancelled.")
                    return False
                self._findings[name] = finding
        with self._status.on_failure("The experiment was run, but its result can't be shown."):
            self._show(finding)
        self._status.show("Done.")
        return True

    def _show(self, finding: Any) -> None:
        if finding is None:
            self._verdict.value = self._printed.value = ""
            self._chart.children = ()
            return
        self._verdict.value = element("p", finding.sentence, "mpviz-verdict", role="status")
        figure = finding.draw()
        height = int(figure.height or USUAL_HEIGHT)
        if self._view is None:
            self._view = FigureView(figure, label=finding.sentence, height=height)
        else:
            with self._view.hold_sync():
                self._view.height, self._view.label = height, finding.sentence
                self._view.show(figure)
        self._chart.children = (self._view,)
        self._printed.value = (
            _folded("What it printed", listing(finding.printed, "What it printed"), True)
            if finding.printed
            else ""
        )


def _head(title: str, about: str) -> str:
    return element("h2", title) + element("p", about, "mpviz-lead")


def _folded(summary: str, content: Markup, unfolded: bool = False) -> str:
    opening = Markup("<details open>" if unfolded else "<details>")
    return opening + element("summary", summary) + content + Markup("</details>")
