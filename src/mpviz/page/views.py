"""What the reader sees of runs: traces -> charts, tiles, words. Knows no control."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd

from mpviz.analysis.explain import LOST, agreement, went_well, why_suspect
from mpviz.analysis.frames import shaped
from mpviz.analysis.trace import Trace
from mpviz.charts import (
    losses,
    losses_columns,
    speedup,
    speedup_columns,
    timeline,
    timeline_columns,
    timeline_height,
)
from mpviz.charts.canvas import Columns
from mpviz.core.record import Line
from mpviz.core.schema import INTERVALS, RUNS, TASKS
from mpviz.core.text import digits, percent, seconds
from mpviz.engine.environment import usable_cpus
from mpviz.mechanisms import MECHANISMS
from mpviz.page.markup import code, listing, prose
from mpviz.page.widgets.browser import RunsTable
from mpviz.page.widgets.figure import FigureView

ENTRY = 24  # pixels of two entries in the speedup chart's legend, which takes them from the plot
LONGEST_NAME = 20  # of an input set, in the table
EMPTY_TILES = {
    "Makespan": ("–", "from the call to the last result"),
    "Speedup": ("–", "sequential time over this time"),
    "Efficiency": ("–", "speedup for each worker"),
    "Load balance": ("–", "mean over longest useful time"),
    "Tasks done": ("–", ""),
    "Answers agree": ("–", "with the sequential run"),
}
COLUMNS = [
    {"key": "run", "label": "Run", "align": "right"},
    {"key": "mechanism", "label": "Mechanism", "align": "left"},
    {"key": "start_method", "label": "Start method", "align": "left"},
    {"key": "workers", "label": "Workers", "align": "right"},
    {"key": "chunk_size", "label": "Chunk size", "align": "right"},
    {"key": "input_set", "label": "Input set", "align": "left"},
    {"key": "makespan", "label": "Makespan", "align": "right"},
    {"key": "speedup", "label": "Speedup", "align": "right"},
    {"key": "ok", "label": "Ok", "align": "right"},
    {"key": "ending", "label": "Ended", "align": "left"},
]


class Views:
    """Everything on the page that shows results.

    Parameters
    ----------
    lanes
        Lanes that the empty timeline shows.
    most_workers
        Where the speedup chart's ideal line ends.
    on_select
        Gets the number of the run that the reader chose in the table.
    on_error
        Gets what a handler raised.
    """

    def __init__(
        self,
        *,
        lanes: int,
        most_workers: int,
        on_select: Callable[[int], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        self._drawn: tuple[int, float | None] = (lanes, None)
        self._usable, self._most = usable_cpus(), most_workers
        empty = timeline_columns(shaped_empty(TASKS), shaped_empty(INTERVALS), lanes=lanes)
        self.timeline = FigureView(
            timeline(empty, lanes=lanes),
            label="Timeline, empty: a bar will appear for each task",
            height=timeline_height(lanes),
        )
        runs = shaped_empty(RUNS)
        self.speedup = _view(
            speedup(speedup_columns(runs), usable_cpus=self._usable, most_workers=most_workers),
            "Speedup over workers, empty",
        )
        self._speedup_height = self.speedup.height
        self.losses = _view(losses(losses_columns(runs)), "Where the time went, empty")
        self.heading = widgets.HTML(_heading(""))
        self.tiles = widgets.HTML(_tiles(EMPTY_TILES))
        self.verdict = widgets.HTML()
        self.code = widgets.HTML()
        self.printed = widgets.HTML(_printed(()))
        self.table = RunsTable(
            COLUMNS,
            label="Runs of this visit",
            empty="Each run becomes a row here; choosing one brings back its timeline.",
            on_select=on_select,
            on_error=on_error,
        )

    def show_lanes(self, lanes: int, deadline: float | None = None) -> None:
        """Empty the timeline and give it so many lanes."""
        columns = timeline_columns(shaped_empty(TASKS), shaped_empty(INTERVALS), lanes=lanes)
        self._draw_timeline(columns, lanes, deadline)
        self.timeline.label = f"Timeline of {lanes} workers, empty"
        self.heading.value = _heading("")

    @staticmethod
    def live_columns(trace: Trace) -> Columns:
        """What `show_live` draws; of 100,000 tasks it takes 0.1 s, so not on the kernel's loop."""
        return timeline_columns(
            trace.tasks,
            trace.intervals,
            lanes=trace.record.plan.lanes,
            now=trace.record.makespan_s,
        )

    def show_live(self, trace: Trace, columns: Columns) -> None:
        """Show a run as far as it is."""
        record = trace.record
        lanes = record.plan.lanes
        self._draw_timeline(columns, lanes, None)
        self.heading.value = _heading(f"running {record.plan.mechanism} × {lanes}")

    def show_run(self, trace: Trace) -> None:
        """Show a finished run: timeline, tiles, words, printed lines."""
        record, run = trace.record, trace.summary.to_dict()
        self._draw_timeline(trace.timeline_columns(), record.plan.lanes, trace.cut_at_s)
        sentence = trace.sentence
        self.timeline.label = f"Timeline of run {run['run']}. {sentence}"
        self.heading.value = _heading(f"run {run['run']}, {run['mechanism']} × {run['workers']}")
        self.tiles.value = _tiles(_numbers(run))
        name = "mpviz-verdict" if went_well(run) else "mpviz-verdict mpviz-bad"
        self.verdict.value = f'<p class="{name}" role="status">{html.escape(sentence)}</p>'
        self.printed.value = _printed(trace.output)

    def show_visit(self, traces: Sequence[Trace], selected: int) -> None:
        """Show all runs of this visit: the table, the points, where the time went."""
        runs = pd.concat([trace.runs for trace in traces], ignore_index=True)
        self.table.show([_row(run) for run in runs.to_dict("records")], selected)
        entries = runs["mechanism"].nunique() + 1  # the ideal line has one too
        with self.speedup.hold_sync():
            self.speedup.height = self._speedup_height + ENTRY * max(0, entries // 2 - 2)
            self.speedup.set_columns(speedup_columns(runs))
        self.speedup.label = f"Speedup over workers: {len(runs)} runs"
        self.losses.set_columns(losses_columns(runs))
        self.losses.label = f"Where the time went in the last of {len(runs)} runs"

    def show_code(self, mechanism: str) -> None:
        """Show a mechanism: what it is good for, how it breaks, and its source."""
        entry = MECHANISMS[mechanism]
        name = html.escape(mechanism)
        self.code.value = (
            f"<h2>The code of {name}</h2>{prose(entry.function.__doc__ or '')}"
            '<p class="mpviz-hint">The chosen mechanism, as it runs.</p>'
            f"{code(entry.source, f'Source of {mechanism}')}"
        )

    def _draw_timeline(
        self, columns: Mapping[str, Any], lanes: int, deadline: float | None
    ) -> None:
        if self._drawn == (lanes, deadline):
            self.timeline.set_columns(columns)
            return
        self._drawn = (lanes, deadline)
        with self.timeline.hold_sync():
            self.timeline.height = timeline_height(lanes)
            self.timeline.show(timeline(dict(columns), lanes=lanes, deadline=deadline))


def shaped_empty(columns: Any) -> pd.DataFrame:
    """A frame of these columns without a row."""
    return shaped({column.name: [] for column in columns}, columns)


def _view(figure: Any, label: str) -> FigureView:
    return FigureView(figure, label=label, height=int(figure.height))


def _heading(which: str) -> str:
    title = f"Timeline: {which}" if which else "Timeline"
    return (
        f"<h2>{html.escape(title)}</h2>"
        '<p class="mpviz-hint">A lane for each worker, a bar for each task.</p>'
    )


def _numbers(run: Mapping[Any, Any]) -> dict[str, tuple[str, str]]:
    agree = agreement(run) if not pd.isna(run["answers_agree"]) else "–"
    why = why_suspect(run)
    lost = [f"{run[name]:,} {name}" for name in LOST if run[name]]
    workers = f"{run['workers']:,} worker{'s' if run['workers'] != 1 else ''}"
    return {
        "Makespan": (seconds(run["makespan_s"]), "from the call to the last result"),
        "Speedup": (_digits(run["speedup"]), f"suspect: {why}" if why else _possible(run)),
        "Efficiency": (
            ("–", "as the speedup is suspect")
            if why
            else (_percent(run["efficiency"]), f"speedup over {workers}")
        ),
        "Load balance": (_percent(run["load_balance"]), "mean over longest useful time"),
        "Tasks done": (f"{run['ok']:,} of {run['tasks']:,}", ", ".join(lost) or "all ended well"),
        "Answers agree": (agree, "with the sequential run"),
    }


def _possible(run: Mapping[Any, Any]) -> str:
    if pd.isna(run["possible_speedup"]):
        return "sequential time over this time"
    return f"of a possible {run['possible_speedup']:,.3g}"


def _digits(value: float) -> str:
    return "–" if pd.isna(value) else digits(value)


def _percent(share: float) -> str:
    return "–" if pd.isna(share) else percent(share)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _tiles(numbers: Mapping[str, tuple[str, str]]) -> str:
    tiles = "".join(
        f'<div class="mpviz-tile"><div>{html.escape(name)}</div><div>{html.escape(value)}</div>'
        f"<div>{html.escape(note)}</div></div>"
        for name, (value, note) in numbers.items()
    )
    return f'<div class="mpviz-tiles">{tiles}</div>'


def _printed(lines: Sequence[Line]) -> str:
    if not lines:
        return '<div class="mpviz-hint">Nothing was printed.</div>'
    told = [
        f"{f'task {line.task}' if line.task >= 0 else 'no task'}\t{line.text}" for line in lines
    ]
    return listing(told, "What workers printed")


def _row(run: Mapping[Any, Any]) -> dict[str, str]:
    return {
        "run": str(run["run"]),
        "mechanism": run["mechanism"],
        "start_method": run["start_method"] or "–",
        "workers": f"{run['workers']:,}",
        "chunk_size": f"{run['chunk_size']:,}",
        "input_set": _short(run["input_set"]),
        "makespan": seconds(run["makespan_s"]),
        "speedup": _digits(run["speedup"]) + (", suspect" if why_suspect(run) else ""),
        "ok": f"{run['ok']:,}/{run['tasks']:,}",
        "ending": run["ending"],
    }
