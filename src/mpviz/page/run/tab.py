"""The Run tab: the only place that knows both controls and views."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import ipywidgets as widgets

from mpviz.analysis.causes.cause import Cause
from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.plan import DEFAULT_START_METHOD, Plan
from mpviz.core.text import counted
from mpviz.exports.csvzip import csv_zip
from mpviz.mechanisms import MECHANISMS
from mpviz.page import links
from mpviz.page.activity import Activity
from mpviz.page.boxes import button, card, row, set_class
from mpviz.page.experiments.card import ExperimentCard
from mpviz.page.history.keeper import Keeper
from mpviz.page.lesson.steps import LESSON, Action, Step
from mpviz.page.lesson.walk import Walk, describe_runs
from mpviz.page.markup import hint
from mpviz.page.projector import EXPERIMENT, SPEEDUP, TIMELINE, Projector
from mpviz.page.run.controls import Controls
from mpviz.page.run.session import Session
from mpviz.page.run.views import Views
from mpviz.page.status import Status
from mpviz.page.study.promise import promise
from mpviz.page.widgets.copy_button import CopyButton
from mpviz.page.widgets.download_button import DownloadButton
from mpviz.page.widgets.painted import Painted
from mpviz.studies.study import Study

ABOUT_LOST = "From an even share of the sequential time to the makespan of the run shown above."


class RunTab:
    """Controls, the runs of this session and their charts; the lesson and the experiments.

    Parameters
    ----------
    activity
        Through which plans are started.
    status
        Where it says how things stand.
    projector
        Told which chart to look at.
    root
        The page, of whose classes it sets one.
    painted
        Tells when the page has gone quiet.
    keeper
        Keeps each run beyond the visit.
    scroll_to
        Brings the part of the page that a selector names into view.
    on_study
        Studies plans: gets them, what to say of the study, and ``alone``, whether each round has a
        sequential run.
    on_change
        Called without arguments when a link would ask for something else.
    """

    def __init__(
        self,
        activity: Activity,
        status: Status,
        projector: Projector,
        root: widgets.Widget,
        painted: Painted,
        keeper: Keeper,
        *,
        scroll_to: Callable[[str], object],
        on_study: Callable[..., Any],
        on_change: Callable[[], object],
    ) -> None:
        self._activity, self._status, self._projector = activity, status, projector
        self._root, self._scroll_to, self._on_change = root, scroll_to, on_change
        self._on_study = on_study
        self.run_button = button("Run", "primary")
        self.cancel_button = button("Cancel", disabled=True)
        self.sweep_button = button("Run 1…2")
        self.compare_button = button("Compare mechanisms")
        self.copy_python = CopyButton("Copy as Python")
        self.copy_shell = CopyButton("Copy as shell line")
        self.controls = Controls(self.refresh, status.guard, activity.limits)
        self._shown: Trace | None = None
        self.views = Views(
            lanes=self.controls.workers.value,
            most_workers=activity.limits.workers,
            on_select=self.select,
            on_show=self._run_shown,
            on_error=status.show_error,
        )
        self.session = Session(activity, self.views, status, painted, keeper)
        self.try_button = button("Try it")
        self._tried = widgets.HTML()
        self._try = row((self.try_button, self._tried)).add_class("mpviz-unused")
        self.download = DownloadButton(
            "Download CSV", self.make_zip, disabled=True, on_error=status.show_error
        )
        self.experiment = ExperimentCard(activity, status, self._experiment_chosen)
        self.walk = Walk(self.do, self._step_shown, status.guard)
        for pressed, handler in (
            (self.run_button, self.run),
            (self.sweep_button, self.run_over_workers),
            (self.compare_button, self.compare),
            (self.try_button, self.try_it),
            (self.cancel_button, self.cancel),
            (self.experiment.run_button, self.run_experiment),
            (self.experiment.close_button, self.experiment.close),
        ):
            pressed.on_click(status.guard(handler))
        self.experiment.choice.observe(status.guard(self.experiment.refresh_choice), "value")
        self.bar = (self.walk.open_button, self.experiment.choice)
        self.box = widgets.HBox([self.controls.box, self._results()]).add_class("mpviz-main")

    def _results(self) -> widgets.VBox:
        views, walk = self.views, self.walk
        buttons = (self.run_button, self.cancel_button, self.sweep_button, self.compare_button)
        speedup = card("Speedup", views.speedup, intro="Every run of this visit is a point.")
        losses = card(
            "Where the time went",
            views.losses,
            intro="Worker time of the latest runs: workers × makespan.",
        )
        lost = card("What it lost", views.waterfall, intro=ABOUT_LOST)
        pair = widgets.HBox([speedup.add_class("mpviz-at-s"), losses.add_class("mpviz-at-l")])
        timeline = widgets.VBox([views.heading, views.timeline]).add_class("mpviz-card")
        code = widgets.VBox([views.code, row((self.copy_python, self.copy_shell))])
        runs = card("Runs of this visit", self.session.dropped_note, views.table)
        return widgets.VBox(
            [
                *(walk.card, self._projector.bar, row((*buttons, self.download))),
                *(self._status.error, self._status.line, self.experiment.card),
                *(views.tiles.add_class("mpviz-later"), views.verdict.add_class("mpviz-of-run")),
                self._try.add_class("mpviz-of-run"),
                timeline.add_class("mpviz-of-run").add_class("mpviz-at-t"),
                walk.after,
                lost.add_class("mpviz-of-run").add_class("mpviz-later"),
                pair.add_class("mpviz-pair").add_class("mpviz-later"),
                runs.add_class("mpviz-later"),
                card("Printed by the workers", views.printed).add_class("mpviz-later"),
                code.add_class("mpviz-card").add_class("mpviz-later").add_class("mpviz-at-c"),
            ]
        ).add_class("mpviz-results")

    def refresh(self) -> None:
        """Bring up to date what follows from the choices."""
        self._status.clear_error()
        self._status.show_notice(())
        mechanism = self.controls.mechanism.value
        if mechanism in MECHANISMS:
            self.views.show_code(mechanism)
        self.sweep_button.description = f"Run 1…{self.controls.workers.value}"
        self.sweep_button.disabled = self._activity.busy or self.controls.workers.disabled
        self._on_change()
        try:
            plan = self.controls.plan()
            self.copy_python.text = self.controls.as_python(plan)
            self.copy_shell.text = self.controls.as_shell(plan)
        except Refused:
            self.copy_python.disabled = self.copy_shell.disabled = True
            return
        self.copy_python.disabled = self.copy_shell.disabled = False
        if not self.session.traces and not self._activity.busy:
            self.views.show_lanes(plan.lanes)
            self.show_forecast(plan)

    def refresh_buttons(self) -> None:
        """Enable and disable what depends on whether something runs."""
        busy = self._activity.busy
        for pressed in (self.run_button, self.compare_button, self.try_button):
            pressed.disabled = busy
        self.sweep_button.disabled = busy or self.controls.workers.disabled
        self.cancel_button.disabled = not busy
        self.download.disabled = busy or not self.session.traces
        self.experiment.refresh()
        self.walk.set_busy(busy)

    def show_forecast(self, plan: Plan) -> None:
        """Say what Run would do."""
        workers = "one process" if plan.lanes == 1 else f"{plan.workers} workers"
        if MECHANISMS[plan.mechanism].one_each:
            workers = "a process for each number"
        alone = ", after one process has done them alone for comparison"
        self._status.show(
            f"Run lets {workers} ({plan.mechanism}) work on {counted(len(plan.inputs), 'task')} of "
            f"{plan.workload}{'' if plan.mechanism == 'sequential' else alone}."
        )

    def show_done(self) -> None:
        """Say that something else is over; before the first run, what Run would do."""
        self._status.show("Done.")
        if not self.session.traces:
            with suppress(Refused):
                self.show_forecast(self.controls.plan())

    def run(self, _button: object = None) -> Any:
        """Run the chosen plan."""
        return self.measure(lambda: [self.controls.plan()])

    def run_over_workers(self, _button: object = None) -> Any:
        """Study the chosen mechanism with 1 to the chosen count of workers."""
        return self._on_study(self.controls.plans_over_workers(), _its_own, alone=True)

    def compare(self, _button: object = None) -> Any:
        """Study every mechanism with the chosen count of workers."""
        return self._on_study(self.controls.plans_over_mechanisms(), _its_own, alone=True)

    def try_it(self, _button: object = None) -> Any:
        """Study the shown run's plan beside the one that its dearest cause proposes."""
        cause = self._proposal()
        if self._shown is None or cause is None:
            return None
        plan = self._shown.record.plan
        changed = plan.changed(cause.change)
        return self._on_study((plan, changed), promise(plan, changed), alone=False)

    def _proposal(self) -> Cause | None:
        """The dearest cause of the shown run, if a change of its plan would show it."""
        found = self._shown.causes[:1] if self._shown else ()
        return found[0] if found and found[0].change else None

    def _run_shown(self, trace: Trace) -> None:
        self._shown = trace
        cause = self._proposal()
        set_class(self._try, "mpviz-unused", cause is None)
        self._tried.value = hint(cause.advice) if cause else ""

    async def measure(
        self, choose: Callable[[], Sequence[Plan]], chart: str = TIMELINE
    ) -> list[Trace]:
        """Run plans, looking at a chart meanwhile; none if something else is running."""
        if not self._activity.busy:
            self._projector.look_at(chart)
        return await self.session.measure(choose)

    def cancel(self, _button: object = None) -> None:
        """End what is running, and start nothing more."""
        self._activity.cancel()
        self._status.show("Cancelling…")

    def select(self, row: int) -> None:
        """Show a run of this session again."""
        self.session.select(row)

    def make_zip(self) -> tuple[str, bytes]:
        """Make the download: all runs of this session."""
        return "mpviz-runs.zip", csv_zip(self.session.traces)

    def run_experiment(self, _button: object = None) -> Any:
        """Run the chosen experiment."""
        return self._experiment(self.experiment.choice.value)

    async def _experiment(self, name: str) -> bool:
        if not self._activity.busy:
            self._projector.look_at(EXPERIMENT)
        return await self.experiment.run(name, self.controls.timeout())

    def _experiment_chosen(self) -> None:
        if self.experiment.choice.value:
            self._projector.look_at(EXPERIMENT)

    async def do(self, action: Action) -> Sequence[str] | None:
        """Do what a step's button says.

        Returns
        -------
        sequence of str or None
            Sentences about what was run; None if it did not come to its end.
        """
        if action.experiment:
            return [] if await self._experiment(action.experiment) else None
        traces = await self.measure(lambda: self._plans(action), _chart_of(action))
        return describe_runs(traces) if traces and not self._activity.cancelled else None

    def _plans(self, action: Action) -> list[Plan]:
        plans = []
        for settings in action.runs:
            self.controls.follow(settings)
            plans.append(self.controls.plan())
        return self.controls.plans_over_mechanisms() if action.compare else plans

    def _step_shown(self, step: Step | None) -> None:
        set_class(self._root, "mpviz-walking", step is not None)
        self._on_change()
        if step is None:
            return
        first = step.actions[0]
        if first.experiment:
            self.experiment.choice.value = first.experiment
        self._projector.look_at(_chart_of(first))
        self._scroll_to(".mpviz-walk")

    def checks(self) -> dict[str, links.Check]:
        """What a link may set here, and which values are fit."""
        return self.controls.checks() | {links.STEP: links.whole(links.STEP, 1, len(LESSON))}

    def apply(self, values: Mapping[str, links.Value]) -> None:
        """Set what a link asks for; without a start method it asks for this Python's default."""
        known = self.controls.checks()
        chosen = {key: value for key, value in values.items() if key in known}
        if chosen:
            chosen.setdefault(links.START, DEFAULT_START_METHOD)
        self.controls.apply(chosen)
        self.walk.go(int(values.get(links.STEP, self.walk.number)))

    def link_values(self) -> dict[str, links.Value]:
        """What a link would have to ask for."""
        step: dict[str, links.Value] = {links.STEP: self.walk.number} if self.walk.number else {}
        return self.controls.chosen() | step


def _its_own(_study: Study) -> str:
    """A study's own sentence."""
    return ""


def _chart_of(action: Action) -> str:
    if action.experiment:
        return EXPERIMENT
    return SPEEDUP if action.compare else TIMELINE
