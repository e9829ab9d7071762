"""What a study varies, as the reader chooses it: widgets -> lists. Knows no run and no chart."""

from __future__ import annotations

import math
import multiprocessing
import re
from typing import Any

import ipywidgets as widgets

from mpviz.core.errors import Refused
from mpviz.core.plan import DEFAULT_START_METHOD
from mpviz.core.text import quoted
from mpviz.mechanisms import MECHANISMS
from mpviz.page.markup import hint
from mpviz.page.run.fields import control
from mpviz.serving.limits import Limits
from mpviz.studies.sweep import DOUBLING

FIRST = ("pool.map", "queue", "executor.map")
SHORTEST_BUDGET, USUAL_BUDGET = 1.0, 30.0
LONGEST_LIST = 100  # characters


class StudyFields:
    """The widgets with which a study is chosen.

    Parameters
    ----------
    limits
        The most that can be chosen.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        methods = multiprocessing.get_all_start_methods()
        self.mechanisms = widgets.SelectMultiple(
            options=list(MECHANISMS), value=FIRST, rows=8, description="Mechanisms"
        )
        self.workers = widgets.Text(value="1, 2", description="Workers")
        self.start_methods = widgets.SelectMultiple(
            options=methods, value=(DEFAULT_START_METHOD,), rows=3, description="Start methods"
        )
        self.chunk_sizes = widgets.Text(value="1", description="Chunk sizes")
        self.budget = widgets.BoundedFloatText(
            value=USUAL_BUDGET,
            min=SHORTEST_BUDGET,
            max=limits.deadline,
            step=5,
            description="Time to spend, in seconds",
        )
        several = widgets.HTML(hint("Ctrl or ⌘ and a click choose several."))
        listed = widgets.HTML(hint("Numbers, as 1, 2, 4."))
        doubled = widgets.HTML(hint("Or doubling: 1, 2, 4 … up to an even deal."))
        spent = widgets.HTML(
            hint("It ends before, once the verdicts are decided. A round that has begun is ended.")
        )
        self.box = widgets.VBox(
            [
                control(self.mechanisms, several),
                control(self.workers, listed),
                control(self.start_methods),
                control(self.chunk_sizes, doubled),
                control(self.budget, spent),
            ]
        ).add_class("mpviz-controls")

    def axes(self) -> dict[str, Any]:
        """What the study varies: the arguments of `mpviz.studies.sweep.grid`.

        Raises
        ------
        Refused
            When a list is none, or there would be too many configurations.
        """
        axes = {
            "mechanisms": list(self.mechanisms.value),
            "workers": numbers("Workers", self.workers.value),
            "start_methods": list(self.start_methods.value),
            "chunk_sizes": self._chunk_sizes(),
        }
        lists = [values for values in axes.values() if values != DOUBLING]
        check_count(math.prod(len(values) for values in lists), self._limits)
        return axes

    def _chunk_sizes(self) -> list[int] | str:
        text = self.chunk_sizes.value
        if isinstance(text, str) and text.strip() == DOUBLING:
            return DOUBLING
        return numbers("Chunk sizes", text)

    def budget_s(self) -> float:
        """Seconds to spend.

        Raises
        ------
        Refused
            When a study can't have so many.
        """
        return check_budget(self.budget.value, self._limits)


def check_count(count: int, limits: Limits) -> None:
    """Refuse more configurations than a study of this page may have.

    Raises
    ------
    Refused
        When there are more.
    """
    most = limits.configurations
    if count > most:
        raise Refused(f"{count:,} configurations are more than the {most} that a study may have.")


def check_budget(budget: object, limits: Limits) -> float:
    """Check a budget: a client can set a widget to anything.

    Raises
    ------
    Refused
        When it is no number within the limits.
    """
    most = limits.deadline
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not 0 < budget <= most:
        raise Refused(f"The time to spend must be above 0 and at most {most:.0f} s.")
    return float(budget)


def numbers(what: str, text: object) -> list[int]:
    """The whole numbers of a list such as "1, 2, 4".

    Raises
    ------
    Refused
        When it is none.
    """
    known = isinstance(text, str) and len(text) <= LONGEST_LIST
    if not known or not re.fullmatch(r"\s*[0-9]{1,9}(\s*[,;\s]\s*[0-9]{1,9})*\s*", str(text)):
        raise Refused(f"{what} must be whole numbers, as 1, 2, 4, not {quoted(text)}.")
    return list(dict.fromkeys(int(part) for part in re.findall(r"[0-9]+", str(text))))
