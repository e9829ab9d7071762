"""The walk: the lesson on the page, one step at a time.

Knows the steps and the sentences about their runs; how a step is run is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import ipywidgets as widgets

from mpviz.analysis.trace import Trace
from mpviz.core.plan import DEFAULT_START_METHOD, Plan
from mpviz.core.text import digits
from mpviz.engine import environment
from mpviz.mechanisms import MECHANISMS
from mpviz.page.boxes import button, row, set_class
from mpviz.page.lesson.steps import LESSON, Action, Settings, Step
from mpviz.page.markup import element, hint
from mpviz.page.widgets.handlers import Guard

MOST_SENTENCES = 4  # with more runs than that, their speedups are listed instead


class Walk:
    """A step at a time: what to notice, buttons that run it, and then what it showed.

    Parameters
    ----------
    do
        Does what a button says; gives sentences about it, or None if it did not come to its end.
    on_step
        Gets the step that is shown now, or None when the walk is left.
    guard
        Wraps a handler so that its exceptions are shown.
    """

    def __init__(
        self,
        do: Callable[[Action], Awaitable[Sequence[str] | None]],
        on_step: Callable[[Step | None], object],
        guard: Guard,
    ) -> None:
        self._do, self._on_step, self._guard = do, on_step, guard
        self._sentences: dict[int, Sequence[str]] = {}  # by the number of the step that was run
        self._busy = False
        self.number = 0  # of the step shown, from 1; 0 outside the walk
        self.open_button = button(f"Take the walk: the lesson in {len(LESSON)} steps")
        self.leave_button = button("Leave the walk")
        self._previous, self._next = button("← Previous"), button("Next →")
        self._next_below = button("")
        names = [(f"{n} of {len(LESSON)}: {step.title}", n) for n, step in enumerate(LESSON, 1)]
        self._jump = widgets.Dropdown(options=names, value=1, description="Step")
        self._before = widgets.HTML()
        self._actions = row(())
        self._after = widgets.HTML()
        self._show_answer = button("Show the answer")
        self._answer = widgets.HTML()
        steps = row((self._previous, self._jump, self._next, self.leave_button))
        steps.add_class("mpviz-steps")
        self.card = widgets.VBox([steps, self._before, self._actions])
        self.card.add_class("mpviz-card").add_class("mpviz-walk")
        below = row((self._show_answer, self._next_below))
        self.after = widgets.VBox([self._after, below, self._answer])
        self.after.add_class("mpviz-card").add_class("mpviz-after")
        for pressed, step in ((self._previous, -1), (self._next, 1), (self._next_below, 1)):
            pressed.on_click(guard(lambda _b, step=step: self.go(self.number + step)))
        self.open_button.on_click(guard(lambda _b: self.go(1)))
        self.leave_button.on_click(guard(lambda _b: self.go(0)))
        self._jump.observe(guard(lambda change: self.go(change["new"])), "value")
        self._show_answer.on_click(guard(self._reveal_answer))

    def go(self, number: int) -> None:
        """Show a step, counted from 1; 0 leaves the walk."""
        if self._busy or not 0 <= number <= len(LESSON) or number == self.number:
            return
        self.number = number
        if not number:
            self._on_step(None)
            return
        step = LESSON[number - 1]
        self._jump.value = number
        self._before.value = _lead(
            element("h2", step.title),
            element("p", step.before),
            hint(_about_start_method(step)),
            element("p", step.question, "mpviz-question"),
        )
        self._actions.children = tuple(self._button(action, step) for action in step.actions)
        self._next_below.description = (
            f"Next: {LESSON[number].title}" if number < len(LESSON) else "The last step"
        )
        self._show_after()
        self.set_busy(False)
        self._on_step(step)

    def set_busy(self, busy: bool) -> None:
        """Disable its buttons while something runs."""
        self._busy = busy
        for widget in (*self._actions.children, self.open_button, self._jump, self.leave_button):
            widget.disabled = busy
        self._previous.disabled = busy or self.number <= 1
        self._next.disabled = self._next_below.disabled = busy or self.number >= len(LESSON)

    async def do(self, action: Action) -> None:
        """Do what a step's button says, and then say what was to be seen."""
        if self._busy:
            return
        number = self.number
        sentences = await self._do(action)
        if sentences is not None and number == self.number:
            self._sentences[number] = sentences
            self._show_after()

    def _button(self, action: Action, step: Step) -> widgets.Button:
        made = button(action.label, "primary" if action is step.actions[0] else "")
        made.on_click(self._guard(lambda _b: self.do(action)))
        return made

    def _show_after(self) -> None:
        step, sentences = LESSON[self.number - 1], self._sentences.get(self.number)
        self._answer.value = ""
        set_class(self.after, "mpviz-unused", sentences is None)
        if sentences is None:
            return
        items = [element("li", sentence) for sentence in sentences]
        self._after.value = _lead(
            element("h2", "What it showed"),
            element("ul", items) if items else "",
            element("p", _after_text(step)),
            element("p", step.question, "mpviz-question"),
        )

    def _reveal_answer(self, _button: object = None) -> None:
        if self.number in self._sentences:
            answer = LESSON[self.number - 1].answer
            self._answer.value = element("p", answer, "mpviz-answer", role="status")


