"""What the reader chooses: widgets -> Plan. Knows no run, no chart and no frame.

Every value is read from the widgets again, and checked, before it becomes a plan: a client of the
kernel can set any of them to anything.
"""

from __future__ import annotations

import functools
import html
import multiprocessing
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from mpviz import inputs
from mpviz.core.errors import Refused
from mpviz.core.plan import Plan
from mpviz.engine.environment import usable_cpus
from mpviz.exports.snippets import as_python, as_shell
from mpviz.mechanisms import MECHANISMS
from mpviz.page import links
from mpviz.page.lesson.steps import Settings
from mpviz.page.widgets.browser import Upload
from mpviz.serving import limits
from mpviz.workloads import WORKLOADS

GENERATE, PASTE, UPLOAD = "Generate numbers…", "Paste numbers…", "Upload a file…"
SHORTEST_DEADLINE = 0.1
LONGEST_CHUNK = 100_000
FIRST = {"mechanism": "pool.map", "workload": "is_prime", "input_set": "prime_mixture"}


def most_workers() -> int:
    """The largest worker count that the page offers."""
    return limits.current().workers


class Controls:
    """The widgets with which a plan is chosen.

    Parameters
    ----------
    on_change
        Called without arguments whenever a choice changed.
    guard
        Wraps a handler so that what it raises is shown.
    """

    def __init__(
        self, on_change: Callable[[], None], guard: Callable[[Callable[..., object]], Any]
    ) -> None:
        self._on_change = on_change
        self._pasted = self._uploaded = ("", "")
        cpus, most = usable_cpus(), limits.current()
        self.workload = _dropdown("Workload", list(WORKLOADS), FIRST["workload"])
        self.input_set = _dropdown(
            "Input set", [*inputs.input_sets(), GENERATE, PASTE, UPLOAD], FIRST["input_set"]
        )
        self.count = _whole("How many numbers", 10, 1, most.tasks)
        self.size = _whole("About how large", 15_500_000, 0, 10**most.digits - 1)
        self.spread = widgets.BoundedFloatText(
            value=0.01, min=0, max=1, step=0.01, description="Spread, 0 to 1"
        )
        self.seed = _whole("Seed", 0, 0, 2**53)
        self.pasted = widgets.Textarea(
            description="Your numbers, one a line", rows=6, continuous_update=False
        )
        self.upload = Upload(
            "A text file, one number a line",
            most.upload,
            on_file=self._take_file,
            on_error=self._refuse_file,
        )
        self.preview = widgets.HTML()
        self.mechanism = _dropdown("Mechanism", list(MECHANISMS), FIRST["mechanism"])
        self.about = widgets.HTML()
        self.workers = widgets.IntSlider(
            value=2, min=1, max=most.workers, description="Workers", continuous_update=False
        )
        self.cpus = _hint(f"{cpus:g} CPUs are usable here. More workers than CPUs must share them.")
        self.why_no_workers = widgets.HTML()
        self.start_method = widgets.ToggleButtons(
            options=multiprocessing.get_all_start_methods(),
            value="fork",
            description="Start method",
        )
        self.why_no_start_method = widgets.HTML()
        self.chunk_size = _whole("Chunk size", 1, 1, LONGEST_CHUNK)
        self.why_no_chunks = widgets.HTML()
        self.deadline = widgets.BoundedFloatText(
            value=60,
            min=SHORTEST_DEADLINE,
            max=most.deadline,
            step=1,
            description="Deadline, in seconds",
        )
        self.own = widgets.VBox().add_class("mpviz-own")
        self.box = widgets.VBox(
            [
                _control(self.mechanism, self.about),
                _control(self.workers, self.why_no_workers, self.cpus),
                _control(self.start_method, self.why_no_start_method),
                _control(self.chunk_size, self.why_no_chunks),
                _control(self.workload),
                _control(self.input_set, self.own, self.preview),
                _control(
                    self.deadline, _hint("After it, the run is ended and what was done is kept.")
                ),
            ]
        ).add_class("mpviz-controls")
        for widget in (self.mechanism, self.workers, self.start_method, self.chunk_size):
            widget.observe(guard(self._changed), "value")
        for widget in (self.count, self.size, self.spread, self.seed, self.pasted, self.deadline):
            widget.observe(guard(self._changed), "value")
        self.input_set.observe(guard(self._changed), "value")
        self.workload.observe(guard(self._workload_changed), "value")
        self._show()

    def inputs(self) -> inputs.InputSet:
        """The chosen input set, whole and fit for the chosen workload.

        Raises
        ------
        Refused
            One sentence that says what is wrong with it.
        """
        chosen, most = self.input_set.value, limits.current()
        if chosen == GENERATE:
            found = generated(
                count=self.count.value,
                size=self.size.value,
                spread=self.spread.value,
                seed=self.seed.value,
                limits=most,
            )
        elif chosen == PASTE:
            found = inputs.parse(self.pasted.value, name="Your numbers", limits=most)
        elif chosen == UPLOAD:
            name, text = self._uploaded
            if not name:
                raise Refused("No file has been uploaded yet.")
            found = inputs.parse(text, name=name, limits=most)
        else:
            found = inputs.input_set(chosen)
        workload = WORKLOADS[_choice("workload", self.workload.value, WORKLOADS)]
        if found.largest > workload.largest:
            raise Refused(
                f"{found.name}: {found.largest:,} is more than the {workload.largest:,} that "
                f"{self.workload.value} takes ({workload.takes})."
            )
        if self.workload.value == "payload":
            limits.check_payload(found.largest)
        return found

    def plan(self) -> Plan:
        """The plan that the widgets stand for.

        Raises
        ------
        Refused
            One sentence that says which choice can't be run.
        """
        name = _choice("workload", self.workload.value, WORKLOADS)
        deadline, chosen = self.timeout(), self.inputs()
        plan = Plan(
            function=WORKLOADS[name].function,
            inputs=chosen.values,
            mechanism=_choice("mechanism", self.mechanism.value, MECHANISMS),
            workers=self.workers.value,
            start_method=self.start_method.value,
            chunk_size=self.chunk_size.value,
            timeout=deadline,
            workload=name,
            input_set=chosen.name,
        )
        limits.admit(plan)
        return plan

    def timeout(self) -> float:
        """The chosen deadline in seconds.

        Raises
        ------
        Refused
            When it is none that a run can have.
        """
        return limits.check_deadline(self.deadline.value)

    def plans_over_workers(self) -> list[Plan]:
        """The chosen plan with 1 to the chosen count of workers; above 8, doubling steps."""
        plan = self.plan()
        if self.workers.disabled:
            return [plan]
        counts = range(1, plan.workers + 1)
        if plan.workers > 8:
            doubling = [2**power for power in range(plan.workers.bit_length())]
            return [replace(plan, workers=n) for n in sorted({*doubling, plan.workers})]
        return [replace(plan, workers=n) for n in counts]

    def plans_over_mechanisms(self) -> list[Plan]:
        """The chosen plan with each mechanism that has as many workers as are chosen."""
        plan = self.plan()
        return [
            replace(plan, mechanism=name)
            for name, mechanism in MECHANISMS.items()
            if mechanism.parallel and not mechanism.one_each
        ]

    def as_python(self) -> str:
        """The chosen plan as a call of `mpviz.run`."""
        options = {
            "count": self.count.value,
            "size": self.size.value,
            "spread": self.spread.value,
            "seed": self.seed.value,
        }
        made = options if self.input_set.value == GENERATE else None
        return as_python(self.plan(), self.input_set.value in (PASTE, UPLOAD), made)

    def as_shell(self) -> str:
        """The chosen plan as a line for a shell."""
        return as_shell(self.plan(), self.input_set.value in (GENERATE, PASTE, UPLOAD))

    def checks(self) -> dict[str, links.Check]:
        """What a link may set, and which values are fit."""
        return {
            "mechanism": links.one_of("mechanism", MECHANISMS),
            "workers": links.whole("workers", 1, most_workers()),
            "set": links.one_of("input set", inputs.input_sets()),
            "start": links.one_of("start method", multiprocessing.get_all_start_methods()),
            "chunk": links.whole("the chunk size", 1, LONGEST_CHUNK),
            "workload": links.one_of("workload", WORKLOADS),
            "deadline": links.number("the deadline", SHORTEST_DEADLINE, limits.current().deadline),
        }

    def apply(self, values: Mapping[str, links.Value]) -> None:
        """Set what a link asks for, its values having passed `checks`."""
        widgets_of = self._by_key()
        for key in sorted(values, key=list(widgets_of).index):
            widgets_of[key].value = values[key]

    def chosen(self) -> dict[str, links.Value]:
        """What a link would have to ask for; numbers of one's own do not travel in a link."""
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
                "start": settings.start_method,
                "chunk": settings.chunk_size,
            }
        )

    def one_each(self) -> bool:
        """Whether the chosen mechanism starts a process for each input."""
        mechanism = MECHANISMS.get(self.mechanism.value)
        return mechanism is not None and mechanism.one_each

    def _by_key(self) -> dict[str, Any]:
        # The workload first: it brings its usual input set along.
        return {
            "workload": self.workload,
            "set": self.input_set,
            "mechanism": self.mechanism,
            "workers": self.workers,
            "start": self.start_method,
            "chunk": self.chunk_size,
            "deadline": self.deadline,
        }

    def _take_file(self, name: str, text: str) -> None:
        self._uploaded = (name, text)
        self._changed()

    def _refuse_file(self, sentence: str) -> None:
        self._uploaded = ("", "")
        self.preview.value = _bad(sentence)

    def _workload_changed(self, _change: object = None) -> None:
        usual = {entry.input_set for entry in WORKLOADS.values()}
        if self.input_set.value in usual and self.workload.value in WORKLOADS:
            usual_here = WORKLOADS[self.workload.value].input_set
            if usual_here in self.input_set.options:
                self.input_set.value = usual_here
        self._changed()

    def _changed(self, _change: object = None) -> None:
        self._show()
        self._on_change()

    def _show(self) -> None:
        """Say what the choices mean, and what does not apply."""
        own = {
            GENERATE: (self.count, self.size, self.spread, self.seed),
            PASTE: (self.pasted,),
            UPLOAD: (self.upload,),
        }
        wanted = own.get(self.input_set.value, ())
        if self.own.children != wanted:
            self.own.children = wanted
        mechanism = MECHANISMS.get(self.mechanism.value)
        if mechanism is None:
            return
        name = self.mechanism.value
        self.about.value = _text("mpviz-hint", mechanism.summary.replace("`", ""))
        self.workers.disabled = not mechanism.parallel or mechanism.one_each
        self.why_no_workers.value = _why(
            self.workers.disabled,
            f"{name} starts a process for each input, however many that are."
            if mechanism.one_each
            else f"{name} is one process.",
        )
        self.start_method.disabled = not mechanism.processes
        self.why_no_start_method.value = _why(
            not mechanism.processes, f"{name} starts no process, so there is none to choose."
        )
        self.chunk_size.disabled = not mechanism.chunks
        self.why_no_chunks.value = _why(
            not mechanism.chunks, f"{name} hands over one task at a time."
        )
        self._preview()

    def _preview(self) -> None:
        try:
            found = self.inputs()
        except Refused as refused:
            self.preview.value = _bad(str(refused))
            return
        takes = WORKLOADS[self.workload.value].takes
        span = f"from {found.smallest:,} to {found.largest:,}"
        if found.count == 1:
            span = f"{found.largest:,}"
        plural = "s" if found.count != 1 else ""
        told = f"{found.count:,} number{plural}, {span}; each is {takes}."
        if self.input_set.options[0] == GENERATE:
            told += " The input sets that come with mpviz are missing or can't be read."
        self.preview.value = _text("mpviz-hint", told)


