"""The page: the only place that knows both controls and views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.mechanisms import MECHANISMS
from mpviz.page import links
from mpviz.page.activity import Turn
from mpviz.page.controls import Controls, most_workers
from mpviz.page.experiments.tab import ExperimentCard
from mpviz.page.lab.tab import FaultLab
from mpviz.page.layout import lay_out
from mpviz.page.lesson.steps import LESSON, Act, Step
from mpviz.page.lesson.tab import Walk, told
from mpviz.page.projector import EXPERIMENT, SPEEDUP, TIMELINE, Projector
from mpviz.page.session import Visit
from mpviz.page.status import Said
from mpviz.page.views import Views
from mpviz.page.widgets.address import Address
from mpviz.page.widgets.browser import CopyButton, DownloadButton
from mpviz.page.widgets.tabs import Tabs
from mpviz.page.widgets.widget import guarded

RUN = "run"
TABS = {RUN: "Run", "faults": "Fault lab"}


def build(start: runner.Start = runner.start) -> widgets.Widget:
    """The dashboard, to be shown by a notebook's cell.

    Parameters
    ----------
    start
        How a plan is started; a test may hand in its own.
    """
    return Page(start).root


class Page:
    """Controls, views, the runs of one visit, the walk, the lab, and what a press does."""

    def __init__(self, start: runner.Start = runner.start) -> None:
        self.said = Said()
        self.turn = Turn(start, self._guard(self._turn_changed))
        self.run_button = _button("Run", "primary")
        self.cancel_button = _button("Cancel", disabled=True)
        self.sweep_button = _button("Run 1…2")
        self.compare_button = _button("Compare mechanisms")
        self.download = DownloadButton(
            "Download CSV", self.make_zip, disabled=True, on_error=self.said.tell
        )
        self.copy_python = CopyButton("Copy as Python")
        self.copy_shell = CopyButton("Copy as shell line")
        self.copy_link = CopyButton("Copy link", link=True)
        self.address = Address(self.follow, on_error=self.said.tell)
        self.controls = Controls(self.refresh, self._guard)
        self.views = Views(
            lanes=self.controls.workers.value,
            most_workers=most_workers(),
            on_select=self.select,
            on_error=self.said.tell,
        )
        self.visit = Visit(self.turn, self.views, self.said)
        self.experiment = ExperimentCard(self.turn, self.said, self._experiment_shown)
        self.lab = FaultLab(self.turn, self.address.show)
        self.tabs = Tabs(TABS, self._tab_chosen, on_error=self.said.tell)
        self.walk = Walk(self.act, self._step_shown, self._guard)
        self.projector = Projector(self._guard, self.said.tell)
        for button, handler in (
            (self.run_button, self.run),
            (self.sweep_button, self.run_over_workers),
            (self.compare_button, self.compare),
            (self.cancel_button, self.cancel),
            (self.experiment.run_button, self.run_experiment),
            (self.experiment.close_button, self.experiment.put_away),
        ):
            button.on_click(self._guard(handler))
        self.experiment.choice.observe(self._guard(self.experiment.chosen), "value")
        self.root = lay_out(self)
        self.projector.attach(self.root)
        self.refresh()
        self._say_what_run_does()

    def _guard(self, handler: Callable[..., object]) -> Callable[..., None]:
        return guarded(handler, self.said.tell)

    def refresh(self) -> None:
        """Bring up to date what follows from the choices."""
        self.said.clear_error()
        self.said.note(())
        mechanism = self.controls.mechanism.value
        if mechanism in MECHANISMS:
            self.views.show_code(mechanism)
        self.sweep_button.description = f"Run 1…{self.controls.workers.value}"
        self.sweep_button.disabled = self.turn.busy or self.controls.workers.disabled
        self._refresh_link()
        try:
            plan = self.controls.plan()
            self.copy_python.text = self.controls.as_python()
            self.copy_shell.text = self.controls.as_shell()
        except Refused:
            self.copy_python.disabled = self.copy_shell.disabled = True
            return
        self.copy_python.disabled = self.copy_shell.disabled = False
        if not self.visit.traces and not self.turn.busy:
            self.views.show_lanes(plan.lanes)
            self._say_what_run_does()

    def run(self, _button: object = None) -> Any:
        """Run the chosen plan."""
        return self.measure(lambda: [self.controls.plan()])

    async def measure(
        self, choose: Callable[[], Sequence[Plan]], chart: str = TIMELINE
    ) -> list[Trace]:
        """Run plans, looking at a chart meanwhile; none if something else is running."""
        if not self.turn.busy:
            self._look_at(chart)
        return await self.visit.measure(choose)

    def run_over_workers(self, _button: object = None) -> Any:
        """Run the chosen mechanism with 1 to the chosen count of workers."""
        return self.measure(self.controls.plans_over_workers, SPEEDUP)

    def compare(self, _button: object = None) -> Any:
        """Run every mechanism with the chosen count of workers."""
        return self.measure(self.controls.plans_over_mechanisms, SPEEDUP)

    def run_experiment(self, _button: object = None) -> Any:
        """Run the chosen experiment."""
        return self._experiment(self.experiment.choice.value)

    def cancel(self, _button: object = None) -> None:
        """End what is under way, and what was to follow."""
        self.turn.cancel()
        self.said.say("Cancelling…")

    def select(self, row: int) -> None:
        """Bring back a run of this visit."""
        self.visit.select(row)

    def make_zip(self) -> tuple[str, bytes]:
        """All runs of this visit as a zip of CSV files."""
        return self.visit.make_zip()

    def follow(self, query: str) -> None:
        """Set the page as a link asks, as far as what it asks for is fit."""
        if self.turn.busy:
            return
        own = {
            links.STEP: links.whole(links.STEP, 1, len(LESSON)),
            links.TAB: links.one_of(links.TAB, TABS),
        }
        link = links.read(query, self.controls.checks() | own)
        self.controls.apply({key: value for key, value in link.values.items() if key not in own})
        self.walk.go(int(link.values.get(links.STEP, self.walk.number)))
        self.tabs.choose(str(link.values.get(links.TAB, self.tabs.chosen)))
        self.said.note(link.ignored)

    async def act(self, act: Act) -> Sequence[str] | None:
        """Do what a step's button promises; sentences of what came of it, None if it did not."""
        if act.experiment:
            return [] if await self._experiment(act.experiment) else None
        traces = await self.measure(lambda: self._plans(act), SPEEDUP if act.compare else TIMELINE)
        return told(traces) if traces and not self.turn.cancelled else None

    def _plans(self, act: Act) -> list[Plan]:
        plans = []
        for settings in act.runs:
            self.controls.follow(settings)
            plans.append(self.controls.plan())
        return self.controls.plans_over_mechanisms() if act.compare else plans

    async def _experiment(self, name: str) -> bool:
        if not self.turn.busy:
            self._look_at(EXPERIMENT)
        return await self.experiment.run(name, self.controls.timeout())

    def _look_at(self, chart: str) -> None:
        self.projector.look_at(chart)
        for name, on in (
            ("mpviz-on-experiment", chart == EXPERIMENT),
            ("mpviz-on-speedup", chart == SPEEDUP),
        ):
            (self.root.add_class if on else self.root.remove_class)(name)

    def _turn_changed(self) -> None:
        busy = self.turn.busy
        for button in (self.run_button, self.compare_button):
            button.disabled = busy
        self.sweep_button.disabled = busy or self.controls.workers.disabled
        self.cancel_button.disabled = not busy
        self.download.disabled = busy or not self.visit.traces
        self.experiment.refresh()
        self.walk.set_busy(busy)
        self.lab.refresh()
        if self.lab.running and busy:
            self.said.say("The fault lab is running.")
        elif self.lab.running:
            self._say_what_run_does()

    def _tab_chosen(self, _tab: str) -> None:
        self._refresh_link()

    def _experiment_shown(self) -> None:
        if self.experiment.choice.value:
            self._look_at(EXPERIMENT)

    def _step_shown(self, step: Step | None) -> None:
        (self.root.add_class if step else self.root.remove_class)("mpviz-walking")
        self._refresh_link()
        if step is None:
            return
        first = step.acts[0]
        if first.experiment:
            self.experiment.choice.value = first.experiment
        self._look_at(EXPERIMENT if first.experiment else SPEEDUP if first.compare else TIMELINE)
        self.address.show(".mpviz-walk")

    def _refresh_link(self) -> None:
        own: dict[str, links.Value] = {links.STEP: self.walk.number} if self.walk.number else {}
        if self.tabs.chosen != RUN:
            own[links.TAB] = self.tabs.chosen
        self.copy_link.text = links.query(self.controls.chosen() | own)

    def _say_what_run_does(self) -> None:
        try:
            plan = self.controls.plan()
        except Refused:
            return
        crew = "one process" if plan.lanes == 1 else f"{plan.workers} workers"
        if self.controls.one_each():
            crew = "a process for each number"
        self.said.say(
            f"Run lets {crew} ({plan.mechanism}) work on {len(plan.inputs):,} tasks of "
            f"{plan.workload}, after one process has done them alone for comparison."
        )


def _button(label: str, style: str = "", *, disabled: bool = False) -> widgets.Button:
    return widgets.Button(description=label, button_style=style, disabled=disabled)
