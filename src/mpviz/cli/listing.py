"""`mpviz list`: what there is to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from mpviz.cli.options import Version
from mpviz.cli.printing import write
from mpviz.core.errors import Refused

Entries = Iterable[tuple[str, str]]  # a name and its meaning


def _mechanisms() -> Entries:
    from mpviz.mechanisms import MECHANISMS

    return ((name, entry.summary) for name, entry in MECHANISMS.items())


def _workloads() -> Entries:
    from mpviz.workloads import WORKLOADS

    return ((name, entry.takes) for name, entry in WORKLOADS.items())


def _input_sets() -> Entries:
    from mpviz.inputs import input_set, input_sets

    for found in map(input_set, input_sets()):
        numbers = f"{found.count:,} numbers from {found.smallest:,} to {found.largest:,}"
        yield found.name, numbers


def _faults() -> Entries:
    from mpviz.faults.catalogue import FAULTS

    return ((name, entry.about) for name, entry in FAULTS.items())


LISTS: dict[str, Callable[[], Entries]] = {
    "mechanisms": _mechanisms,
    "workloads": _workloads,
    "input-sets": _input_sets,
    "faults": _faults,
}


def list_names(
    what: Annotated[str, typer.Argument(help="mechanisms, workloads, input-sets or faults")],
    _version: Version = False,
) -> None:
    """List what there is to choose from."""
    if what not in LISTS:
        raise Refused(f"There is no list of {what!r}; there are {', '.join(LISTS)}.")
    write("\n".join(f"{name:<16} {meaning}" for name, meaning in LISTS[what]()))
