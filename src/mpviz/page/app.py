"""The page: its tabs, its links, and the one activity that they share."""

from __future__ import annotations

import ipywidgets as widgets

from mpviz.engine import runner
from mpviz.page import links
from mpviz.page.activity import Activity
from mpviz.page.lab.tab import FaultLab
from mpviz.page.layout import lay_out
from mpviz.page.projector import Projector
from mpviz.page.run.tab import RunTab
from mpviz.page.status import Status
from mpviz.page.widgets.address import Address
from mpviz.page.widgets.copy_button import CopyButton
from mpviz.page.widgets.tabs import Tabs

RUN, FAULTS = "run", "faults"
TABS = {RUN: "Run", FAULTS: "Fault lab"}


def build(start: runner.Start = runner.start) -> widgets.Widget:
    """Make the dashboard, to be shown by a notebook's cell.

    Parameters
    ----------
    start
        How a plan is started; a test may hand in its own.
    """
    return Page(start).root


class Page:
    """The tabs, and what concerns all of them: links, and one thing at a time."""

    def __init__(self, start: runner.Start = runner.start) -> None:
        self.root = widgets.VBox().add_class("mpviz")
        self.status = Status()
        self.activity = Activity(start, self.status.guard(self._activity_changed))
        self.address = Address(self.follow, on_error=self.status.show_error)
        self.copy_link = CopyButton("Copy link", link=True)
        self.projector = Projector(self.root, self.status.guard, self.status.show_error)
        self.tabs = Tabs(TABS, self._tab_chosen, on_error=self.status.show_error)
        self.run_tab = RunTab(
            self.activity,
            self.status,
            self.projector,
            self.root,
            scroll_to=self.address.scroll_to,
            on_change=self._refresh_link,
        )
        self.lab = FaultLab(self.activity, self.address.scroll_to)
        lay_out(
            self.root,
            address=self.address,
            tabs=self.tabs,
            bar=(*self.run_tab.bar, self.copy_link, self.projector.button),
            notice=self.status.notice,
            panels={RUN: self.run_tab.box, FAULTS: self.lab.box},
        )
        self.run_tab.refresh()

    def follow(self, query: str) -> None:
        """Set the page as a link asks; what can't be set is named."""
        if self.activity.busy:
            return
        checks = self.run_tab.checks() | {links.TAB: links.one_of(links.TAB, TABS)}
        link = links.read(query, checks)
        self.run_tab.apply(link.values)
        self.tabs.choose(str(link.values.get(links.TAB, self.tabs.chosen)))
        self.status.show_notice(link.ignored)

    def _activity_changed(self) -> None:
        busy = self.activity.busy
        self.run_tab.refresh_buttons()
        self.lab.refresh()
        if self.lab.running and busy:
            self.status.show("The fault lab is running.")
        elif self.lab.running:
            self.run_tab.show_done()

    def _tab_chosen(self, _tab: str) -> None:
        self._refresh_link()

    def _refresh_link(self) -> None:
        values = dict(self.run_tab.link_values())
        if self.tabs.chosen != RUN:
            values[links.TAB] = self.tabs.chosen
        self.copy_link.text = links.query(values)
