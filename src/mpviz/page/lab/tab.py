"""The fault lab: plants faults into tasks and shows, cell by cell, what each mechanism does.

Knows no control and no run of the Run tab.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import aclosing
from typing import Any

import ipywidgets as widgets

from mpviz.analysis.csvfiles import csv_text
from mpviz.core.errors import MpvizError, Refused
from mpviz.core.plan import Plan
from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen, frame
from mpviz.faults.lab.running import MECHANISMS_TESTED, run_cells
from mpviz.page.activity import Activity
from mpviz.page.background import in_background
from mpviz.page.boxes import button, row
from mpviz.page.lab.batch import Batch, Key, blocks_of
from mpviz.page.lab.cell import CellCard
from mpviz.page.lab.words import NOT_RUN, RUNNING, column_head, forecast, legend, row_head, word_of
from mpviz.page.markup import element, hint
from mpviz.page.start_method import start_method_buttons
from mpviz.page.status import Status
from mpviz.page.widgets.download_button import DownloadButton
from mpviz.page.widgets.matrix import Matrix

REDRAW = 0.2  # seconds between redraws of the matrix at least
ALL = [(mechanism, fault) for fault in FAULTS for mechanism in MECHANISMS_TESTED]
ABOUT = (
    "Plant a fault into a run of eight tasks and see what each mechanism does with it, on this "
    "machine and this Python."
)
HOW = (
    "Press a mechanism to run its row, a fault to run its column, a cell to run it alone. Press a "
    "cell that was run to open it."
)
Cells = Callable[..., Generator[Cell, None, None]]


class FaultLab:
    """The matrix, what runs its cells, and what a cell opens.

    Parameters
    ----------
    activity
        Through which cells are started.
    scroll_to
        Brings the part of the page that a selector names into view, and the focus into it.
    cells
        Gives the cells of mechanisms × faults one by one; a test may hand in its own.
    """

    def __init__(
        self,
        activity: Activity,
        scroll_to: Callable[[str], object],
        cells: Cells = run_cells,
    ) -> None:
        self._activity, self._scroll_to, self._cells = activity, scroll_to, cells
        self._seen: dict[str, dict[Key, Cell]] = {}  # by start method
        self._batch: Batch | None = None
        self._opened: Key | None = None
        self._blocked = False  # the Run tab is running something
        self.status = Status()
        self.start_method = start_method_buttons()
        self.run_button = button("", "primary")
        self.cancel_button = button("Cancel", disabled=True)
        self.download = DownloadButton(
            "Download faults CSV", self.make_csv, disabled=True, on_error=self.status.show_error
        )
        self.matrix = Matrix(
            [row_head(name) for name in MECHANISMS_TESTED],
            [column_head(name) for name in FAULTS],
            label="What each mechanism did with each fault",
            empty=NOT_RUN,
            on_press=self.status.guard(self.pressed),
        )
        self.legend = widgets.HTML()
        self.cell = CellCard()
        self.box = self._lay_out()
        self.run_button.on_click(self.status.guard(lambda _b: self.run_rest()))
        self.cancel_button.on_click(self.status.guard(lambda _b: self.cancel()))
        self.cell.again_button.on_click(self.status.guard(lambda _b: self.run_again()))
        self.cell.close_button.on_click(self.status.guard(lambda _b: self.close()))
        self.start_method.observe(self.status.guard(self._method_chosen), "value")
        self._draw()
        self.refresh()
        self._show_forecast()

    def _lay_out(self) -> widgets.VBox:
        buttons = row((self.run_button, self.cancel_button, self.download))
        choices = row((self.start_method, buttons), "mpviz-lab-choices")
        parts = [choices, self.status.error, self.status.line, self.legend, self.matrix]
        intro = widgets.HTML(element("div", (element("p", ABOUT), hint(HOW)), "mpviz-lead"))
        card = widgets.VBox([intro, *parts]).add_class("mpviz-card")
        return widgets.VBox([card, self.cell.card]).add_class("mpviz-lab")

    @property
    def running(self) -> bool:
        """Whether cells are being run, or wait to be."""
        return self._batch is not None

    def pressed(self, mechanism: str, fault: str) -> Any:
        """Open the cell that was pressed, or run it; for a head, run its row or column."""
        if mechanism and fault and (mechanism, fault) in self._shown():
            return self.open((mechanism, fault))
        keys = [
            key for key in ALL if (not mechanism or key[0] == mechanism) and fault in ("", key[1])
        ]
        return self.run(keys, open_last=bool(mechanism and fault))

    def run_rest(self) -> Any:
        """Run the cells that were not run yet; all of them if none is left."""
        return self.run(self._rest() or ALL)

    def run_again(self) -> Any:
        """Run the cell that is open."""
        return self.run([self._opened] if self._opened else [])

    async def run(self, keys: Sequence[Key], *, open_last: bool = False) -> None:
        """Run cells, showing each as it comes; none if something else is running."""
        if self._activity.busy or not keys:
            return
        if len(keys) > self._activity.limits.cells:
            raise Refused("Here a row or a column can be run at once: others are waiting too.")
        method = self._method()
        self.status.clear_error()
        self._batch = batch = Batch(list(keys))
        try:
            async with self._activity.turn(self.status.show):
                batch.begin()
                for mechanisms, faults in blocks_of(keys):
                    if not self._activity.cancelled:
                        await self._stream(batch, method, mechanisms, faults)
        finally:
            self._batch = None
            self.status.show(batch.summary(self._activity.cancelled))
            self._draw_guarded()
            self.refresh()
        if open_last and keys[-1] in batch.seen:
            self.open(keys[-1])

    async def _stream(
        self, batch: Batch, method: str, mechanisms: Sequence[str], faults: Sequence[str]
    ) -> None:
        def start(plan: Plan) -> Any:
            running = self._activity.start(plan)
            batch.started.add((plan.mechanism, plan.workload))
            return running

        stream = self._cells(mechanisms, faults, start_method=method, start=start)
        drawn = 0.0
        try:
            async with aclosing(in_background(stream, REDRAW)) as cells:
                async for cell in cells:
                    if cell is not None:
                        self._keep(batch, method, cell)
                    if time.monotonic() - drawn >= REDRAW:
                        drawn = time.monotonic()
                        self._draw_guarded()
        except MpvizError:
            if not self._activity.cancelled:
                raise

    def _keep(self, batch: Batch, method: str, cell: Cell) -> None:
        if cell.seen is Seen.CANCELLED:
            return
        key = (cell.mechanism, cell.fault)
        batch.seen[key] = self._seen.setdefault(method, {})[key] = cell
        if key == self._opened:
            self.status.guard(self.cell.show)(cell)

    def cancel(self) -> None:
        """End what is running, and start nothing more."""
        self._activity.cancel()
        self.status.show("Cancelling…")

    def open(self, key: Key) -> None:
        """Show what was seen of a cell, below the matrix."""
        self._opened = key
        self.matrix.opened = list(key)
        self.cell.show(self._shown()[key])
        self._scroll_to(".mpviz-cell")

    def close(self) -> None:
        """Close the open cell."""
        if self._opened:
            self.matrix.focus_on(*self._opened)
        self._opened = None
        self.matrix.opened = ["", ""]
        self.cell.hide()

    def make_csv(self) -> tuple[str, bytes]:
        """Write all cells of this session as CSV, a row each."""
        cells = [cell for seen in self._seen.values() for cell in seen.values()]
        return "mpviz-faults.csv", csv_text(frame(cells)).encode()

    def refresh(self) -> None:
        """Enable and disable what depends on whether something runs."""
        busy = self._activity.busy
        for widget in (self.start_method, self.cell.again_button):
            widget.disabled = busy
        self.matrix.busy = busy
        self.run_button.disabled = busy or len(self._rest() or ALL) > self._activity.limits.cells
        self.cancel_button.disabled = not busy
        if busy and not self.running:
            self._blocked = True
            self.status.show(
                "Something is running on the Run tab; the lab is free when it is over."
            )
        elif not busy:
            if self._blocked:
                self._blocked = False
                self._show_forecast()
            left = len(self._rest())
            some = 0 < left < len(ALL)
            self.run_button.description = f"Run the other {left:,}" if some else "Run all"

    def _method(self) -> str:
        method = self.start_method.value
        if method not in multiprocessing.get_all_start_methods():
            raise Refused("There is no such start method.")
        return str(method)

    def _shown(self) -> dict[Key, Cell]:
        return self._seen.get(str(self.start_method.value), {})

    def _rest(self) -> list[Key]:
        return [key for key in ALL if key not in self._shown()]

    def _method_chosen(self, _change: object = None) -> None:
        if self._opened in self._shown():
            self.cell.show(self._shown()[self._opened])
        elif self._opened:
            self._opened = None
            self.matrix.opened = ["", ""]
            self.cell.hide()
        self._draw()
        self.refresh()
        self._show_forecast()

    def _show_forecast(self) -> None:
        most = self._activity.limits.cells
        self.status.show(forecast(len(self._rest()) or len(ALL), self._method(), most))

    def _draw_guarded(self) -> None:
        """Draw, and show what that raised: it does not disturb the cells that run."""
        self.status.guard(self._draw)()

    def _draw(self) -> None:
        words = {key: word_of(cell) for key, cell in self._shown().items()}
        if self._batch is not None:
            words |= dict.fromkeys(self._batch.under_way(), RUNNING)
            self.status.show(self._batch.progress(), len(self._batch.seen), len(self._batch.asked))
        self.matrix.show(words)
        self.legend.value = legend(self._shown().values())
        self.download.disabled = not any(self._seen.values())