def _lead(*parts: str) -> str:
    return element("div", parts, "mpviz-lead", role="status")


def _after_text(step: Step) -> str:
    """What was to be seen in a step; on a Python without the GIL, what that changes, too."""
    add = bool(step.without_gil) and not environment.has_gil()
    return f"{step.after} {step.without_gil}" if add else step.after


def _about_start_method(step: Step) -> str:
    """Name the start method of a step's runs where it is not this Python's own default.

    An experiment that stands beside runs uses the default.
    """
    method, default = Settings().start_method, DEFAULT_START_METHOD
    runs = [settings for action in step.actions for settings in action.runs]
    if method == default or not any(MECHANISMS[run.mechanism].processes for run in runs):
        return ""
    if any(action.experiment for action in step.actions):
        return (
            f"The runs of this step use {method}, its experiment this Python's own default, "
            f"{default}."
        )
    return f"The runs of this step use {method}; this Python's own default is {default}."


def describe_runs(traces: Sequence[Trace]) -> list[str]:
    """Describe several runs: a few one by one, many by their speedups.

    A single run is described by the verdict already.
    """
    if len(traces) < 2:
        return []
    if len(traces) <= MOST_SENTENCES:
        names = _names([trace.record.plan for trace in traces])
        return [f"{name}: {trace.sentence}" for name, trace in zip(names, traces, strict=True)]
    known = [trace for trace in traces if not math.isnan(trace.summary["speedup"])]
    known.sort(key=lambda trace: -trace.summary["speedup"])
    ranking = ", ".join(
        f"{trace.record.plan.mechanism} {digits(trace.summary['speedup'])}"
        f"{' (suspect)' if trace.suspect else ''}"
        for trace in known
    )
    sentences = []
    if ranking:
        sentences.append(f"Speedups: {ranking}. One run each, so small differences are chance.")
    # A run may lack a speedup and still have all its results: when its baseline did not end well.
    lost = [t.record.plan.mechanism for t in traces if t.summary["ok"] < t.summary["tasks"]]
    if lost:
        sentences.append(f"Not every result came back: {', '.join(lost)}.")
    return sentences


def _names(plans: Sequence[Plan]) -> list[str]:
    """Name plans by what differs between them."""
    kinds: dict[str, list[Any]] = {
        "": [plan.mechanism for plan in plans],
        "input set ": [plan.input_set for plan in plans],
        "chunk size ": [plan.chunk_size for plan in plans],
    }
    differ = {kind: values for kind, values in kinds.items() if len(set(values)) > 1}
    return [
        ", ".join(f"{kind}{values[place]}" for kind, values in differ.items())
        for place in range(len(plans))
    ]
