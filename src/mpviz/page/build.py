"""The page: the only place that knows both controls and views."""

from __future__ import annotations

import asyncio
import html
import io
import time
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd

from mpviz import frames, runner
from mpviz.api import Trace, baseline_of
from mpviz.mechanisms import MECHANISMS
from mpviz.model import Plan, Refused
from mpviz.page.browser import CopyButton, DownloadButton, Looks
from mpviz.page.controls import Controls, most_workers
from mpviz.page.piece import guarded
from mpviz.page.views import Views

REDRAW = 0.1  # seconds between redraws at least: faster ones the browser can't paint
SHARE = 0.25  # of the kernel's time that redraws may take
MOST_RUNS, MOST_TASKS = 200, 2_000_000  # kept of a visit; the oldest runs go first
Start = Callable[[Plan], Any]


def build(start: Start = runner.start) -> widgets.Widget:
    """The dashboard, to be shown by a notebook's cell.

    Parameters
    ----------
    start
        How a plan is started; a test may hand in its own.
    """
    return Page(start).root


class Page:
    """Controls, views and the runs of one visit."""

    def __init__(self, start: Start = runner.start) -> None:
        self._start = start
        self._running: Any = None
        self._cancelled = False
        self._busy = False
        self._count = self._dropped = 0
        self._traces: list[Trace] = []
        self._baselines: dict[tuple[str, tuple[Any, ...]], Trace] = {}
        self.error = widgets.HTML()
        self.status = widgets.HTML()
        self.kept = widgets.HTML()
        self.run_button = _button("Run", "primary")
        self.cancel_button = _button("Cancel", disabled=True)
        self.sweep_button = _button("Run 1…2")
        self.compare_button = _button("Compare mechanisms")
        self.download = DownloadButton(
            "Download CSV", self.make_zip, disabled=True, on_error=self.tell
        )
        self.copy_python = CopyButton("Copy as Python")
        self.copy_shell = CopyButton("Copy as shell line")
        self.controls = Controls(self.refresh, self._guard)
        self.views = Views(
            lanes=self.controls.workers.value,
            most_workers=most_workers(),
            on_select=self.select,
            on_error=self.tell,
        )
        for button, handler in (
            (self.run_button, self.run),
            (self.sweep_button, self.run_over_workers),
            (self.compare_button, self.compare),
            (self.cancel_button, self.cancel),
        ):
            button.on_click(self._guard(handler))
        self.root = _lay_out(self)
        self.refresh()
        self._say_what_run_does()

    def _guard(self, handler: Callable[..., object]) -> Callable[..., None]:
        return guarded(handler, self.tell)

    def tell(self, error: Exception) -> None:
        """Show a failure as a sentence; ours as it is, any other with its type."""
        text = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
        self.error.value = f'<p class="mpviz-error" role="alert">{html.escape(text)}</p>'

    def refresh(self) -> None:
        """Bring up to date what follows from the choices."""
        self.error.value = ""
        mechanism = self.controls.mechanism.value
        if mechanism in MECHANISMS:
            self.views.show_code(mechanism)
        self.sweep_button.description = f"Run 1…{self.controls.workers.value}"
        try:
            plan = self.controls.plan()
            self.copy_python.text = self.controls.as_python()
            self.copy_shell.text = self.controls.as_shell()
        except Refused:
            self.copy_python.disabled = self.copy_shell.disabled = True
            return
        self.copy_python.disabled = self.copy_shell.disabled = False
        if not self._traces and not self._busy:
            self.views.show_lanes(frames.lanes_of(plan))
            self._say_what_run_does()

    def run(self, _button: object = None) -> Any:
        """Run the chosen plan."""
        return self.measure(lambda: [self.controls.plan()])

    def run_over_workers(self, _button: object = None) -> Any:
        """Run the chosen mechanism with 1 to the chosen count of workers."""
        return self.measure(self.controls.plans_over_workers)

    def compare(self, _button: object = None) -> Any:
        """Run every mechanism with the chosen count of workers."""
        return self.measure(self.controls.plans_over_mechanisms)

    def cancel(self, _button: object = None) -> None:
        """End the run under way, and those that were to follow."""
        self._cancelled = True
        if self._running is not None:
            self._running.cancel()
        self._say("Cancelling…")

    def select(self, row: int) -> None:
        """Bring back a run of this visit."""
        if not self._busy and 0 <= row < len(self._traces):
            self.views.show_run(self._traces[row])

    async def measure(self, choose: Callable[[], Sequence[Plan]]) -> None:
        """Run plans one after the other, each against its baseline."""
        if self._busy:
            return
        self.error.value = ""
        plans = choose()
        self._set_busy(True)
        try:
            for number, plan in enumerate(plans, 1):
                place = f" ({number} of {len(plans)})" if len(plans) > 1 else ""
                baseline = await self._baseline(plan)
                if plan.mechanism != "sequential" and not self._cancelled:
                    self._keep(await self._one(plan, baseline, place))
                if self._cancelled:
                    break
        finally:
            self._set_busy(False)

    async def _baseline(self, plan: Plan) -> Trace:
        """The sequential run that the plan is compared with: measured once, or when asked for."""
        key = (plan.workload, plan.inputs)
        if plan.mechanism == "sequential" or key not in self._baselines:
            trace = await self._one(baseline_of(plan), None, ", the baseline")
            trace.baseline = trace
            self._keep(trace)
            self._baselines[key] = trace
        return self._baselines[key]

    async def _one(self, plan: Plan, baseline: Trace | None, place: str) -> Trace:
        """Run one plan, showing it as it goes."""
        self._running = running = self._start(plan)
        waiting = asyncio.get_running_loop().run_in_executor(None, running.wait)
        pause = REDRAW
        try:
            while True:
                await asyncio.wait({waiting}, timeout=pause)
                if waiting.done():
                    break
                if not running.started or self._cancelled:
                    continue
                began = time.perf_counter()
                trace = Trace(running.snapshot())
                columns = await asyncio.to_thread(self.views.live_columns, trace)
                if not waiting.done() and not self._cancelled:
                    self.views.show_live(trace, columns)
                    self._say_progress(plan, running, place)
                pause = max(REDRAW, (time.perf_counter() - began) / SHARE)
            if self._cancelled:
                self._say("Cancelled.")
            self._count += 1
            trace = Trace(await waiting, baseline, self._count)
            await asyncio.to_thread(lambda: trace.runs)  # as above; the frames are kept
            return trace
        finally:
            self._running = None

    def _keep(self, trace: Trace) -> None:
        self._traces.append(trace)
        while len(self._traces) > MOST_RUNS or self._tasks_kept() > MOST_TASKS:
            self._dropped += 1
            del self._traces[0]
        self.kept.value = _let_go(self._dropped)
        self.views.show_run(trace)
        self.views.show_visit(self._traces, len(self._traces) - 1)
        self.download.disabled = False

    def _tasks_kept(self) -> int:
        return sum(len(trace.record.plan.inputs) for trace in self._traces)

    def make_zip(self) -> tuple[str, bytes]:
        """All runs of this visit as a zip of tasks.csv, workers.csv and runs.csv."""
        tables = {
            name: pd.concat([getattr(trace, name) for trace in self._traces], ignore_index=True)
            for name in frames.TABLES
        }
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, table in tables.items():
                archive.writestr(f"{name}.csv", frames.csv_text(table))
        return "mpviz-runs.zip", file.getvalue()

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        if busy:
            self._cancelled = False
        for button in (self.run_button, self.sweep_button, self.compare_button):
            button.disabled = busy
        self.cancel_button.disabled = not busy
        self.download.disabled = busy or not self._traces
        if not busy:
            self._say("Cancelled." if self._cancelled else "Done.")

    def _say(self, text: str, extra: str = "") -> None:
        self.status.value = (
            f'<div class="mpviz-status" role="status">{html.escape(text)}{extra}</div>'
        )

    def _say_what_run_does(self) -> None:
        try:
            plan = self.controls.plan()
        except Refused:
            return
        crew = "one process" if frames.lanes_of(plan) == 1 else f"{plan.workers} workers"
        self._say(
            f"Run lets {crew} ({plan.mechanism}) work on {len(plan.inputs):,} tasks of "
            f"{plan.workload}, after one process has done them alone for comparison."
        )

    def _say_progress(self, plan: Plan, running: Any, place: str) -> None:
        done, total = running.finished, len(plan.inputs)
        self._say(
            f"Running {plan.mechanism}{place}: {done:,} of {total:,} tasks done",
            f'<progress max="{total}" value="{done}" aria-label="tasks done"></progress>',
        )


