"""Keeps what the page measured, beside what it does. Knows no tab."""

from __future__ import annotations

import asyncio

from mpviz.analysis.trace import Trace
from mpviz.page.status import Status
from mpviz.page.widgets.handlers import report
from mpviz.studies.history import History
from mpviz.studies.study import Study


class Keeper:
    """Writes runs and studies into the history; where it can't, it says so once.

    Parameters
    ----------
    history
        None on a public page, which keeps nothing.
    status
        Where it says that something can't be kept.
    """

    def __init__(self, history: History | None, status: Status) -> None:
        self._history, self._status = history, status
        self._told = False

    async def keep(self, what: Trace | Study) -> None:
        """Keep a run or a study; never raises."""
        if self._history is None:
            return
        try:
            await asyncio.to_thread(self._history.keep, what)
        except Exception as error:
            report(error)
            if not self._told:
                self._told = True
                self._status.show_error(error, "The history can't be written.")
