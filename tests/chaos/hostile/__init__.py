"""Hostile tasks: all that a task could do to break a run, in families, one line each.

``FAMILIES[family][name]()`` does the deed, or gives what is to be handed over as a result. Not
those of `mpviz.faults`. Each ends by itself or is ended by the deadline, and needs under 300 MB.
"""

import time
from collections.abc import Callable
from typing import Any

from tests.chaos.hostile import files, interpreter, processes, programs, signals, values

FAMILIES: dict[str, dict[str, Callable[[], Any]]] = {
    **files.FAMILIES,
    **processes.FAMILIES,
    **signals.FAMILIES,
    **programs.FAMILIES,
    **interpreter.FAMILIES,
    **values.FAMILIES,
}


def attempt(task: Any) -> Any:
    """One task: ``(family, name)`` is a hostile one, a number a healthy one, else what it says."""
    if isinstance(task, tuple):
        family, name = task
        return FAMILIES[family][name]()
    time.sleep(0.02)  # so that every worker has some
    return task
