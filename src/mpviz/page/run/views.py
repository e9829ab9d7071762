"""What the page shows of runs: traces -> charts, tiles, sentences. Knows no control."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd

from mpviz.analysis.explain import went_well, why_suspect
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
from mpviz.charts.waterfall import waterfall, waterfall_columns
from mpviz.core.record import Line
from mpviz.core.schema import INTERVALS, RUNS, TASKS
from mpviz.core.text import clipped, counted, seconds
from mpviz.engine import environment
from mpviz.mechanisms import MECHANISMS
from mpviz.page.markup import code, element, hint, listing, prose
from mpviz.page.run.tiles import EMPTY_TILES, speedup_text, tiles, tiles_of
from mpviz.page.widgets.figure import FigureView
from mpviz.page.widgets.runs_table import RunsTable

ENTRY = 24  # pixels of two entries in the speedup chart's legend, which takes them from the plot
LONGEST_NAME = 20  # of an input set, in the table
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
        The worker count at which the speedup chart's ideal line ends.
    on_select
        Gets the number of the run that the reader chose in the table.
    on_show
        Gets the trace of each run that is shown.
    on_error
        Gets what a handler raised.
    """

    def __init__(
        self,
        *,
        lanes: int,
        most_workers: int,
        on_select: Callable[[int], object],
        on_show: Callable[[Trace], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        self._drawn: tuple[int, float | None] = (lanes, None)
        self._on_show = on_show
        empty = timeline_columns(_empty(TASKS), _empty(INTERVALS), lanes=lanes)
        self.timeline = FigureView(
            timeline(empty, lanes=lanes),
            label="Timeline, empty: a bar will appear for each task",
            height=timeline_height(lanes),
        )
        runs = _empty(RUNS)
        cpus = environment.usable_cpus()
        self.speedup = _view(
            speedup(speedup_columns(runs), usable_cpus=cpus, most_workers=most_workers),
            "Speedup over workers, empty",
        )
        self._speedup_height = self.speedup.height
        self.losses = _view(losses(losses_columns(runs)), "Where the time went, empty")
        self.waterfall = _view(waterfall(waterfall_columns(None)), "What the run lost, empty")
        self.heading = widgets.HTML(_heading(""))
        self.tiles = widgets.HTML(tiles(EMPTY_TILES))
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

    def show_lanes(self, lanes: int) -> None:
        """Show an empty timeline with so many lanes."""
        columns = timeline_columns(_empty(TASKS), _empty(INTERVALS), lanes=lanes)
        self._draw_timeline(columns, lanes, None)
        self.timeline.label = f"Timeline of {counted(lanes, 'worker')}, empty"
        self.heading.value = _heading("")

    @staticmethod
    def live_columns(trace: Trace) -> Columns:
        """What `show_live` draws; not on the kernel's loop: 100,000 tasks take 0.1 s."""
        return timeline_columns(
            trace.tasks,
            trace.intervals,
            lanes=trace.record.plan.lanes,
            now=trace.record.makespan_s,
        )

    def show_live(self, trace: Trace, columns: Columns) -> None:
        """Show a run that still goes on."""
        record = trace.record
        lanes = record.plan.lanes
        self._draw_timeline(columns, lanes, None)
        self.heading.value = _heading(f"running {record.plan.mechanism} × {lanes}")

    def show_run(self, trace: Trace) -> None:
        """Show a finished run: timeline, tiles, sentence, printed lines."""
        record, run = trace.record, trace.summary.to_dict()
        self._draw_timeline(trace.timeline_columns(), record.plan.lanes, trace.cut_at_s)
        sentence = trace.sentence
        self.timeline.label = f"Timeline of run {run['run']}. {sentence}"
        self.heading.value = _heading(f"run {run['run']}, {run['mechanism']} × {run['workers']}")
        self.tiles.value = tiles(tiles_of(run))
        self._draw_waterfall(trace)
        name = "mpviz-verdict" if went_well(run) else "mpviz-verdict mpviz-bad"
        self.verdict.value = element("p", sentence, name, role="status")
        self.printed.value = _printed(trace.output)
        self._on_show(trace)

    def show_session(self, traces: Sequence[Trace], selected: int) -> None:
        """Show all runs of this session: the table, the points, where the time went."""
        runs = pd.concat([trace.runs for trace in traces], ignore_index=True)
        self.table.show([_row(run) for run in runs.to_dict("records")], selected)
        entries = runs["mechanism"].nunique() + 1  # the ideal line has one too
        with self.speedup.hold_sync():
            self.speedup.height = self._speedup_height + ENTRY * max(0, entries // 2 - 2)
            self.speedup.set_columns(speedup_columns(runs))
        self.speedup.label = f"Speedup over workers: {counted(len(runs), 'run')}"
        self.losses.set_columns(losses_columns(runs))
        self.losses.label = f"Where the time went in the last of {counted(len(runs), 'run')}"

    def show_code(self, mechanism: str) -> None:
        """Show a mechanism: what it is good for, how it breaks, and its source."""
        entry = MECHANISMS[mechanism]
        self.code.value = (
            element("h2", f"The code of {mechanism}")
            + prose(entry.function.__doc__ or "")
            + hint(_about_gil(mechanism))
            + hint("The chosen mechanism, as it runs.")
            + code(entry.source, f"Source of {mechanism}")
        )

    def _draw_waterfall(self, trace: Trace) -> None:
        columns = waterfall_columns(trace.losses)
        told = "; ".join(columns["labels"]["text"])
        with self.waterfall.hold_sync():
            self.waterfall.label = f"What the run lost: {told or 'not known'}"
            self.waterfall.set_columns(columns)

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


def _empty(columns: Any) -> pd.DataFrame:
    """Make a frame of these columns without a row."""
    return shaped({column.name: [] for column in columns}, columns)


def _view(figure: Any, label: str) -> FigureView:
    return FigureView(figure, label=label, height=int(figure.height))


def _about_gil(mechanism: str) -> str:
    if mechanism == "threads" and not environment.has_gil():
        return "This Python runs without the GIL: here threads compute at the same time."
    return ""


def _heading(which: str) -> str:
    title = f"Timeline: {which}" if which else "Timeline"
    about = "A lane for each worker, a bar for each task."
    return element("h2", title) + hint(about)


def _printed(lines: Sequence[Line]) -> str:
    if not lines:
        return hint("Nothing was printed.")
    shown = [
        f"{f'task {line.task}' if line.task >= 0 else 'no task'}\t{line.text}" for line in lines
    ]
    return listing(shown, "What workers printed")


def _row(run: Mapping[Any, Any]) -> dict[str, str]:
    return {
        "run": str(run["run"]),
        "mechanism": run["mechanism"],
        "start_method": run["start_method"] or "–",
        "workers": f"{run['workers']:,}",
        "chunk_size": f"{run['chunk_size']:,}",
        "input_set": clipped(run["input_set"], LONGEST_NAME),
        "makespan": seconds(run["makespan_s"]),
        "speedup": speedup_text(run) + (", suspect" if why_suspect(run) else ""),
        "ok": f"{run['ok']:,}/{run['tasks']:,}",
        "ending": run["ending"],
    }
