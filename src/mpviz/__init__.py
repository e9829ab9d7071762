"""mpviz: see what your parallel Python is doing.

Everything is imported when it is first asked for, so that a measured process, which needs only the
standard library, starts as fast as the user's own would.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mpviz.analysis.csvfiles import read_csv
    from mpviz.analysis.trace import Trace
    from mpviz.api import run
    from mpviz.core.errors import Refused
    from mpviz.core.outcome import Outcome
    from mpviz.core.plan import Plan
    from mpviz.core.record import Record
    from mpviz.experiments.catalogue import EXPERIMENTS
    from mpviz.faults import FAULTS
    from mpviz.inputs import input_set
    from mpviz.mechanisms import MECHANISMS
    from mpviz.workloads import WORKLOADS

__version__ = "0.1.0"

_HOMES = {
    "EXPERIMENTS": "experiments.catalogue",
    "FAULTS": "faults",
    "MECHANISMS": "mechanisms",
    "Outcome": "core.outcome",
    "Plan": "core.plan",
    "Record": "core.record",
    "Refused": "core.errors",
    "Trace": "analysis.trace",
    "WORKLOADS": "workloads",
    "input_set": "inputs",
    "read_csv": "analysis.csvfiles",
    "run": "api",
}
__all__ = [
    "EXPERIMENTS",
    "FAULTS",
    "MECHANISMS",
    "WORKLOADS",
    "Outcome",
    "Plan",
    "Record",
    "Refused",
    "Trace",
    "input_set",
    "read_csv",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mpviz' has no attribute {name!r}")
    return getattr(importlib.import_module(f"mpviz.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
