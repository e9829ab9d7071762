"""Which tasks a run has: a workload and its input set. Knows no mechanism and no run.

Every value is read from the widgets again, and checked, before it is used: a client of the kernel
can set any of them to anything.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from mpviz import inputs
from mpviz.core.errors import Refused
from mpviz.core.text import counted
from mpviz.page.markup import element, hint
from mpviz.page.run.fields import choice, control, dropdown, whole_number
from mpviz.page.widgets.handlers import Guard
from mpviz.page.widgets.upload import Upload
from mpviz.serving.limits import Limits, check_payload
from mpviz.workloads import WORKLOADS

GENERATE, PASTE, UPLOAD = "Generate numbers…", "Paste numbers…", "Upload a file…"
FIRST_WORKLOAD, FIRST_INPUT_SET = "is_prime", "prime_mixture"


class TaskControls:
    """The widgets with which a workload and an input set are chosen.

    Parameters
    ----------
    on_change
        Called without arguments whenever a choice changed.
    guard
        Wraps a handler so that its exceptions are shown.
    limits
        The most that can be chosen.
    """

    def __init__(self, on_change: Callable[[], None], guard: Guard, limits: Limits) -> None:
        self._on_change, self._limits = on_change, limits
        self._uploaded = ("", "")
        self.workload = dropdown("Workload", list(WORKLOADS), FIRST_WORKLOAD)
        self.input_set = dropdown(
            "Input set", [*inputs.input_sets(), GENERATE, PASTE, UPLOAD], FIRST_INPUT_SET
        )
        self.count = whole_number("How many numbers", 10, 1, limits.tasks)
        self.size = whole_number("About how large", 15_500_000, 0, 10**limits.digits - 1)
        self.spread = widgets.BoundedFloatText(
            value=0.01, min=0, max=1, step=0.01, description="Spread, 0 to 1"
        )
        self.seed = whole_number("Seed", 0, 0, 2**53)
        self.pasted = widgets.Textarea(
            description="Your numbers, one a line", rows=6, continuous_update=False
        )
        self.upload = Upload(
            "A text file, one number a line",
            limits.upload,
            on_file=self._take_file,
            on_error=self._refuse_file,
        )
        self.preview = widgets.HTML()
        self._own = widgets.VBox().add_class("mpviz-own")
        self.boxes = (control(self.workload), control(self.input_set, self._own, self.preview))
        for widget in (self.count, self.size, self.spread, self.seed, self.pasted, self.input_set):
            widget.observe(guard(self._changed), "value")
        self.workload.observe(guard(self._workload_changed), "value")
        self._show()

    @property
    def workload_name(self) -> str:
        """The chosen workload's name, which there is."""
        return choice("workload", self.workload.value, WORKLOADS)

    @property
    def own(self) -> bool:
        """Whether the numbers are the reader's own, pasted or uploaded."""
        return self.input_set.value in (PASTE, UPLOAD)

    @property
    def generator_options(self) -> Mapping[str, Any] | None:
        """What `mpviz.inputs.generate` is called with; None where the numbers are not generated."""
        if self.input_set.value != GENERATE:
            return None
        return {
            "count": self.count.value,
            "size": self.size.value,
            "spread": self.spread.value,
            "seed": self.seed.value,
        }

    def chosen(self) -> inputs.InputSet:
        """Read the chosen input set, and check that the chosen workload takes it.

        Raises
        ------
        Refused
            One sentence that says what is wrong with it.
        """
        found = self._input_set()
        workload = WORKLOADS[self.workload_name]
        if found.largest > workload.largest:
            raise Refused(
                f"{found.name}: {found.largest:,} is more than the {workload.largest:,} that "
                f"{self.workload.value} takes ({workload.takes})."
            )
        if self.workload.value == "payload":
            check_payload(found.largest, self._limits)
        return found

    def _input_set(self) -> inputs.InputSet:
        chosen, most = self.input_set.value, self._limits
        if options := self.generator_options:
            return _generated(**options, limits=most)
        if chosen == PASTE:
            return _parsed(self.pasted.value, "Your numbers", most)
        if chosen == UPLOAD:
            name, text = self._uploaded
            if not name:
                raise Refused("No file has been uploaded yet.")
            return _parsed(text, name, most)
        return inputs.input_set(chosen)

    def _take_file(self, name: str, text: str) -> None:
        self._uploaded = (name, text)
        self._changed()

    def _refuse_file(self, sentence: str) -> None:
        self._uploaded = ("", "")
        self.preview.value = _refusal(sentence)
        self._on_change()

    def _workload_changed(self, _change: object = None) -> None:
        # The workload's usual input set comes with it, unless the reader chose another one.
        usual = {entry.input_set for entry in WORKLOADS.values()}
        if self.input_set.value in usual and self.workload.value in WORKLOADS:
            usual_here = WORKLOADS[self.workload.value].input_set
            if usual_here in self.input_set.options and usual_here != self.input_set.value:
                self.input_set.value = usual_here  # which brings all else up to date
                return
        self._changed()

    def _changed(self, _change: object = None) -> None:
        self._show()
        self._on_change()

    def _show(self) -> None:
        own = {
            GENERATE: (self.count, self.size, self.spread, self.seed),
            PASTE: (self.pasted,),
            UPLOAD: (self.upload,),
        }
        wanted = own.get(self.input_set.value, ())
        if self._own.children != wanted:
            self._own.children = wanted
        try:
            found = self.chosen()
        except Refused as refused:
            self.preview.value = _refusal(str(refused))
            return
        span = f"from {found.smallest:,} to {found.largest:,}"
        if found.count == 1:
            span = f"{found.largest:,}"
        takes = WORKLOADS[self.workload.value].takes
        text = f"{counted(found.count, 'number')}, {span}; each is {takes}."
        if self.input_set.options[0] == GENERATE:
            text += " The input sets that come with mpviz are missing or can't be read."
        self.preview.value = hint(text)


@functools.lru_cache(maxsize=4)
def _generated(**options: Any) -> inputs.InputSet:
    """`mpviz.inputs.generate`, cached: the page asks for the same numbers again and again."""
    return inputs.generate(**options)


@functools.lru_cache(maxsize=1)
def _parsed(text: str, name: str, most: Limits) -> inputs.InputSet:
    """`mpviz.inputs.parse`, cached: a change of any control asks for the same text again."""
    return inputs.parse(text, name=name, limits=most)


def _refusal(sentence: str) -> str:
    return element("div", sentence, "mpviz-hint mpviz-bad", role="alert")
