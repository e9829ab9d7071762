"""The card of experiments: choose one, run it, see its chart, its sentence and its code.

Knows no control and no run of the visit.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from mpviz.core.errors import Refused
from mpviz.core.record import Line
from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.page.activity import Turn
from mpviz.page.markup import code, listing
from mpviz.page.status import Said
from mpviz.page.widgets.figure import FigureView

NONE = ""
USUAL_HEIGHT = 320


class ExperimentCard:
    """Experiments that are not a plan over mechanisms.

    Parameters
    ----------
    turn
        Through which plans are started.
    said
        Where the card says how things stand.
    on_show
        Called when the reader chose an experiment, or put it away.
    """

    def __init__(self, turn: Turn, said: Said, on_show: Callable[[], object]) -> None:
        self._turn, self._said, self._on_show = turn, said, on_show
        self._findings: dict[str, Any] = {}
        titles = [(entry.title, name) for name, entry in EXPERIMENTS.items()]
        self.choice = widgets.Dropdown(
            options=[("Choose one…", NONE), *titles], value=NONE, description="Experiments"
        ).add_class("mpviz-choice")
        self.run_button = widgets.Button(
            description="Run the experiment", button_style="primary", disabled=True
        )
        self.close_button = widgets.Button(description="Put it away")
        self._head = widgets.HTML(_head("Experiment", "Choose one above."))
        self._verdict = widgets.HTML()
        self._view: FigureView | None = None
        self._chart = widgets.VBox().add_class("mpviz-chart")
        self._printed = widgets.HTML()
        self._code = widgets.HTML()
        buttons = widgets.HBox([self.run_button, self.close_button]).add_class("mpviz-actions")
        self.card = widgets.VBox(
            [self._head, buttons, self._verdict, self._chart, self._printed, self._code]
        )
        for name in ("mpviz-card", "mpviz-experiment", "mpviz-unused"):
            self.card.add_class(name)

    def chosen(self, _change: object = None) -> None:
        """Show what the reader chose: what it is, and what came of it last."""
        name = self.choice.value
        known = name in EXPERIMENTS
        (self.card.remove_class if known else self.card.add_class)("mpviz-unused")
        self.refresh()
        if known:
            entry = EXPERIMENTS[name]
            self._head.value = _head(entry.title, entry.about)
            self._code.value = _folded("Its code", code(entry.source, f"Source of {entry.title}"))
        else:
            self._head.value = _head("Experiment", "Choose one above.")
            self._code.value = ""
        self._show(self._findings.get(name))
        self._on_show()

    def refresh(self) -> None:
        """Whether it can be run now."""
        self.choice.disabled = self._turn.busy
        self.run_button.disabled = self._turn.busy or self.choice.value not in EXPERIMENTS

    def put_away(self, _button: object = None) -> None:
        """Choose none."""
        if not self._turn.busy:
            self.choice.value = NONE

    async def run(self, name: str, deadline: float) -> bool:
        """Run an experiment and show what came of it.

        Returns
        -------
        bool
            Whether it was run to its end.
        """
        if self._turn.busy:
            return False
        if name not in EXPERIMENTS:
            raise Refused("There is no such experiment.")
        self._said.clear_error()
        self.choice.value = name
        experiment = EXPERIMENTS[name]
        with self._said.ending("The experiment was not run to its end."):
            async with self._turn.taken(self._said.say):
                self._said.say(f"Running the experiment: {experiment.title}…")
                try:
                    finding = await asyncio.to_thread(
                        experiment.function, timeout=deadline, start=self._turn.start
                    )
                except Refused:
                    if not self._turn.cancelled:
                        raise
                if self._turn.cancelled:
                    self._said.say("Cancelled.")
                    return False
                self._findings[name] = finding
        with self._said.ending("The experiment was run; what came of it can't be shown."):
            self._show(finding)
        self._said.say("Done.")
        return True

    def _show(self, finding: Any) -> None:
        if finding is None:
            self._verdict.value = self._printed.value = ""
            self._chart.children = ()
            return
        sentence = html.escape(finding.sentence)
        self._verdict.value = f'<p class="mpviz-verdict" role="status">{sentence}</p>'
        figure = finding.draw()
        height = int(figure.height or USUAL_HEIGHT)
        if self._view is None:
            self._view = FigureView(figure, label=finding.sentence, height=height)
        else:
            with self._view.hold_sync():
                self._view.height, self._view.label = height, finding.sentence
                self._view.show(figure)
        self._chart.children = (self._view,)
        lines = [line.text if isinstance(line, Line) else str(line) for line in finding.printed]
        self._printed.value = (
            _folded("What it printed", listing(lines, "What it printed"), True) if lines else ""
        )


def _head(title: str, about: str) -> str:
    return f'<h2>{html.escape(title)}</h2><p class="mpviz-lead">{html.escape(about)}</p>'


def _folded(summary: str, content: str, unfolded: bool = False) -> str:
    mark = " open" if unfolded else ""
    return f"<details{mark}><summary>{html.escape(summary)}</summary>{content}</details>"
