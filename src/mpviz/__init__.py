"""mpviz: see what your parallel Python is doing.

Everything is imported when it is first asked for, so that a measured process, which needs only the
standard library, starts as fast as the user's own would.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mpviz.analysis.causes.cause import Cause
    from mpviz.analysis.csvfiles import read_csv
    from mpviz.analysis.laws import fit_amdahl, fit_usl
    from mpviz.analysis.trace import Trace
    from mpviz.api import run
    from mpviz.core.errors import Cancelled, Failed, MpvizError, Refused
    from mpviz.core.outcome import Ending, Outcome
    from mpviz.core.plan import Plan
    from mpviz.core.record import Answer, Line, Record
    from mpviz.experiments.catalogue import EXPERIMENTS
    from mpviz.experiments.finding import Experiment, Finding
    from mpviz.faults.catalogue import FAULTS, Fault
    from mpviz.inputs import InputSet, input_set
    from mpviz.mechanisms import MECHANISMS, Mechanism
    from mpviz.studies.measuring import sweep
    from mpviz.studies.study import Study, read_study
    from mpviz.workloads import WORKLOADS, Workload

__version__ = "0.1.0"

_HOMES = {
    "Answer": "core.record",
    "Cancelled": "core.errors",
    "Cause": "analysis.causes.cause",
    "EXPERIMENTS": "experiments.catalogue",
    "Ending": "core.outcome",
    "Experiment": "experiments.finding",
    "FAULTS": "faults.catalogue",
    "Failed": "core.errors",
    "Fault": "faults.catalogue",
    "Finding": "experiments.finding",
    "InputSet": "inputs",
    "Line": "core.record",
    "MECHANISMS": "mechanisms",
    "Mechanism": "mechanisms",
    "MpvizError": "core.errors",
    "Outcome": "core.outcome",
    "Plan": "core.plan",
    "Record": "core.record",
    "Refused": "core.errors",
    "Study": "studies.study",
    "Trace": "analysis.trace",
    "WORKLOADS": "workloads",
    "Workload": "workloads",
    "fit_amdahl": "analysis.laws",
    "fit_usl": "analysis.laws",
    "input_set": "inputs",
    "read_csv": "analysis.csvfiles",
    "read_study": "studies.study",
    "run": "api",
    "sweep": "studies.measuring",
}
__all__ = [
    "EXPERIMENTS",
    "FAULTS",
    "MECHANISMS",
    "WORKLOADS",
    "Answer",
    "Cancelled",
    "Cause",
    "Ending",
    "Experiment",
    "Failed",
    "Fault",
    "Finding",
    "InputSet",
    "Line",
    "Mechanism",
    "MpvizError",
    "Outcome",
    "Plan",
    "Record",
    "Refused",
    "Study",
    "Trace",
    "Workload",
    "fit_amdahl",
    "fit_usl",
    "input_set",
    "read_csv",
    "read_study",
    "run",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mpviz' has no attribute {name!r}")
    return getattr(importlib.import_module(f"mpviz.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
