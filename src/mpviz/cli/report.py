"""A trace as text: for a person, and as JSON. Knows no terminal."""

from __future__ import annotations

import json
from math import isnan

from mpviz.analysis.explain import agreement, why_suspect
from mpviz.analysis.trace import Trace
from mpviz.core.errors import MpvizError
from mpviz.core.plan import Plan
from mpviz.core.text import digits, percent, seconds
from mpviz.engine.imports import slowest_imports

MOST_IMPORTS = 5  # packages that are named
NO_GIL = "This Python runs without the GIL."


def as_json(trace: Trace) -> str:
    """The run's row as one JSON object, with its sentence."""
    (row,) = json.loads(trace.runs.to_json(orient="records"))
    return json.dumps(row | {"sentence": trace.sentence, "failed": trace.failed})


def report(trace: Trace) -> str:
    """What to print about a run: the sentence, the numbers, then what the tasks printed."""
    run = trace.summary.to_dict()
    rows = [("makespan", seconds(run["makespan_s"]))]
    if why := why_suspect(run):
        rows += [("speedup", f"{digits(run['speedup'])}, suspect: {why}")]
    elif not isnan(run["speedup"]):
        rows += [("speedup", digits(run["speedup"])), ("efficiency", percent(run["efficiency"]))]
    if not isnan(run["load_balance"]):
        rows += [("load balance", percent(run["load_balance"]))]
    agree = agreement(run)
    rows += [
        ("tasks ok", f"{run['ok']:,} of {run['tasks']:,}"),
        ("answers agree", "NO" if agree == "no" else agree),
    ]
    lines = [
        trace.sentence,
        *trace.failed[1:],
        *([] if run["gil"] else [NO_GIL]),
        "",
        *(f"{name:<14} {value}" for name, value in rows),
    ]
    if trace.tracebacks:
        first = min(trace.tracebacks)
        story = trace.tracebacks[first].splitlines()
        lines += ["", f"task {first} raised:", *(f"  {line}" for line in story)]
    if trace.output:
        lines += ["", "printed by the tasks:", *(f"  {line.text}" for line in trace.output)]
    return "\n".join(lines)


def imported(plan: Plan) -> str:
    """What a worker spawned for a plan imports, the slowest first; or why that is not known."""
    module = getattr(plan.function, "__module__", "") or "builtins"
    try:
        found = slowest_imports(module)
    except MpvizError as error:
        return str(error)
    whole = sum(took for _, took in found)
    slow = [f"{name} {seconds(took)}" for name, took in found[:MOST_IMPORTS]]
    return f"A spawned worker imports for {seconds(whole)}: {', '.join(slow)}."
