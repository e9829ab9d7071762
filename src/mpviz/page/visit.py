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

from mpviz import limits
from mpviz.api import Trace, baseline_of
from mpviz.csvfiles import csv_text
from mpviz.model import Plan
from mpviz.page.said import Said
from mpviz.page.turn import Turn
from mpviz.page.views import Views
from mpviz.schema import TABLES

REDRAW = 0.1  # seconds between redraws at least: faster ones the browser can't paint
SHARE = 0.25  # of the kernel's time that redraws may take


class Visit:
    """Runs plans, each against its baseline, and keeps what came of them."""

    def __init__(self, turn: Turn, views: Views, said: Said) -> None:
        self._turn, self._views, self._said = turn, views, said
        self._count = self._dropped = 0
        self._baselines: dict[tuple[str, tuple[Any, ...]], Trace] = {}
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
        plans, found = choose(), []
        async with self._turn.taken(self._said.say):
            if not self._turn.cancelled:
                self._said.say("Starting…")
            for number, plan in enumerate(plans, 1):
                if self._turn.cancelled:
                    break
                place = f" ({number} of {len(plans)})" if len(plans) > 1 else ""
                baseline = trace = await self._baseline(plan)
                if plan.mechanism != "sequential" and not self._turn.cancelled:
                    trace = await self._one(plan, baseline, place)
                    self._keep(trace)
                if not self._turn.cancelled:
                    found.append(trace)
        self._said.say("Cancelled." if self._turn.cancelled else "Done.")
        return found

    async def _baseline(self, plan: Plan) -> Trace:
        """The sequential run that the plan is compared with: measured once, or when asked for."""
        key = (plan.workload, plan.inputs)
        if plan.mechanism == "sequential" or key not in self._baselines:
            trace = await self._one(baseline_of(plan), None, ", the baseline")
            self._keep(trace)
            if self._turn.cancelled:
                return trace
            self._baselines[key] = trace
        return self._baselines[key]

    async def _one(self, plan: Plan, baseline: Trace | None, place: str) -> Trace:
        """Run one plan, showing it as it goes."""
        running = self._turn.start(plan)
        waiting = asyncio.get_running_loop().run_in_executor(None, running.wait)
        pause = REDRAW
        while True:
            await asyncio.wait({waiting}, timeout=pause)
            if waiting.done():
                break
            if not running.started or self._turn.cancelled:
                continue
            began = time.perf_counter()
            trace = Trace(running.snapshot())
            columns = await asyncio.to_thread(self._views.live_columns, trace)
            if not waiting.done() and not self._turn.cancelled:
                self._views.show_live(trace, columns)
                self._say_progress(plan, running, place)
            pause = max(REDRAW, (time.perf_counter() - began) / SHARE)
        if self._turn.cancelled:
            self._said.say("Cancelled.")
        self._count += 1
        trace = Trace(await waiting, baseline, self._count)
        if plan.mechanism == "sequential":
            trace.baseline = trace
        await asyncio.to_thread(lambda: trace.runs)  # as above; the frames are kept
        return trace

    def _say_progress(self, plan: Plan, running: Any, place: str) -> None:
        done, total = running.finished, len(plan.inputs)
        text = f"Running {plan.mechanism}{place}: {done:,} of {total:,} tasks done"
        self._said.say(text, done, total)

    def _keep(self, trace: Trace) -> None:
        self.traces.append(trace)
        most = limits.current()
        while len(self.traces) > most.runs or self._tasks_kept() > most.kept_tasks:
            self._dropped += 1
            del self.traces[0]
        self.kept.value = _let_go(self._dropped)
        self._views.show_run(trace)
        self._views.show_visit(self.traces, len(self.traces) - 1)

    def _tasks_kept(self) -> int:
        return sum(len(trace.record.plan.inputs) for trace in self.traces)

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
