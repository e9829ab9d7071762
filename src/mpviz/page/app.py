"""The page: its tabs, its links, and the one activity that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.page import links
from mpviz.page.activity import Activity
from mpviz.page.history.keeper import Keeper
from mpviz.page.history.tab import HistoryTab
from mpviz.page.lab.tab import FaultLab
from mpviz.page.layout import lay_out
from mpviz.page.projector import Projector
from mpviz.page.run.tab import RunTab
from mpviz.page.status import Status
from mpviz.page.study.tab import StudyTab
from mpviz.page.widgets.address import Address
from mpviz.page.widgets.copy_button import CopyButton
from mpviz.page.widgets.handlers import report
from mpviz.page.widgets.painted import Painted
from mpviz.page.widgets.tabs import Tabs
from mpviz.serving.limits import Limits, current
from mpviz.studies.history import History
from mpviz.studies.study import Study

RUN, STUDY, FAULTS, HISTORY = "run", "study", "faults", "history"
TABS = {RUN: "Run", STUDY: "Study", FAULTS: "Fault lab", HISTORY: "History"}


def build(start: runner.Start = runner.start, limits: Limits | None = None) -> widgets.Widget:
    """Make the dashboard, to be shown by a notebook's cell.

    Parameters
    ----------
    start
        How a plan is started; a test may hand in its own.
    limits
        The most that it may run and keep; those of this process if none are given.
    """
    return Page(start, limits).root


class Page:
    """The tabs, and what concerns all of them: links, and one thing at a time."""

    def __init__(self, start: runner.Start = runner.start, limits: Limits | None = None) -> None:
        most = limits or current()
        self.root = widgets.VBox().add_class("mpviz")
        self.status = Status()
        self.activity = Activity(most, start, self.status.guard(self._activity_changed))
        self.address = Address(self.follow, on_error=self.status.show_error)
        self.copy_link = CopyButton("Copy link", link=True)
        self.projector = Projector(self.root, self.status.guard, self.status.show_error)
        self.painted = Painted()
        # A visitor of a public page has no history but the visit's.
        kept = History() if most.history else None
        keep = Keeper(kept, self.status)
        self.history = HistoryTab(kept, self.address.scroll_to) if kept else None
        self.study = StudyTab(self.activity, self._plan, self.painted, keep)
        self.run_tab = RunTab(
            self.activity,
            self.status,
            self.projector,
            self.root,
            self.painted,
            keep,
            scroll_to=self.address.scroll_to,
            on_study=self._show_study,
            on_change=self._refresh_link,
        )
        self.lab = FaultLab(self.activity, self.address.scroll_to)
        panels = {RUN: self.run_tab.box, STUDY: self.study.box, FAULTS: self.lab.box}
        if self.history is not None:
            panels[HISTORY] = self.history.box
        self._tabs = {name: TABS[name] for name in panels}
        self.tabs = Tabs(self._tabs, self._tab_chosen, on_error=self.status.show_error)
        lay_out(
            self.root,
            unseen=(self.address, self.painted),
            tabs=self.tabs,
            bar=(*self.run_tab.bar, self.copy_link, self.projector.button),
            notice=self.status.notice,
            panels=panels,
        )
        self.run_tab.refresh()

    def _plan(self) -> Plan:
        return self.run_tab.controls.plan()

    def follow(self, query: str) -> None:
        """Set the page as a link asks; what can't be set is named."""
        if self.activity.busy:
            return
        checks = self.run_tab.checks() | {links.TAB: links.one_of(links.TAB, self._tabs)}
        link = links.read(query, checks)
        self.run_tab.apply(link.values)
        self.tabs.choose(str(link.values.get(links.TAB, self.tabs.chosen)))
        self.status.show_notice(link.ignored)

    async def _show_study(
        self, plans: Sequence[Plan], said: Callable[[Study], str], *, alone: bool
    ) -> Study | None:
        """Study plans that the Run tab asks for, on the Study tab."""
        if self.activity.busy:
            return None
        self.tabs.choose(STUDY)
        try:
            return await self.study.measure(plans, said, alone=alone)
        except Exception as error:
            report(error)
            self.study.status.show_error(error)
            return None

    def _activity_changed(self) -> None:
        busy = self.activity.busy
        self.run_tab.refresh_buttons()
        self.study.refresh()
        self.lab.refresh()
        other = {"fault lab": self.lab.running, "study": self.study.running}
        for name, running in other.items():
            if running and busy:
                self.status.show(f"The {name} is running.")
            elif running:
                self.run_tab.show_done()

    def _tab_chosen(self, tab: str) -> None:
        self._refresh_link()
        if tab == HISTORY and self.history is not None:
            self.history.refresh()

    def _refresh_link(self) -> None:
        values = dict(self.run_tab.link_values())
        if self.tabs.chosen != RUN:
            values[links.TAB] = self.tabs.chosen
        self.copy_link.text = links.query(values)
