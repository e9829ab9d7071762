"""The Study tab: many configurations in rounds, until the verdict is decided.

Knows no control of the Run tab: it gets a plan.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.plan import Plan
from mpviz.core.text import counted, seconds
from mpviz.exports.studyzip import study_zip
from mpviz.page.activity import Activity
from mpviz.page.boxes import button, row
from mpviz.page.history.keeper import Keeper
from mpviz.page.markup import element, hint
from mpviz.page.status import Status
from mpviz.page.study.fields import StudyFields, check_count
from mpviz.page.study.views import StudyViews
from mpviz.page.widgets.download_button import DownloadButton
from mpviz.page.widgets.handlers import report
from mpviz.page.widgets.painted import Painted
from mpviz.serving.limits import admit
from mpviz.studies.rounds import WARM_UP, NextRun, Rounds
from mpviz.studies.study import Study
from mpviz.studies.sweep import Sweep, grid

ABOUT = (
    "Which is the fastest? Each round runs every configuration once, in random order, each run in"
    " a fresh process; a winner is named only when it is sure."
)
WHAT = "Workload, input set and deadline are those of the Run tab."
END_LIMIT = 10.0  # seconds that a run which was broken off may take to end
FEW, MANY = 3, 10  # rounds after each of which it is drawn; then after each look


class StudyTab:
    """Chooses, measures and shows a study.

    Parameters
    ----------
    activity
        Through which plans are started.
    plan
        Gives the chosen plan, whose workload, inputs and deadline are studied.
    painted
        Tells when the page has gone quiet.
    keeper
        Keeps what was measured.
    """

    def __init__(
        self, activity: Activity, plan: Callable[[], Plan], painted: Painted, keeper: Keeper
    ) -> None:
        self._activity, self._plan, self._painted = activity, plan, painted
        self._keeper = keeper
        self._rounds: Rounds | None = None
        self._said: Callable[[Study], str] = lambda _study: ""
        self._blocked = False  # something else of the page is running
        self.running = False
        self.status = Status()
        self.fields = StudyFields(activity.limits)
        self.views = StudyViews()
        self.run_button = button("Run the study", "primary")
        self.more_button = button("Go on", disabled=True)
        self.stop_button = button("Stop", disabled=True)
        self.download = DownloadButton(
            "Download study", self.make_zip, disabled=True, on_error=self.status.show_error
        )
        self.run_button.on_click(self.status.guard(lambda _b: self.run()))
        self.more_button.on_click(self.status.guard(lambda _b: self.go_on()))
        self.stop_button.on_click(self.status.guard(lambda _b: self.stop()))
        intro = widgets.HTML(element("div", (element("p", ABOUT), hint(WHAT)), "mpviz-lead"))
        buttons = row((self.run_button, self.stop_button, self.more_button, self.download))
        head = widgets.VBox([intro, buttons, self.status.error, self.status.line])
        results = widgets.VBox([head.add_class("mpviz-card"), self.views.box])
        self.box = widgets.HBox([self.fields.box, results.add_class("mpviz-results")])
        self.box.add_class("mpviz-main")
        self._say_what()

    @property
    def study(self) -> Study | None:
        """The study that is shown."""
        return self._rounds.study if self._rounds else None

    def run(self) -> Any:
        """Run the study that is chosen."""
        return self.measure(self._chosen())

    def _chosen(self) -> tuple[Plan, ...]:
        plan = self._plan()
        return grid(
            plan.function,
            plan.inputs,
            **self.fields.axes(),
            timeout=plan.timeout,
            memory=plan.memory,
            workload=plan.workload,
            input_set=plan.input_set,
        )

    async def measure(
        self,
        plans: Sequence[Plan],
        said: Callable[[Study], str] = lambda _study: "",
        *,
        alone: bool = True,
    ) -> Study | None:
        """Study these plans; none if something else is running.

        Parameters
        ----------
        plans
            One a configuration.
        said
            What to say of the study in place of its own sentence; empty: that.
        alone
            Whether each round has a sequential run.
        """
        if self._activity.busy:
            return None
        check_count(len(plans), self._activity.limits)
        budget = self.fields.budget_s()
        admitted = tuple(admit(plan, self._activity.limits) for plan in plans)
        seed = secrets.randbelow(2**31)
        self._rounds = Rounds(Sweep(admitted, None, budget, seed, alone))
        self._said = said
        return await self._measure(self._rounds)

    async def go_on(self) -> Study | None:
        """Go on with a study that was stopped."""
        if self._activity.busy or self._rounds is None or self._rounds.study.finished:
            return None
        self._rounds.go_on()
        return await self._measure(self._rounds)

    async def _measure(self, rounds: Rounds) -> Study:
        self.status.clear_error()
        self.running = True
        with self.status.on_failure("Stopped by an error; the runs that ended are kept."):
            try:
                async with self._activity.turn(self.status.show):
                    while not self._activity.cancelled and (step := rounds.next()):
                        await self._one(rounds, step)
            finally:
                rounds.stop()
                self.running = False
                self._activity_over()
        self._show(rounds)
        if rounds.study.rows:
            await self._keeper.keep(rounds.study)
        done = "Done" if rounds.study.finished else "Stopped"
        self.status.show(f"{done} after {counted(rounds.study.complete, 'round')}.")
        return rounds.study

    async def _one(self, rounds: Rounds, step: NextRun) -> None:
        """Make one run; nothing is drawn meanwhile."""
        done = rounds.study.complete
        looks = rounds.study.head.looks
        first = step.place == rounds.sweep.order(step.round)[0]
        if first:
            if done and (done <= FEW or (looks and done in looks.rounds) or done % MANY == 0):
                self._show(rounds)
            self.status.show(_where(rounds, step))
            await self._painted.wait()
        began = time.perf_counter()
        running = self._activity.start(step.plan)
        waiting = asyncio.get_running_loop().run_in_executor(None, running.wait)
        try:
            await asyncio.wait({waiting})
        except BaseException:
            running.cancel()
            await asyncio.wait({waiting}, timeout=END_LIMIT)
            raise
        if not self._activity.cancelled:
            trace = Trace(waiting.result())
            took = time.perf_counter() - began
            await asyncio.to_thread(rounds.add, step, trace, took)

    def _show(self, rounds: Rounds) -> None:
        if not rounds.study.complete:
            return
        try:
            self.views.show(rounds.study, self._said(rounds.study))
        except Exception as error:
            report(error)
            self.status.show_error(error, "The study can't be shown; its runs are kept.")

    def stop(self) -> None:
        """End the run under way, and start nothing more."""
        self._activity.cancel()
        self.status.show("Stopping…")

    def make_zip(self) -> tuple[str, bytes]:
        """Make the download: the study as CSV and JSON."""
        study = self.study
        if study is None:
            raise Refused("There is no study yet.")
        return "mpviz-study.zip", study_zip(study)

    def refresh(self) -> None:
        """Enable and disable what depends on whether something runs."""
        busy = self._activity.busy
        self.run_button.disabled = busy
        self.stop_button.disabled = not (busy and self.running)
        self._activity_over()
        if busy and not self.running:
            self._blocked = True
            self.status.show("Something else is running; the study is free when it is over.")
        elif not busy and self._blocked:
            self._blocked = False
            self._say_what()

    def _activity_over(self) -> None:
        busy = self._activity.busy
        study = self.study
        self.more_button.disabled = busy or study is None or study.finished
        self.download.disabled = busy or study is None or not study.rows

    def _say_what(self) -> None:
        self.status.show(
            "Run measures until each verdict is decided, or the time is spent; the first look says"
            " nothing for sure."
        )


def _where(rounds: Rounds, step: NextRun) -> str:
    what = counted(len(rounds.sweep.plans), "configuration")
    if step.round == WARM_UP:
        return f"Warming up: {what}, a round that does not count…"
    left = rounds.at_most_s
    more = f"; {seconds(left)} more at most" if left is not None else ""
    return f"Round {step.round + 1} of {what}{more}. Nothing is drawn while a run is measured."
