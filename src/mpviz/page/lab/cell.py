"""One cell of the fault lab, opened: what was seen, when, the code, and the safer way to write it.

Knows no matrix and runs nothing.
"""

from __future__ import annotations

import html

import ipywidgets as widgets

from mpviz.charts import timeline_height
from mpviz.faults.catalogue import FAULTS, TASKS
from mpviz.faults.lab.cell import Cell
from mpviz.mechanisms import MECHANISMS
from mpviz.page.lab.words import mark, word_of
from mpviz.page.markup import code, prose
from mpviz.page.widgets.figure import FigureView


class CellCard:
    """What a cell opens: below the matrix, hidden until one is shown."""

    def __init__(self) -> None:
        self.again_button = widgets.Button(description="Run it again")
        self.close_button = widgets.Button(description="Back to the matrix")
        self._head, self._told = widgets.HTML(), widgets.HTML()
        self._chart = widgets.VBox().add_class("mpviz-chart")
        self._view: FigureView | None = None
        self._codes = widgets.HTML()
        buttons = widgets.HBox([self.close_button, self.again_button]).add_class("mpviz-actions")
        head = widgets.HBox([self._head, buttons]).add_class("mpviz-cell-head")
        self.card = widgets.VBox([head, self._told, self._chart, self._codes])
        for name in ("mpviz-card", "mpviz-cell", "mpviz-unused"):
            self.card.add_class(name)

    def hide(self) -> None:
        """Show none."""
        self.card.add_class("mpviz-unused")

    def show(self, cell: Cell) -> None:
        """Show what was seen of a cell."""
        fault = FAULTS[cell.fault]
        title = f"{cell.mechanism}: {fault.title}"
        self._head.value = (
            f'<h2>{html.escape(title)}</h2><p class="mpviz-hint">{html.escape(_where(cell))}</p>'
        )
        self._told.value = (
            f'<p class="mpviz-verdict" role="status">{mark(word_of(cell))} '
            f"{html.escape(cell.sentence)}</p>"
        )
        self._draw(cell)
        safer = f"<h3>The safer way to write it</h3>{prose(cell.safer)}"
        if cell.safer_code:
            safer += code(cell.safer_code, "The safer way to write it")
        self._codes.value = (
            f'<div class="mpviz-codes"><section>{_mechanism_code(cell.mechanism)}</section>'
            f"<section>{_fault_code(cell.fault)}</section><section>{safer}</section></div>"
        )
        self.card.remove_class("mpviz-unused")

    def _draw(self, cell: Cell) -> None:
        height = timeline_height(cell.trace.record.plan.lanes)
        figure = cell.trace.timeline()
        label = f"Timeline of {cell.mechanism} with {FAULTS[cell.fault].title}. {cell.sentence}"
        if self._view is None:
            self._view = FigureView(figure, label=label, height=height)
            self._chart.children = (self._view,)
            return
        with self._view.hold_sync():
            self._view.label, self._view.height = label, height
            self._view.show(figure)


def _where(cell: Cell) -> str:
    fault = FAULTS[cell.fault]
    planted = "all of them" if fault.everywhere else f"task {fault.tasks[0]}, counted from 0"
    how = f", {cell.start_method}" if MECHANISMS[cell.mechanism].processes else ""
    lanes = cell.trace.record.plan.lanes
    workers = f"{lanes} worker{'s' if lanes != 1 else ''}"
    return f"{TASKS} tasks, {workers}{how}; the fault is planted into {planted}."


def _mechanism_code(name: str) -> str:
    source = code(MECHANISMS[name].source, f"Source of {name}")
    return f"<h3>The code of {html.escape(name)}</h3>{source}"


def _fault_code(name: str) -> str:
    fault = FAULTS[name]
    source = code(fault.source, f"Source of the fault {name}")
    return f"<h3>The fault</h3>{prose(fault.about)}{source}"
