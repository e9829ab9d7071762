"""The history: a folder of exports, one for each run and study that was kept. Knows no process.

An entry is a folder in exactly the form in which a trace or a study is exported, so that importing
is copying. It is written beside and renamed into place: whatever ends the program, an entry is
whole or not there.
"""

from __future__ import annotations

import csv
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import platformdirs

from mpviz.analysis import csvfiles, metrics
from mpviz.analysis.explain import explain, failed
from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.text import counted, quoted
from mpviz.studies import keeping
from mpviz.studies.study import Study, read_study

if TYPE_CHECKING:
    from bokeh.plotting import figure

HOME_VARIABLE = "MPVIZ_HOME"
LABEL = "label.txt"
LONGEST_LABEL = 100  # characters
LARGEST_ROW = 2**20  # bytes of a runs.csv of which the first row is shown in the list
RUN_FILES = ("tasks.csv", "workers.csv", "runs.csv")


def home() -> Path:
    """Where the history is: ``$MPVIZ_HOME``, or mpviz's folder among the user's data."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_data_path("mpviz", appauthor=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One run or study that was kept.

    Attributes
    ----------
    name
        Of its folder.
    kind
        ``run`` or ``study``.
    label
        What the user called it; may be empty.
    started_at
        UTC, ISO 8601.
    title
        What it was: mechanism, workload and input set, or how many configurations.
    makespan_s
        Of a run; None of a study.
    """

    path: Path
    kind: str
    label: str
    started_at: str
    title: str
    makespan_s: float | None

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.path.name


