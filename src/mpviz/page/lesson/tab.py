"""The walk: the lesson's steps on the page, one at a time.

Knows the steps and what was found; how a step is run is handed in.
"""

from __future__ import annotations

import html
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import ipywidgets as widgets

from mpviz.analysis.trace import Trace
from mpviz.core.plan import Plan
from mpviz.core.text import digits
from mpviz.page.lesson.steps import LESSON, Act, Step

MOST_SENTENCES = 4  # shown beside each other; of more runs the speedups


class Walk:
    """The stepper: what to notice, a button that runs the step, and then what it showed.

    Parameters
    ----------
    run
        Runs an act; gives the sentences that say what came of it, or None if it did not end.
    on_step
        Gets the step that is shown now, or None where the walk was left.
    guard
        Wraps a handler so that what it raises is shown.
    """

    def __init__(
        self,
        run: Callable[[Act], Awaitable[Sequence[str] | None]],
        on_step: Callable[[Step | None], object],
        guard: Callable[[Callable[..., object]], Callable[..., None]],
    ) -> None:
        self._run, self._on_step, self._guard = run, on_step, guard
        self._seen: dict[int, Sequence[str]] = {}
        self._busy = False
        self.number = 0  # of the step shown, from 1; 0 outside the walk
        self.open_button = _button(f"Take the walk: the lesson in {len(LESSON)} steps")
        self.leave_button = _button("Leave the walk")
        self._previous, self._next = _button("← Previous"), _button("Next →")
        self._onward = _button("")
        names = [(f"{n} of {len(LESSON)}: {step.title}", n) for n, step in enumerate(LESSON, 1)]
        self._jump = widgets.Dropdown(options=names, value=1, description="Step")
        self._before = widgets.HTML()
        self._acts = widgets.HBox().add_class("mpviz-actions")
        self._after = widgets.HTML()
        self._show_answer = _button("Show the answer")
        self._answer = widgets.HTML()
        steps = widgets.HBox([self._previous, self._jump, self._next, self.leave_button])
        steps.add_class("mpviz-actions").add_class("mpviz-steps")
        self.card = widgets.VBox([steps, self._before, self._acts])
        self.card.add_class("mpviz-card").add_class("mpviz-walk")
        onward = widgets.HBox([self._show_answer, self._onward]).add_class("mpviz-actions")
        self.after = widgets.VBox([self._after, onward, self._answer])
        self.after.add_class("mpviz-card").add_class("mpviz-after")
        for button, step in ((self._previous, -1), (self._next, 1), (self._onward, 1)):
            button.on_click(guard(lambda _b, step=step: self.go(self.number + step)))
        self.open_button.on_click(guard(lambda _b: self.go(1)))
        self.leave_button.on_click(guard(lambda _b: self.go(0)))
        self._jump.observe(guard(lambda change: self.go(change["new"])), "value")
        self._show_answer.on_click(guard(self._reveal))

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
        self._before.value = (
            f'<div class="mpviz-lead" role="status"><h2>{html.escape(step.title)}</h2>'
            f"<p>{html.escape(step.before)}</p>"
            f'<p class="mpviz-question">{html.escape(step.question)}</p></div>'
        )
        self._acts.children = tuple(self._act_button(act, step) for act in step.acts)
        self._onward.description = (
            f"Next: {LESSON[number].title}" if number < len(LESSON) else "The last step"
        )
        self._show_after()
        self.set_busy(False)
        self._on_step(step)

    def set_busy(self, busy: bool) -> None:
        """Nothing of it can be pressed while something runs."""
        self._busy = busy
        for widget in (*self._acts.children, self.open_button, self._jump, self.leave_button):
            widget.disabled = busy
        self._previous.disabled = busy or self.number <= 1
        self._next.disabled = self._onward.disabled = busy or self.number >= len(LESSON)

    async def run(self, act: Act) -> None:
        """Run one of the step's acts, and then say what to see in it."""
        if self._busy:
            return
        number = self.number
        sentences = await self._run(act)
        if sentences is not None and number == self.number:
            self._seen[number] = sentences
            self._show_after()

    def _act_button(self, act: Act, step: Step) -> widgets.Button:
        button = _button(act.label, "primary" if act is step.acts[0] else "")
        button.on_click(self._guard(lambda _b: self.run(act)))
        return button

    def _show_after(self) -> None:
        step, sentences = LESSON[self.number - 1], self._seen.get(self.number)
        self._answer.value = ""
        seen = sentences is not None
        (self.after.remove_class if seen else self.after.add_class)("mpviz-unused")
        if sentences is None:
            return
        told = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
        self._after.value = (
            f'<div class="mpviz-lead" role="status"><h2>What it showed</h2>'
            f"{f'<ul>{told}</ul>' if told else ''}<p>{html.escape(step.after)}</p>"
            f'<p class="mpviz-question">{html.escape(step.question)}</p></div>'
        )

    def _reveal(self, _button: object = None) -> None:
        if self.number in self._seen:
            answer = html.escape(LESSON[self.number - 1].answer)
            self._answer.value = f'<p class="mpviz-answer" role="status">{answer}</p>'


def told(traces: Sequence[Trace]) -> list[str]:
    """What to say of an act's runs beside the verdict: of a few each, of many their speedups."""
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
    # Without a speedup, too, all may have come back: where the sequential run did not end well.
    lost = [t.record.plan.mechanism for t in traces if t.summary["ok"] < t.summary["tasks"]]
    if lost:
        sentences.append(f"Not every result came back: {', '.join(lost)}.")
    return sentences


def _names(plans: Sequence[Plan]) -> list[str]:
    """What tells plans apart."""
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


def _button(label: str, style: str = "") -> widgets.Button:
    return widgets.Button(description=label, button_style=style)
