"""`mpviz history` and `mpviz compare`: what was kept, and two of it beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mpviz.cli.interrupts import importing
from mpviz.cli.options import Version
from mpviz.cli.printing import note, write
from mpviz.core.text import seconds

if TYPE_CHECKING:
    from mpviz.studies.history import Entry, History, KeptRun
    from mpviz.studies.study import Study

Name = Annotated[str, typer.Argument(help="An entry's name, how it begins, or its label.")]
history = typer.Typer(
    invoke_without_command=True, help="List what was kept, and show, label, delete, copy it."
)


def _history() -> History:
    with importing():
        from mpviz.studies.history import History
    return History()


@history.callback()
def _list(context: typer.Context, _version: Version = False) -> None:
    """List what was kept, the newest first."""
    if context.invoked_subcommand:
        return
    found = _history()
    entries = found.entries()
    if not entries:
        note(f"nothing was kept yet in {found.folder}.")
    for line in _table(entries):
        write(line)


@history.command()
def show(name: Name) -> None:
    """Say what a run or a study found."""
    found = _history()
    write(found.read(found.find(name)).sentence)


@history.command()
def label(name: Name, text: Annotated[str, typer.Argument(help="Empty takes it away.")]) -> None:
    """Give an entry a label."""
    found = _history()
    found.label(found.find(name), text)


@history.command()
def delete(name: Name) -> None:
    """Delete an entry for good."""
    found = _history()
    found.delete(found.find(name))


@history.command()
def export(name: Name, folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Copy an entry to a folder."""
    found = _history()
    found.export(found.find(name), folder)


@history.command(name="import")
def take_in(folder: Annotated[Path, typer.Argument(help="An exported run or study.")]) -> None:
    """Copy an export into the history."""
    write(_history().take_in(folder).name)


def _table(entries: list[Entry]) -> list[str]:
    rows = [
        (
            one.name,
            one.label,
            "" if one.makespan_s is None else seconds(one.makespan_s),
            one.title,
        )
        for one in entries
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(3)] if rows else []
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    ]


def compare(
    one: Annotated[str, typer.Argument(help="A folder of an export, or an entry of the history.")],
    other: Annotated[str, typer.Argument(help="Another.")],
    _version: Version = False,
) -> None:
    """Say how two kept runs or studies differ, and in what their environments do.

    Exit status: 0 they were compared; 2 they can't be.
    """
    with importing():
        from mpviz.studies.comparing import compared

    sentences, warnings = compared(_read(one), _read(other), one, other)
    for warning in warnings:
        note(warning)
    write("\n".join(sentences))


def _read(name: str) -> KeptRun | Study:
    from mpviz.studies.history import History, read

    folder = Path(name)
    if folder.is_dir():
        return read(folder)
    found = History()
    return found.read(found.find(name))