@functools.lru_cache(maxsize=4)
def generated(**options: Any) -> inputs.InputSet:
    """`mpviz.inputs.generate`, once for the same options: a page asks again and again."""
    return inputs.generate(**options)


def _choice(what: str, value: Any, known: dict[str, Any]) -> str:
    if not isinstance(value, str) or value not in known:
        raise Refused(f"There is no such {what}.")
    return value


def _dropdown(label: str, options: list[str], value: str) -> widgets.Dropdown:
    # Where the data folder can't be read the usual choice is not there.
    first = value if value in options else options[0]
    return widgets.Dropdown(options=options, value=first, description=label)


def _whole(label: str, value: int, least: int, most: int) -> widgets.BoundedIntText:
    return widgets.BoundedIntText(value=value, min=least, max=most, description=label)


def _control(*parts: widgets.Widget) -> widgets.VBox:
    return widgets.VBox(list(parts)).add_class("mpviz-control")


def _hint(text: str) -> widgets.HTML:
    return widgets.HTML(_text("mpviz-hint", text))


def _text(name: str, text: str) -> str:
    return f'<div class="{name}">{html.escape(text)}</div>' if text else ""


def _why(wanted: bool, text: str) -> str:
    return _text("mpviz-disabled-why", text) if wanted else ""


def _bad(sentence: str) -> str:
    return f'<div class="mpviz-hint mpviz-bad" role="alert">{html.escape(sentence)}</div>'
