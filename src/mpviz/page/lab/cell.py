"""One cell of the fault lab, opened: what was seen and when, the code, the safer way to write it.

Knows no matrix and runs nothing.
"""

from __future__ import annotations

import ipywidgets as widgets
from markupsafe import Markup

from mpviz.charts import timeline_height
from mpviz.core.text import counted
from mpviz.faults.catalogue import FAULTS, TASKS
from mpviz.faults.lab.cell import Cell
from mpviz.mechanisms import MECHANISMS
from mpviz.page.boxes import button, row, set_class
from mpviz.page.lab.words import coloured, word_of
from mpviz.page.markup import code, element, hint, prose
from mpviz.page.widgets.figure import FigureView


class CellCard:
    """The card below the matrix that a cell opens."""

    def __init__(self) -> None:
        self.again_button = button("Run it again")
        self.close_button = button("Back to the matrix")
        self._head, self._verdict = widgets.HTML(), widgets.HTML()
        self._chart = widgets.VBox().add_class("mpviz-chart")
        self._view: FigureView | None = None
        self._codes = widgets.HTML()
        buttons = row((self.close_button, self.again_button))
        head = row((self._head, buttons), "mpviz-cell-head")
        self.card = widgets.VBox([head, self._verdict, self._chart, self._codes])
        for name in ("mpviz-card", "mpviz-cell", "mpviz-unused"):
            self.card.add_class(name)

    def hide(self) -> None:
        """Hide the card."""
        set_class(self.card, "mpviz-unused", True)

    def show(self, cell: Cell) -> None:
        """Show what was seen of a cell."""
        fault = FAULTS[cell.fault]
        title = f"{cell.mechanism}: {fault.title}"
        self._head.value = element("h2", title) + hint(_setup(cell))
        verdict = (coloured(word_of(cell)), " ", cell.sentence)
        self._verdict.value = element("p", verdict, "mpviz-verdict", role="status")
        self._draw(cell)
        codes = (_mechanism_code(cell.mechanism), _fault_code(cell.fault), _safer_code(cell))
        sections = [element("section", part) for part in codes]
        self._codes.value = element("div", sections, "mpviz-codes")
        set_class(self.card, "mpviz-unused", False)

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


def _setup(cell: Cell) -> str:
    fault = FAULTS[cell.fault]
    planted = "every task" if fault.everywhere else f"task {fault.tasks[0]}, counted from 0"
    how = f", {cell.start_method}" if MECHANISMS[cell.mechanism].processes else ""
    workers = counted(cell.trace.record.plan.lanes, "worker")
    return f"{TASKS} tasks, {workers}{how}; the fault is planted into {planted}."


def _mechanism_code(name: str) -> Markup:
    return element("h3", f"The code of {name}") + code(MECHANISMS[name].source, f"Source of {name}")


def _fault_code(name: str) -> Markup:
    fault = FAULTS[name]
    source = code(fault.source, f"Source of the fault {name}")
    return element("h3", "The fault") + prose(fault.about) + source


def _safer_code(cell: Cell) -> Markup:
    title = "The safer way to write it"
    source = code(cell.safer_code, title) if cell.safer_code else Markup("")
    return element("h3", title) + prose(cell.safer) + source