class KeptRun:
    """A run that was kept: its frames, as `mpviz.Trace` has them.

    Attributes
    ----------
    tasks, workers, runs
        By ``schema.TASKS``, ``schema.WORKERS`` and ``schema.RUNS``.
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        self.tasks, self.workers, self.runs = (frames[n] for n in ("tasks", "workers", "runs"))

    @cached_property
    def summary(self) -> pd.Series[Any]:
        """The row of `runs` as a Series."""
        return self.runs.iloc[0].rename("run")

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """The account of time; ``mpviz.core.schema.INTERVALS``."""
        row = self.summary
        return metrics.account(
            self.tasks, self.workers, lanes=int(row["workers"]), makespan=float(row["makespan_s"])
        )

    @property
    def sentence(self) -> str:
        """What happened, in words with numbers."""
        return " ".join([explain(self.summary.to_dict()), *failed(self.tasks)[:1]])

    def timeline(self) -> figure:
        """A Bokeh figure: a lane for each worker, a bar for each task."""
        from mpviz.charts.timeline.figure import timeline, timeline_columns

        row = self.summary
        cut = row["ending"] == "deadline"
        lanes = int(row["workers"])
        columns = timeline_columns(
            self.tasks,
            self.intervals,
            lanes=lanes,
            makespan=float(row["makespan_s"]),
            end="deadline" if cut else "makespan",
        )
        return timeline(columns, lanes=lanes, deadline=float(row["timeout_s"]) if cut else None)


class History:
    """What was kept, in one folder.

    Parameters
    ----------
    folder
        `home` if none is given; made when the first run is kept.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home()

    def keep(self, what: Trace | Study, label: str = "") -> Entry:
        """Keep a run or a study.

        Raises
        ------
        Refused
            When the folder can't be written.
        """
        if isinstance(what, Trace):
            when = str(what.summary["started_at"])
            name = f"{what.summary['mechanism']}-{what.summary['workers']}"
        else:
            when, name = what.head.started_at, f"study-{len(what.names)}"
        with self._new(f"{_stamp(when)}-{name}") as (part, place):
            what.to_csv(part)
            _write_label(part, label)
            _rename(part, place)
        return self._entry(place)

    def entries(self) -> list[Entry]:
        """What was kept, the newest first; a folder that is none of ours is left out."""
        try:
            folders = [Path(one.path) for one in os.scandir(self.folder) if _is_folder(one)]
        except OSError:
            return []
        found = []
        for folder in folders:
            if not folder.name.startswith("."):
                with suppress(Refused):
                    found.append(self._entry(folder))
        return sorted(found, key=lambda entry: (entry.started_at, entry.name), reverse=True)

    def find(self, name: str) -> Entry:
        """The entry of this name, or of the only name that begins so, or with this label.

        Raises
        ------
        Refused
            When there is none, or more than one.
        """
        entries = self.entries()
        exact = [one for one in entries if name in (one.name, one.label)]
        found = exact or [one for one in entries if name and one.name.startswith(name)]
        if not found:
            raise Refused(f"The history has no entry {quoted(name)}.")
        if len(found) > 1:
            raise Refused(f"{len(found):,} entries of the history match {quoted(name)}.")
        return found[0]

    def read(self, entry: Entry) -> KeptRun | Study:
        """Read an entry back.

        Raises
        ------
        Refused
            When its files are not whole.
        """
        return read(entry.path)

    def label(self, entry: Entry, text: str) -> Entry:
        """Give an entry a label; an empty one takes it away.

        Raises
        ------
        Refused
            When it is too long, or the folder can't be written.
        """
        _write_label(entry.path, text)
        return self._entry(entry.path)

    def delete(self, entry: Entry) -> None:
        """Delete an entry for good.

        Raises
        ------
        Refused
            When it is not in this history, or can't be deleted.
        """
        if entry.path.parent != self.folder:
            raise Refused(f"{entry.path} is not in the history.")
        gone = self.folder / f".{entry.name}.{secrets.token_hex(4)}.gone"
        try:
            entry.path.rename(gone)  # at once; a folder half deleted is no entry
            shutil.rmtree(gone)
        except OSError as error:
            raise Refused(f"{entry.name} can't be deleted: {error.strerror}.") from error

    def export(self, entry: Entry, folder: Path) -> Path:
        """Copy an entry to another place, which must not be there yet.

        Raises
        ------
        Refused
            When it is, or can't be written.
        """
        if folder.exists():
            raise Refused(f"{folder} is there already.")
        try:
            shutil.copytree(entry.path, folder)
        except (OSError, shutil.Error) as error:
            why = getattr(error, "strerror", None) or "not all of it could be copied"
            raise Refused(f"{folder} can't be written: {why}.") from error
        return folder

    def take_in(self, folder: Path) -> Entry:
        """Copy an export, of a run or a study, into the history.

        Raises
        ------
        Refused
            When it is none, or the history can't be written.
        """
        found = read(folder)  # only what can be read back comes in
        files = RUN_FILES if isinstance(found, KeptRun) else keeping.FILES
        with self._new(folder.resolve().name or "imported") as (part, place):
            try:
                part.mkdir()
                for name in (*files, LABEL):
                    if (folder / name).is_file():
                        shutil.copyfile(folder / name, part / name)
            except OSError as error:
                raise Refused(f"{place} can't be written: {error.strerror}.") from error
            _rename(part, place)
        return self._entry(place)

    @contextmanager
    def _new(self, name: str) -> Iterator[tuple[Path, Path]]:
        """A folder to write, and the free place that it is to be renamed into."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Refused(f"{self.folder} can't be made: {error.strerror}.") from error
        name = "".join(c if c.isalnum() or c in "._-" else "-" for c in name).lstrip(".")[:100]
        mark = secrets.token_hex(3)
        part = self.folder / f".{name}-{mark}.part"
        try:
            yield part, self.folder / f"{name}-{mark}"
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _entry(self, folder: Path) -> Entry:
        if keeping.holds_study(folder):
            head, _ = keeping.read_head(folder)
            what = counted(len(head.configurations), "configuration")
            title = f"study of {what}: {_subject(head.workload, head.input_set)}"
            return Entry(folder, "study", _label(folder), head.started_at, title, None)
        row = _first_row(folder / "runs.csv")
        method = f", {row['start_method']}" if row.get("start_method") else ""
        try:
            crew = f"{row['mechanism']}, {counted(int(row['workers']), 'worker')}{method}"
            title = f"{crew}: {_subject(row['workload'], row['input_set'])}"
            makespan = float(row["makespan_s"])
            return Entry(folder, "run", _label(folder), row["started_at"], title, makespan)
        except (KeyError, ValueError) as error:
            raise Refused(f"{folder} is no run of mpviz.") from error


def read(folder: Path) -> KeptRun | Study:
    """Read an exported run or study.

    Raises
    ------
    Refused
        When it is neither, or its files are not whole.
    """
    if keeping.holds_study(folder):
        return read_study(folder)
    kept = KeptRun(csvfiles.read_csv(folder))
    if len(kept.runs) != 1:
        raise Refused(f"{folder} has {counted(len(kept.runs), 'run')}; an entry has one.")
    return kept


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)  # what a link leads to is not ours to delete


def _stamp(when: str) -> str:
    digits = "".join(c for c in when[:19] if c.isdigit())
    return f"{digits[:8]}-{digits[8:]}" if len(digits) == 14 else "undated"


def _subject(workload: str, input_set: str) -> str:
    return f"{workload} over {input_set}" if input_set else workload


def _label(folder: Path) -> str:
    with suppress(OSError):
        return (folder / LABEL).read_text("utf-8", "replace")[:LONGEST_LABEL].strip()
    return ""


def _write_label(folder: Path, text: str) -> None:
    plain = " ".join(text.split())
    if len(plain) > LONGEST_LABEL:
        raise Refused(f"A label has at most {LONGEST_LABEL} characters, not {len(plain)}.")
    file = folder / LABEL
    part = folder / f"{LABEL}.{secrets.token_hex(4)}.part"
    try:
        if plain:
            part.write_text(plain, "utf-8", "replace")
            part.replace(file)
        else:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"{file} can't be written: {error.strerror}.") from error


def _rename(part: Path, place: Path) -> None:
    try:
        part.rename(place)
    except OSError as error:
        raise Refused(f"{place} can't be written: {error.strerror}.") from error


def _first_row(file: Path) -> dict[str, str]:
    """The first row of a table, as texts; the list of a thousand runs is to open in a second."""
    try:
        if file.stat().st_size > LARGEST_ROW:
            raise Refused(f"{file} is too large for one run.")
        with file.open(encoding="utf-8", newline="") as opened:
            return next(csv.DictReader(opened), {})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{file} can't be read.") from error


ENVIRONMENT = {
    "cpu_model": "processor",
    "cpus": "CPUs",
    "usable_cpus": "usable CPUs",
    "python": "Python",
    "gil": "GIL",
    "platform": "system",
    "workload_hash": "code of the workload",
}


def differences(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> list[str]:
    """In what two runs' environments differ: a phrase each, as "Python: 3.11.7 and 3.13.1"."""
    found = []
    for name, word in ENVIRONMENT.items():
        a, b = one[name], other[name]
        if (pd.isna(a) and pd.isna(b)) or str(a) == str(b):
            continue
        found.append(word if name == "workload_hash" else f"{word}: {a} and {b}")
    packages = [_versions(row["versions"]) for row in (one, other)]
    for name in sorted(packages[0].keys() | packages[1].keys()):
        a, b = (each.get(name, "none") for each in packages)
        if a != b:
            found.append(f"{name}: {a} and {b}")
    return found


def _versions(text: Any) -> dict[str, str]:
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
