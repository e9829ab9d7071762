"""What the reader chooses: widgets -> Plan. Knows no run, no chart and no frame.

Every value is read from the widgets again, and checked, before it becomes a plan: a client of the
kernel can set any of them to anything.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from mpviz import inputs
from mpviz.core.plan import DEFAULT_TIMEOUT, Plan
from mpviz.core.text import counted
from mpviz.engine.environment import usable_cpus
from mpviz.exports.snippets import as_python, as_shell
from mpviz.mechanisms import MECHANISMS
from mpviz.page import links
from mpviz.page.lesson.steps import Settings
from mpviz.page.markup import element, hint
from mpviz.page.run.fields import choice, control, dropdown, whole_number
from mpviz.page.run.task_controls import GENERATE, PASTE, UPLOAD, TaskControls
from mpviz.page.start_method import start_method_buttons
from mpviz.page.widgets.handlers import Guard
from mpviz.serving.limits import Limits, admit, check_deadline
from mpviz.workloads import WORKLOADS

SHORTEST_DEADLINE = 0.1
LONGEST_CHUNK = 100_000
FIRST_MECHANISM = "pool.map"


class Controls:
    """The widgets with which a plan is chosen.

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
        cpus = usable_cpus()
        self.tasks = TaskControls(on_change, guard, limits)
        self.mechanism = dropdown("Mechanism", list(MECHANISMS), FIRST_MECHANISM)
        self.workers = widgets.IntSlider(
            value=2, min=1, max=limits.workers, description="Workers", continuous_update=False
        )
        self.start_method = start_method_buttons()
        self.chunk_size = whole_number("Chunk size", 1, 1, LONGEST_CHUNK)
        self.deadline = widgets.BoundedFloatText(
            value=DEFAULT_TIMEOUT,
            min=SHORTEST_DEADLINE,
            max=limits.deadline,
            step=1,
            description="Deadline, in seconds",
        )
        self._summary = widgets.HTML()  # of the mechanism
        self._why_no_workers = widgets.HTML()
        self._why_no_start_method = widgets.HTML()
        self._why_no_chunks = widgets.HTML()
        shared = hint(
            f"{counted(cpus, 'CPU')} {'is' if cpus == 1 else 'are'} usable here. More workers than "
            "CPUs must share them."
        )
        ended = hint("A run that takes longer is ended; what was done by then is kept.")
        self.box = widgets.VBox(
            [
                control(self.mechanism, self._summary),
                control(self.workers, self._why_no_workers, widgets.HTML(shared)),
                control(self.start_method, self._why_no_start_method),
                control(self.chunk_size, self._why_no_chunks),
                *self.tasks.boxes,
                control(self.deadline, widgets.HTML(ended)),
            ]
        ).add_class("mpviz-controls")
        for widget in (self.workers, self.start_method, self.chunk_size, self.deadline):
            widget.observe(guard(self._changed), "value")
        self.mechanism.observe(guard(self._changed), "value")
        self._show()

    def plan(self) -> Plan:
        """Make the plan that the widgets stand for.

        Raises
        ------
        Refused
            One sentence that says which choice can't be run.
        """
        name = self.tasks.workload_name
        deadline, chosen = self.timeout(), self.tasks.chosen()
        plan = Plan(
            function=WORKLOADS[name].function,
            inputs=chosen.values,
            mechanism=choice("mechanism", self.mechanism.value, MECHANISMS),
            workers=self.workers.value,
            start_method=self.start_method.value,
            chunk_size=self.chunk_size.value,
            timeout=deadline,
            workload=name,
            input_set=chosen.name,
        )
        admit(plan, self._limits)
        return plan

    def timeout(self) -> float:
        """Read the chosen deadline, in seconds.

        Raises
        ------
        Refused
            When no run can have it.
        """
        return check_deadline(self.deadline.value, self._limits)

    def plans_over_workers(self) -> list[Plan]:
        """Make the chosen plan with 1 to the chosen count of workers; above 8, doubling steps."""
        plan = self.plan()
        if self.workers.disabled:
            return [plan]
        counts = range(1, plan.workers + 1)
        if plan.workers > 8:
            doubling = [2**power for power in range(plan.workers.bit_length())]
            return [replace(plan, workers=n) for n in sorted({*doubling, plan.workers})]
        return [replace(plan, workers=n) for n in counts]

    def plans_over_mechanisms(self) -> list[Plan]:
        """Make the chosen plan with each mechanism that has as many workers as are chosen."""
        plan = self.plan()
        return [
            replace(plan, mechanism=name)
            for name, mechanism in MECHANISMS.items()
            if mechanism.parallel and not mechanism.one_each
        ]

    def as_python(self, plan: Plan) -> str:
        """Write the plan, the chosen one, as a call of `mpviz.run`."""
        return as_python(plan, self.tasks.own, self.tasks.generator_options)

    def as_shell(self, plan: Plan) -> str:
        """Write the plan, the chosen one, as a line for a shell."""
        made = self.tasks.generator_options is not None
        return as_shell(plan, self.tasks.own or made)

    def checks(self) -> dict[str, links.Check]:
        """What a link may set, and which values are fit."""
        return {
            "mechanism": links.one_of("mechanism", MECHANISMS),
            "workers": links.whole("workers", 1, self._limits.workers),
            "set": links.one_of("input set", inputs.input_sets()),
            links.START: links.one_of("start method", multiprocessing.get_all_start_methods()),
            "chunk": links.whole("the chunk size", 1, LONGEST_CHUNK),
            "workload": links.one_of("workload", WORKLOADS),
            "deadline": links.number("the deadline", SHORTEST_DEADLINE, self._limits.deadline),
        }

    def apply(self, values: Mapping[str, links.Value]) -> None:
        """Set what a link asks for, its values having passed `checks`."""
        widgets_of = self._by_key()
        for key in sorted(values, key=list(widgets_of).index):
            widgets_of[key].value = values[key]

    def chosen(self) -> dict[str, links.Value]:
        """What a link would have to ask for; the reader's own numbers do not travel in a link."""
        return {
            key: widget.value
            for key, widget in self._by_key().items()
            if widget.value not in (GENERATE, PASTE, UPLOAD)
        }

    def follow(self, settings: Settings) -> None:
        """Set what a step of the lesson asks for; the deadline stays the reader's."""
        self.apply(
            {
                "workload": settings.workload,
                "set": settings.input_set,
                "mechanism": settings.mechanism,
                "workers": settings.workers,
                links.START: settings.start_method,
                "chunk": settings.chunk_size,
            }
        )

    def _by_key(self) -> dict[str, Any]:
        # The workload first: it brings its usual input set along.
        return {
            "workload": self.tasks.workload,
            "set": self.tasks.input_set,
            "mechanism": self.mechanism,
            "workers": self.workers,
            links.START: self.start_method,
            "chunk": self.chunk_size,
            "deadline": self.deadline,
        }

    def _changed(self, _change: object = None) -> None:
        self._show()
        self._on_change()

    def _show(self) -> None:
        """Say what the mechanism does, and switch off what does not apply to it."""
        name = self.mechanism.value
        mechanism = MECHANISMS.get(name)
        if mechanism is None:
            return
        self._summary.value = hint(mechanism.summary.replace("`", ""))
        self.workers.disabled = not mechanism.parallel or mechanism.one_each
        self._why_no_workers.value = _why(
            self.workers.disabled,
            f"{name} starts a process for each input, however many that are."
            if mechanism.one_each
            else f"{name} is one process.",
        )
        self.start_method.disabled = not mechanism.processes
        self._why_no_start_method.value = _why(
            not mechanism.processes, f"{name} starts no process, so there is none to choose."
        )
        self.chunk_size.disabled = not mechanism.chunks
        self._why_no_chunks.value = _why(
            not mechanism.chunks, f"{name} hands over one task at a time."
        )


def _why(disabled: bool, text: str) -> str:
    return element("div", text, "mpviz-disabled-why") if disabled else ""
