"""Experiments: small measurements that are not one plan over a mechanism.

Each is a function that gives a `Finding`: a frame, a sentence and a chart. Lazy, since a process
that is measured imports what is below this package, and must not wait for pandas or Bokeh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mpviz.experiments.catalogue import EXPERIMENTS
    from mpviz.experiments.finding import Experiment, Finding

__all__ = ["EXPERIMENTS", "Experiment", "Finding"]


def __getattr__(name: str) -> Any:
    if name == "EXPERIMENTS":
        from mpviz.experiments.catalogue import EXPERIMENTS

        return EXPERIMENTS
    if name in __all__:
        from mpviz.experiments import finding

        return getattr(finding, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
