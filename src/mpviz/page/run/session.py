"""The runs of one session: measure them, keep them.

Knows the views that show them; no control, and nothing of the lesson.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from mpviz.analysis.trace import Trace
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.page.activity import Activity
from mpviz.page.history.keeper import Keeper
from mpviz.page.markup import hint
from mpviz.page.run.views import Views
from mpviz.page.status import Status
from mpviz.page.widgets.handlers import report
from mpviz.page.widgets.painted import Painted

# Drawing takes CPU time from what is measured: so nothing is drawn at first, and then seldom.
QUIET = 3.0  # seconds of a run in which nothing is drawn
REDRAW = 1.0  # seconds between redraws, at least
SHARE = 0.05  # of the kernel's time that redraws may take
END_LIMIT = 10.0  # seconds that a run which was broken off may take to end

Key = tuple[str, tuple[Any, ...]]  # a workload and its inputs


class Session:
    """Runs plans, each against its baseline, and keeps their traces.

    Parameters
    ----------
    activity
        Through which plans are started.
    views
        Show the runs.
    status
        Where it says how things stand.
    painted
        Tells when the page has gone quiet.
    keeper
        Keeps each run beyond the visit.
    """

    def __init__(
        self,
        activity: Activity,
        views: Views,
        status: Status,
        painted: Painted,
        keeper: Keeper,
    ) -> None:
        self._activity, self._views, self._status = activity, views, status
        self._painted, self._keeper = painted, keeper
        self._count = self._dropped = 0
        self._all_shown = True  # since the last press
        self._baselines: dict[Key, Trace] = {}
        self.traces: list[Trace] = []
        self.dropped_note = widgets.HTML()

    async def measure(self, choose: Callable[[], Sequence[Plan]]) -> list[Trace]:
        """Run plans one after the other; none if something else is running.

        Returns
        -------
        list of Trace
            One for each plan that was run; a baseline counts only where it was asked for.
        """
        if self._activity.busy:
            return []
        self._status.clear_error()
        self._all_shown = True
        plans, traces = choose(), []
        tried: dict[Key, Trace] = {}
        with self._status.on_failure("Stopped by an error; the runs that ended are kept."):
            async with self._activity.turn(self._status.show):
                if not self._activity.cancelled:
                    self._status.show("Starting…")
                for number, plan in enumerate(plans, 1):
                    if self._activity.cancelled:
                        break
                    place = f" ({number} of {len(plans)})" if len(plans) > 1 else ""
                    trace = await self._run_compared(plan, tried, place)
                    if not self._activity.cancelled:
                        traces.append(trace)
        done = "Done." if self._all_shown else "Done, but not all of it could be shown."
        self._status.show("Cancelled." if self._activity.cancelled else done)
        return traces

    async def _run_compared(self, plan: Plan, tried: dict[Key, Trace], place: str) -> Trace:
        """Run a plan and compare it with its baseline, measured again if the speedup is suspect."""
        key = (plan.workload, plan.inputs)
        if plan.mechanism == "sequential":
            return await self._baseline(plan, key)
        # A baseline that did not end well is not tried again for each mechanism of one press.
        tried[key] = baseline = (
            self._baselines.get(key) or tried.get(key) or await self._baseline(plan, key)
        )
        if self._activity.cancelled:
            return baseline
        trace = await self._run(plan, baseline, place)
        self._keep(trace)
        await self._keeper.keep(trace)
        if not trace.suspect or self._activity.cancelled:
            return trace
        again = await self._baseline(plan, key)
        if not again.went_well:
            return trace
        better = trace.against(again)
        await asyncio.to_thread(lambda: better.runs)
        self.traces = [better if one is trace else one for one in self.traces]
        self._show(better)
        return better

    async def _baseline(self, plan: Plan, key: Key) -> Trace:
        """Run a plan's sequential baseline; if it went well, it serves later plans too."""
        trace = await self._run(plan.baseline, None, ", the baseline")
        if trace.went_well:
            self._baselines[key] = trace
        self._keep(trace)
        await self._keeper.keep(trace)
        return trace

    async def _run(self, plan: Plan, baseline: Trace | None, place: str) -> Trace:
        """Run one plan and show it meanwhile; an exception ends the run."""
        self._status.show(f"Running {plan.mechanism}{place}…")
        await self._painted.wait()
        running = self._activity.start(plan)
        waiting = asyncio.get_running_loop().run_in_executor(None, running.wait)
        try:
            await self._watch(running, waiting, place)
        except BaseException:
            running.cancel()
            await asyncio.wait({waiting}, timeout=END_LIMIT)
            raise
        if self._activity.cancelled:
            self._status.show("Cancelled.")
        self._count += 1
        trace = Trace(waiting.result(), baseline, self._count)
        if plan.mechanism == "sequential":
            trace.baseline = trace
        await asyncio.to_thread(lambda: trace.runs)  # as in _show_live; the frames are kept
        return trace

    async def _watch(self, running: Any, waiting: asyncio.Future[Record], place: str) -> None:
        """Wait for a run's end and show it meanwhile; if showing fails, only wait."""
        pause: float | None = QUIET
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=pause)
            if waiting.done() or pause is None or self._activity.cancelled:
                continue
            began = time.perf_counter()
            try:
                await self._show_live(running, waiting, place)
            except Exception as error:
                self._not_shown(error)
                plan, pause = running.plan, None
                self._status.show(f"Running {plan.mechanism}{place}; it can't be shown meanwhile.")
            else:
                pause = max(REDRAW, (time.perf_counter() - began) / SHARE)

    async def _show_live(self, running: Any, waiting: asyncio.Future[Record], place: str) -> None:
        if not running.started:
            return
        trace = Trace(running.snapshot())
        # With 100,000 tasks it takes 0.1 s, so not on the kernel's loop.
        columns = await asyncio.to_thread(self._views.live_columns, trace)
        if waiting.done() or self._activity.cancelled:
            return
        self._views.show_live(trace, columns)
        done, total = running.finished, len(running.plan.inputs)
        text = f"Running {running.plan.mechanism}{place}: {done:,} of {total:,} tasks done"
        self._status.show(text, done, total)

    def _keep(self, trace: Trace) -> None:
        self.traces.append(trace)
        most = self._activity.limits
        while len(self.traces) > 1 and (
            len(self.traces) > most.runs or self._tasks_kept() > most.kept_tasks
        ):
            self._dropped += 1
            del self.traces[0]
            kept = self._in_memory()
            self._baselines = {key: one for key, one in self._baselines.items() if one in kept}
        self._show(trace)

    def _show(self, trace: Trace) -> None:
        try:
            self.dropped_note.value = _dropped_text(self._dropped)
            self._views.show_run(trace)
            self._views.show_session(self.traces, self.traces.index(trace))
        except Exception as error:
            self._not_shown(error)

    def _not_shown(self, error: Exception) -> None:
        """Say that showing failed; it does not disturb the run."""
        self._all_shown = False
        report(error)
        self._status.show_error(
            error, "Not all of it can be shown; the run itself is not disturbed."
        )

    def _in_memory(self) -> set[Trace]:
        """Every trace that is kept: the runs, and the baselines they are compared with."""
        return {*self.traces, *(trace.baseline for trace in self.traces if trace.baseline)}

    def _tasks_kept(self) -> int:
        return sum(len(trace.record.plan.inputs) for trace in self._in_memory())

    def select(self, row: int) -> None:
        """Show a run of this session again."""
        if not self._activity.busy and 0 <= row < len(self.traces):
            self._views.show_run(self.traces[row])


def _dropped_text(runs: int) -> str:
    if not runs:
        return ""
    text = f"The oldest runs ({runs:,}) were let go to save memory; they are not in the CSV."
    return hint(text)