def _button(label: str, style: str = "", *, disabled: bool = False) -> widgets.Button:
    return widgets.Button(description=label, button_style=style, disabled=disabled)


def _let_go(runs: int) -> str:
    if not runs:
        return ""
    text = f"The oldest runs ({runs:,}) were let go to save memory; they are not in the CSV."
    return f'<p class="mpviz-hint">{text}</p>'


def _card(title: str, *parts: widgets.Widget, intro: str = "") -> widgets.VBox:
    head = f"<h2>{html.escape(title)}</h2>"
    if intro:
        head += f'<p class="mpviz-hint">{html.escape(intro)}</p>'
    return widgets.VBox([widgets.HTML(head), *parts]).add_class("mpviz-card")


def _lay_out(page: Page) -> widgets.Widget:
    views = page.views
    head = widgets.HTML(
        '<div class="mpviz-head"><h1>mpviz</h1><p>See what your parallel Python is doing: choose '
        "how tasks reach their workers, press Run, and watch each worker at work.</p></div>"
    )
    actions = widgets.HBox(
        [
            *(page.run_button, page.cancel_button, page.sweep_button, page.compare_button),
            page.download,
        ]
    ).add_class("mpviz-actions")
    copy = widgets.HBox([page.copy_python, page.copy_shell]).add_class("mpviz-actions")
    results = widgets.VBox(
        [
            *(actions, page.error, page.status, views.tiles, views.verdict),
            widgets.VBox([views.heading, views.timeline]).add_class("mpviz-card"),
            widgets.HBox(
                [
                    _card("Speedup", views.speedup, intro="Every run of this visit is a point."),
                    _card(
                        "Where the time went",
                        views.losses,
                        intro="Worker time of the latest runs: workers × makespan.",
                    ),
                ]
            ).add_class("mpviz-pair"),
            _card("Runs of this visit", page.kept, views.table),
            _card("Printed by the workers", views.printed),
            widgets.VBox([views.code, copy]).add_class("mpviz-card"),
        ]
    ).add_class("mpviz-results")
    main = widgets.HBox([page.controls.box, results]).add_class("mpviz-main")
    return widgets.VBox([Looks(), head, main]).add_class("mpviz")
