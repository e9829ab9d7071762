"""The History tab: what was kept, shown again, labelled, compared, copied, deleted.

Knows no run of the page's other tabs.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from mpviz.core.errors import Refused
from mpviz.core.text import clipped, counted, seconds
from mpviz.exports.folderzip import folder_zip, unzip
from mpviz.page.boxes import button, card, row, set_class
from mpviz.page.markup import element
from mpviz.page.run.fields import control
from mpviz.page.status import Status
from mpviz.page.widgets.download_button import DownloadButton
from mpviz.page.widgets.figure import FigureView
from mpviz.page.widgets.runs_table import RunsTable
from mpviz.page.widgets.upload import Upload
from mpviz.studies.comparing import compared
from mpviz.studies.history import LONGEST_LABEL, Entry, History, KeptRun
from mpviz.studies.study import Study

ABOUT = "Every run and study of this machine's user; each is a folder of CSV files."
LARGEST_ZIP = 5 * 2**20  # bytes of an upload; above some ten the connection breaks
MOST_SHOWN = 500  # rows
COLUMNS = [
    {"key": "when", "label": "Begun (UTC)", "align": "left"},
    {"key": "label", "label": "Label", "align": "left"},
    {"key": "makespan", "label": "Makespan", "align": "right"},
    {"key": "title", "label": "What", "align": "left"},
]


class HistoryTab:
    """Lists the history and shows what is chosen.

    Parameters
    ----------
    history
        What was kept.
    scroll_to
        Brings the part of the page that a selector names into view.
    """

    def __init__(self, history: History, scroll_to: Callable[[str], object]) -> None:
        self._history, self._scroll_to = history, scroll_to
        self._entries: list[Entry] = []
        self._chosen: Entry | None = None
        self._other: Entry | None = None  # to be compared with
        self._sure: Entry | None = None  # Delete was pressed once
        self.status = Status()
        self.table = RunsTable(
            COLUMNS,
            label="History",
            empty="Nothing was kept yet: each run and each study will be.",
            on_select=self.status.guard(self._select),
            on_error=self.status.show_error,
        )
        self.label = widgets.Text(description="Label", continuous_update=False)
        self.label_button = button("Set label", disabled=True)
        self.compare_button = button("Compare…", disabled=True)
        self.delete_button = button("Delete", disabled=True)
        self.download = DownloadButton(
            "Download", self.make_zip, disabled=True, on_error=self.status.show_error
        )
        self.upload = Upload(
            "Import a zip that was downloaded here",
            LARGEST_ZIP,
            on_file=self._take_in,
            on_error=lambda text: self.status.show_error(Refused(text)),
            binary=True,
        )
        for pressed, handler in (
            (self.label_button, self.set_label),
            (self.compare_button, self.compare),
            (self.delete_button, self.delete),
        ):
            pressed.on_click(self.status.guard(handler))
        self._text = widgets.HTML()
        self._figure: FigureView | None = None
        self._place = widgets.VBox()
        self.shown = (
            card("Shown", self._text, self._place).add_class("mpviz-unused").add_class("mpviz-kept")
        )
        actions = row((self.compare_button, self.download, self.delete_button))
        labelled = row((control(self.label), self.label_button)).add_class("mpviz-foot")
        self.box = widgets.VBox(
            [
                card(
                    "History",
                    self.status.error,
                    self.status.line,
                    self.table,
                    actions,
                    labelled,
                    self.upload,
                    intro=ABOUT,
                ),
                self.shown,
            ]
        ).add_class("mpviz-lab")
        self.table.add_class("mpviz-long")

    def refresh(self) -> None:
        """List what was kept, as it is now."""
        self._entries = self._history.entries()[:MOST_SHOWN]
        chosen = self._chosen.name if self._chosen else ""
        at = next((i for i, one in enumerate(self._entries) if one.name == chosen), -1)
        self.table.show([_row(one) for one in self._entries], at)
        self._set_chosen(self._entries[at] if at >= 0 else None)
        self.status.show(f"{counted(len(self._entries), 'row')}, the newest first.")

    def _select(self, at: int) -> Any:
        entry = self._entries[at]
        self._set_chosen(entry)
        return self.show(entry)

    def _set_chosen(self, entry: Entry | None) -> None:
        self._chosen, self._sure = entry, None
        self.delete_button.description = "Delete"
        for one in (self.label_button, self.delete_button, self.download, self.compare_button):
            one.disabled = entry is None
        self.label.value = entry.label if entry else ""
        held = self._other is not None and entry is not None and entry != self._other
        self.compare_button.description = (
            f"Compare with {clipped(_name(self._other), 24)}"
            if held and self._other
            else "Compare…"
        )

    async def show(self, entry: Entry) -> None:
        """Show a run's timeline or a study's ranking."""
        self.status.clear_error()
        found = await asyncio.to_thread(self._history.read, entry)
        figure = await asyncio.to_thread(_figure, found)
        self._text.value = element("p", found.sentence, "mpviz-verdict", role="status")
        self._draw(figure, f"{entry.title}. {found.sentence}")
        set_class(self.shown, "mpviz-unused", False)
        self._scroll_to(".mpviz-kept")

    def _draw(self, figure: Any, label: str) -> None:
        height = int(figure.height)
        if self._figure is None:
            self._figure = FigureView(figure, label=label, height=height)
            self._place.children = (self._figure,)
            return
        with self._figure.hold_sync():
            self._figure.height, self._figure.label = height, label
            self._figure.show(figure)

    def set_label(self, _button: object = None) -> None:
        """Give the chosen entry the label that was typed."""
        entry = self._chosen
        if entry is None:
            return
        text = self.label.value
        if not isinstance(text, str) or len(text) > 10 * LONGEST_LABEL:
            raise Refused(f"A label has at most {LONGEST_LABEL} characters.")
        self._chosen = self._history.label(entry, text)
        self.refresh()

    async def compare(self, _button: object = None) -> None:
        """Hold the chosen entry; pressed again with another, compare the two."""
        entry, other = self._chosen, self._other
        if entry is None:
            return
        if other is None or other == entry:
            self._other = entry
            self._set_chosen(entry)
            self.status.show(f"Choose another row to compare {_name(entry)} with.")
            return
        self._other = None
        both = await asyncio.to_thread(lambda: [self._history.read(x) for x in (other, entry)])
        sentences, warnings = compared(both[0], both[1], _name(other), _name(entry))
        parts = [element("li", text) for text in (*warnings, *sentences)]
        self._text.value = element("ul", parts, "mpviz-cautions")
        set_class(self.shown, "mpviz-unused", False)
        self._scroll_to(".mpviz-kept")
        self._set_chosen(entry)
        self.status.show("Compared.")

    def delete(self, _button: object = None) -> None:
        """Delete the chosen entry, at the second press."""
        entry = self._chosen
        if entry is None:
            return
        if self._sure != entry:
            self._sure = entry
            self.delete_button.description = "Delete for good"
            return
        self._history.delete(entry)
        if self._other == entry:
            self._other = None
        self._chosen = None
        set_class(self.shown, "mpviz-unused", True)
        self.refresh()

    def make_zip(self) -> tuple[str, bytes]:
        """The chosen entry as a zip."""
        if self._chosen is None:
            raise Refused("Choose a row first.")
        return f"mpviz-{self._chosen.name}.zip", folder_zip(self._chosen.path)

    def _take_in(self, name: str, text: str) -> None:
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Refused(f"{name} did not arrive whole.") from error
        with tempfile.TemporaryDirectory(prefix="mpviz-") as folder:
            inside = Path(folder) / (re.sub(r"[^\w.-]", "-", Path(name).stem).strip(".") or "zip")
            inside.mkdir()
            unzip(data, inside)
            self._chosen = self._history.take_in(inside)
        self.status.clear_error()
        self.refresh()


def _figure(found: KeptRun | Study) -> Any:
    return found.timeline() if isinstance(found, KeptRun) else found.ranked()


def _name(entry: Entry) -> str:
    return entry.label or entry.name


def _row(entry: Entry) -> dict[str, str]:
    return {
        "when": clipped(entry.started_at[:19].replace("T", " "), 19),
        "label": entry.label,
        "makespan": "" if entry.makespan_s is None else seconds(entry.makespan_s),
        "title": clipped(entry.title, 80),
    }
