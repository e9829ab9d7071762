"""A plan as text to take home: a call in Python, a line for a shell. Knows no widget.

Where the mechanism starts processes the start method is named even if it is this Python's default,
since the text may be used with another Python, whose default differs.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from mpviz.core.plan import Plan
from mpviz.mechanisms import MECHANISMS

MOST_NUMBERS = 1000  # that are written out


def as_python(plan: Plan, own: bool, made: Mapping[str, Any] | None = None) -> str:
    """Write a plan as a call of `mpviz.run`.

    Parameters
    ----------
    plan
        Its workload is one of `WORKLOADS`; its input set comes with mpviz, unless the inputs are
        `own` or `made`.
    own
        Whether its inputs are the reader's own; these are written out.
    made
        The options with which `mpviz.inputs.generate` made its inputs.
    """
    numbers = f"mpviz.input_set({plan.input_set!r})"
    if made is not None:
        numbers = f"generate({', '.join(f'{name}={value}' for name, value in made.items())})"
    elif own:
        cut = len(plan.inputs) > MOST_NUMBERS
        shown = ", ".join(map(str, plan.inputs[:MOST_NUMBERS]))
        numbers = f"[{shown}]" + (f"  # the first {MOST_NUMBERS:,}" if cut else "")
    options: dict[str, Any] = {"mechanism": plan.mechanism, "workers": plan.workers}
    if MECHANISMS[plan.mechanism].processes:
        options["start_method"] = plan.start_method
    if MECHANISMS[plan.mechanism].chunks:
        options["chunk_size"] = plan.chunk_size
    options["timeout"] = plan.timeout
    lines = [
        "import mpviz",
        *(["from mpviz.inputs import generate"] if made is not None else []),
        f"from mpviz.workloads import {plan.workload}",
        "",
        f"numbers = {numbers}",
        f"trace = mpviz.run({plan.workload}, numbers, baseline=True,",
        f"    {', '.join(f'{name}={value!r}' for name, value in options.items())})",
        "print(trace.sentence)",
    ]
    return "\n".join(lines)


def as_shell(plan: Plan, own: bool) -> str:
    """Write a plan as a line for a shell; for the reader's own numbers it names a file to make."""
    named = "numbers.txt" if own else plan.input_set
    words = ["mpviz", "run", plan.workload, "--mechanism", plan.mechanism]
    words += ["--workers", str(plan.workers), "--input-set", named]
    if MECHANISMS[plan.mechanism].processes:
        words += ["--start-method", plan.start_method]
    if MECHANISMS[plan.mechanism].chunks:
        words += ["--chunk-size", str(plan.chunk_size)]
    return shlex.join([*words, "--timeout", f"{plan.timeout:g}"])
