"""A study in a folder: written while it is measured, and read back. Knows no process.

Each file is written beside and renamed into place, so that whatever ends the program finds every
run that was kept before.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pandas as pd

from mpviz.analysis import csvfiles
from mpviz.core import schema
from mpviz.core.errors import Refused
from mpviz.studies.head import Row, StudyHead
from mpviz.studies.sweep import Configuration

HEAD = "study.json"
TABLES = {"runs": schema.RUNS, "baselines": schema.RUNS, "configurations": schema.CONFIGURATIONS}
FILES = (HEAD, *(f"{name}.csv" for name in TABLES))
LARGEST = 2**20  # bytes of a head that is read


def holds_study(folder: Path) -> bool:
    """Whether a study was written there."""
    return (folder / HEAD).is_file()


def write(
    folder: str | Path, head: StudyHead, frames: Mapping[str, pd.DataFrame], *, finished: bool
) -> None:
    """Write a study: its frames as CSV, and what it is about as JSON.

    Raises
    ------
    Refused
        When the folder can't be written.
    """
    place = Path(folder)
    csvfiles.to_csv(place, frames)
    _write(place / HEAD, json.dumps(head.as_json() | {"finished": finished}, indent=1))


def _write(file: Path, text: str) -> None:
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as out:
            out.write(text.encode())
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        raise Refused(f"{file} can't be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def read(folder: str | Path) -> tuple[StudyHead, bool, list[Row], list[Row]]:
    """Read a study: what it is about, whether it is finished, its runs and its sequential runs.

    Raises
    ------
    Refused
        When a file is not there, or is not one of ours.
    """
    place = Path(folder)
    head, finished = read_head(place)
    runs, baselines = (_rows(place / f"{name}.csv") for name in ("runs", "baselines"))
    for row in runs:
        if Configuration.of_row(row) not in head.configurations:
            raise Refused(f"{place / 'runs.csv'}: run {row['run']} is of no configuration of its.")
    return head, finished, runs, baselines


def _rows(file: Path) -> list[Row]:
    frame = csvfiles.read_table(file, schema.RUNS)
    if frame["round"].isna().any() or frame["order"].isna().any():
        raise Refused(f"{file} is not of a study: a run has no round.")
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def read_head(folder: Path) -> tuple[StudyHead, bool]:
    """What a study is about, and whether it is finished.

    Raises
    ------
    Refused
        When there is none.
    """
    file = folder / HEAD
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST + 1)
    except OSError as error:
        raise Refused(f"{file} can't be read: {error.strerror}.") from error
    try:
        if len(text) > LARGEST:
            raise ValueError
        found = json.loads(text)
        finished = found.pop("finished") is True
        return StudyHead.of_json(found), finished
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Refused(f"{file} is not the head of a study.") from error
