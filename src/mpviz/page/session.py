"""The runs of one visit: measuring them, keeping them, handing them out as CSV.

Knows the views that show them; no control, and nothing of the walk.
"""

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

from mpviz.analysis.csvfiles import csv_text
from mpviz.analysis.trace import Trace
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.core.schema import TABLES
from mpviz.page.activity import Turn
from mpviz.page.status import Said
from mpviz.page.views import Views
from mpviz.page.widgets.widget import report
from mpviz.serving import limits

REDRAW = 0.1  # seconds between redraws at least: faster ones the browser can't paint
SHARE = 0.25  # of the kernel's time that redraws may take
GOODBYE = 10.0  # seconds for a run that was broken off to be gone, before the turn is given back

Key = tuple[str, tuple[Any, ...]]  # a workload and its inputs


class Visit:
    """Runs plans, each against its baseline, and keeps what came of them."""

    def __init__(self, turn: Turn, views: Views, said: Said) -> None:
        self._turn, self._views, self._said = turn, views, said
        self._count = self._dropped = 0
        self._all_shown = True  # of this press
        self._baselines: dict[Key, Trace] = {}
        self.traces: list[Trace] = []
        self.kept = widgets.HTML()

    async def measure(self, choose: Callable[[], Sequence[Plan]]) -> list[Trace]:
        """Run plans one after the other; none if something else is running.

        Returns
        -------
        list of Trace
            One a plan that was run; baselines count where they were asked for.
        """
        if self._turn.busy:
            return []
        self._said.clear_error()
        self._all_shown = True
        plans, found = choose(), []
        tried: dict[Key, Trace] = {}
        with self._said.ending("Stopped by an error; the runs that ended are kept."):
            async with self._turn.taken(self._said.say):
                if not self._turn.cancelled:
                    self._said.say("Starting…")
                for number, plan in enumerate(plans, 1):
                    if self._turn.cancelled:
                        break
                    place = f" ({number} of {len(plans)})" if len(plans) > 1 else ""
                    trace = await self._measured(plan, tried, place)
                    if not self._turn.cancelled:
                        found.append(trace)
        done = "Done." if self._all_shown else "Done, but not all of it could be shown."
        self._said.say("Cancelled." if self._turn.cancelled else done)
        return found

    async def _measured(self, plan: Plan, tried: dict[Key, Trace], place: str) -> Trace:
        """Run a plan against its baseline, which is measured again where the speedup can't be."""
        key = (plan.workload, plan.inputs)
        if plan.mechanism == "sequential":
            return await self._baseline(plan, key)
        # One that did not end well is not tried again for each mechanism of the same press.
        tried[key] = baseline = (
            self._baselines.get(key) or tried.get(key) or await self._baseline(plan, key)
        )
        if self._turn.cancelled:
            return baseline
        trace = await self._one(plan, baseline, place)
        self._keep(trace)
        if not trace.suspect or self._turn.cancelled:
            return trace
        again = await self._baseline(plan, key)
        if not again.went_well:
            return trace
        sounder = trace.against(again)
        await asyncio.to_thread(lambda: sounder.runs)
        self.traces = [sounder if one is trace else one for one in self.traces]
        self._show(sounder)
        return sounder

    async def _baseline(self, plan: Plan, key: Key) -> Trace:
        """Run the sequential plan that a plan is compared with; later ones too, if it went well."""
        trace = await self._one(plan.baseline, None, ", the baseline")
        if trace.went_well:
            self._baselines[key] = trace
        self._keep(trace)
        return trace

    async def _one(self, plan: Plan, baseline: Trace | None, place: str) -> Trace:
        """Run one plan, showing it as it goes; whatever breaks that off ends the run."""
        running = self._turn.start(plan)
        waiting = asyncio.get_running_loop().run_in_executor(None, running.wait)
        try:
            await self._watch(running, waiting, place)
        except BaseException:
            running.cancel()
            await asyncio.wait({waiting}, timeout=GOODBYE)
            raise
        if self._turn.cancelled:
            self._said.say("Cancelled.")
        self._count += 1
        trace = Trace(waiting.result(), baseline, self._count)
        if plan.mechanism == "sequential":
            trace.baseline = trace
        await asyncio.to_thread(lambda: trace.runs)  # as below; the frames are kept
        return trace

    async def _watch(self, running: Any, waiting: asyncio.Future[Record], place: str) -> None:
        """Wait for a run's end and show how far it is; if that fails, wait only."""
        pause: float | None = REDRAW
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=pause)
            if waiting.done() or pause is None or self._turn.cancelled:
                continue
            began = time.perf_counter()
            try:
                await self._show_live(running, waiting, place)
            except Exception as error:
                self._unshown(error)
                plan, pause = running.plan, None
                self._said.say(f"Running {plan.mechanism}{place}; it can't be shown meanwhile.")
            else:
                pause = max(REDRAW, (time.perf_counter() - began) / SHARE)

    async def _show_live(self, running: Any, waiting: asyncio.Future[Record], place: str) -> None:
        if not running.started:
            return
        trace = Trace(running.snapshot())
        # Of 100,000 tasks it takes 0.1 s, so not on the kernel's loop.
        columns = await asyncio.to_thread(self._views.live_columns, trace)
        if waiting.done() or self._turn.cancelled:
            return
        self._views.show_live(trace, columns)
        done, total = running.finished, len(running.plan.inputs)
        text = f"Running {running.plan.mechanism}{place}: {done:,} of {total:,} tasks done"
        self._said.say(text, done, total)

    def _keep(self, trace: Trace) -> None:
        self.traces.append(trace)
        most = limits.current()
        while len(self.traces) > 1 and (
            len(self.traces) > most.runs or self._tasks_kept() > most.kept_tasks
        ):
            self._dropped += 1
            del self.traces[0]
            kept = self._held()
            self._baselines = {key: one for key, one in self._baselines.items() if one in kept}
        self._show(trace)

    def _show(self, trace: Trace) -> None:
        try:
            self.kept.value = _let_go(self._dropped)
            self._views.show_run(trace)
            self._views.show_visit(self.traces, self.traces.index(trace))
        except Exception as error:
            self._unshown(error)

    def _unshown(self, error: Exception) -> None:
        """A failure of showing: the run is not disturbed by it, and the reader is told."""
        self._all_shown = False
        report(error)
        self._said.tell(error, "Not all of it can be shown; the run itself is not disturbed.")

    def _held(self) -> set[Trace]:
        """All that is kept in memory: the runs, and the baselines they are compared with."""
        return {*self.traces, *(trace.baseline for trace in self.traces if trace.baseline)}

    def _tasks_kept(self) -> int:
        return sum(len(trace.record.plan.inputs) for trace in self._held())

    def select(self, row: int) -> None:
        """Bring back a run of this visit."""
        if not self._turn.busy and 0 <= row < len(self.traces):
            self._views.show_run(self.traces[row])

    def make_zip(self) -> tuple[str, bytes]:
        """All runs of this visit as a zip of tasks.csv, workers.csv and runs.csv."""
        tables = {
            name: pd.concat([getattr(trace, name) for trace in self.traces], ignore_index=True)
            for name in TABLES
        }
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, table in tables.items():
                archive.writestr(f"{name}.csv", csv_text(table))
        return "mpviz-runs.zip", file.getvalue()


def _let_go(runs: int) -> str:
    if not runs:
        return ""
    text = f"The oldest runs ({runs:,}) were let go to save memory; they are not in the CSV."
    return f'<p class="mpviz-hint">{html.escape(text)}</p>'
