"""Names and files from the command line -> Plan. Knows no option and runs nothing."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mpviz import inputs, workloads
from mpviz.core.errors import Refused
from mpviz.core.plan import Plan


def plan_of(
    workload: str,
    mechanism: str,
    workers: int,
    input_set: str,
    start_method: str,
    chunk_size: int,
    timeout: float,
) -> Plan:
    """The plan that the options describe.

    Raises
    ------
    Refused
        When a name is unknown or a file can't be read.
    """
    function, chosen, name = subject_of(workload, input_set)
    return Plan(
        function=function,
        inputs=chosen.values,
        mechanism=mechanism,
        workers=workers,
        start_method=start_method,
        chunk_size=chunk_size,
        timeout=timeout,
        workload=name,
        input_set=chosen.name,
    )


def subject_of(workload: str, input_set: str) -> tuple[Callable[[Any], Any], inputs.InputSet, str]:
    """What is run over what, and the workload's name.

    Raises
    ------
    Refused
        When a name is unknown or a file can't be read.
    """
    known = workloads.WORKLOADS.get(workload)
    function = known.function if known else import_function(workload)
    chosen = read_inputs(input_set or (known.input_set if known else "prime_mixture"))
    return function, chosen, workload


def import_function(name: str) -> Callable[[Any], Any]:
    """The function that ``module:function`` names; the module may be in the current folder.

    Raises
    ------
    Refused
        When it can't be imported.
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        known = ", ".join(workloads.WORKLOADS)
        raise Refused(f"There is no workload {name!r}; there are {known}, or give module:function.")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  sys.path holds strings
    try:
        found = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise Refused(f"Module {module!r} can't be imported: {error}") from error
    function = getattr(found, attribute, None)
    if not callable(function):
        raise Refused(f"Module {module!r} has no function {attribute!r}.")
    return function  # type: ignore[no-any-return]  # callable() narrows it no further


def read_inputs(name: str) -> inputs.InputSet:
    """An input set by its name, or from a file, one number a line.

    Raises
    ------
    Refused
        When there is no such set or file, or the file is no input set.
    """
    file = Path(name)
    if name in inputs.input_sets() or not file.is_file():
        return inputs.input_set(name)
    try:
        return inputs.parse(file.read_bytes(), name=file.name)
    except OSError as error:
        raise Refused(f"{name} can't be read: {error.strerror}.") from error
