"""What a run left in its folder, read when all its processes are gone.

Knows no process. The user's code could write to every file there: none is trusted to be what it
was, nor as long as it was; what is wrong with one is said, and costs nothing but what it held.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpviz.core.outcome import Ending
from mpviz.core.record import Answer, Line
from mpviz.core.text import counted
from mpviz.engine.recording import output, results
from mpviz.engine.recording.files import OUTPUT, RESULTS, read_end
from mpviz.engine.recording.raw import LOG, NOT_KEPT, Reader
from mpviz.engine.recording.table import FULL, LOGGED, Table
from mpviz.mechanisms import Mechanism

LAST_WORDS = 4_000  # bytes of what the host said that are looked at
LONGEST_WORDS = 500  # characters of it in a sentence
INCOMPLETE = "so not all that was returned, raised or printed could be kept"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Found:
    """What there was.

    Attributes
    ----------
    ending
        How the mechanism ended by the host's word; None where it said nothing.
    whole
        Whether the host wrote down all results that it had.
    raised
        What the mechanism's call raised.
    lost
        What was lost, in words.
    """

    ending: Ending | None
    whole: bool
    raised: str
    lost: tuple[str, ...]
    results: Mapping[int, str]
    answers: Mapping[int, Answer]
    errors: Mapping[int, str]
    tracebacks: Mapping[int, str]
    lines: tuple[Line, ...]


def read_folder(folder: Path, table: Table, mechanism: Mechanism) -> Found:
    """Read what a run left."""
    lost = [_not_kept(table.words[FULL])]
    saved = results.Saved()
    try:
        saved = results.read(folder / RESULTS, table.tasks)
    except OSError as error:
        lost.append(f"the results could not be read ({_strerror(error)})")
    entries: list[output.Entry] = []
    try:
        entries = output.read(folder / OUTPUT, table.tasks)[0]
    except OSError as error:
        lost.append(f"what was printed could not be read ({_strerror(error)})")
    if not any(lost):
        lost.append(_lost(saved, table))
    of_kind: dict[int, dict[int, str]] = {output.RAISED: {}, output.TRACEBACK: {}}
    lines, raised = [], ""
    written = Reader(folder)
    for kind, task, worker, text in entries:
        if kind == output.PRINTED:
            lines.append(Line(task, worker, text))
        elif kind == output.RAISED_BY_CALL:
            raised = text
        elif kind == output.WRITTEN:
            if part := written.part(text):
                lines.append(Line(task, worker, part))
        else:
            of_kind[kind][task] = text
    lines += _unclaimed(written, table, mechanism)
    return Found(
        ending=saved.ending,
        whole=saved.whole,
        raised=raised,
        lost=tuple(part for part in lost if part),
        results=saved.texts,
        answers=saved.answers,
        errors=of_kind[output.RAISED],
        tracebacks=of_kind[output.TRACEBACK],
        lines=tuple(lines),
    )


def _unclaimed(written: Reader, table: Table, mechanism: Mechanism) -> list[Line]:
    """What came past Python's streams after the last look: of the task it ended within."""
    lines = []
    running = None
    for row, text in written.rest(table.claimed, table.words[LOGGED]):
        if running is None:
            running = table.running
        alone = row >= 0 or not mechanism.parallel
        task = running.get(max(row, 0), -1) if alone else -1
        lines.append(Line(task, row if task < 0 else max(row, 0), text))
    return [*lines, Line(-1, -1, NOT_KEPT)] if written.cut else lines


def _not_kept(number: int) -> str:
    """What kept something from being written, in words."""
    if not number:
        return ""
    if number in NO_ROOM:
        return f"the disk was full, {INCOMPLETE}"
    return f"a file could not be written ({_words_of(number)}), {INCOMPLETE}"


def _strerror(error: OSError) -> str:
    return _words_of(error.errno or 0) if error.errno != errno.EINVAL else "not a file"


def _words_of(number: int) -> str:
    return os.strerror(number) if 0 < number < 4096 else "for a reason unknown"


def _lost(saved: results.Saved, table: Table) -> str:
    """How many results in hand are not known as text, in words."""
    if saved.ending is None:
        return f"{counted(table.received, 'result')} in hand lost" if table.received else ""
    if saved.kept >= saved.count:
        return ""
    return (
        f"of {saved.count:,} results in hand, {saved.count - saved.kept:,} are not known: the run"
        " was ended before they were written down"
    )


def last_words(folder: Path, status: int | None) -> str:
    """Why the host died, from its exit status and the end of what it said."""
    if status is None:
        return ""
    if status < 0:
        names = {one.value: one.name for one in signal.Signals}
        name = names.get(-status, f"signal {-status}")
        return f"the process that ran the mechanism was killed by {name}"
    log = read_end(folder / LOG, LAST_WORDS).decode("utf-8", "replace")
    said = [line.strip() for line in log.splitlines() if line.strip()]
    last = f", saying {said[-1][-LONGEST_WORDS:]!r}" if said else ""
    return f"the process that ran the mechanism ended with status {status}{last}"


def remains(report: dict[str, Any]) -> list[str]:
    """What is still there after a run, in words."""
    told = []
    if report["survivors"]:
        told.append(f"could not be ended: {', '.join(report['survivors'])}")
    if report["shared"]:
        told.append(
            f"left in shared memory, as it may be another program's: {', '.join(report['shared'])}"
        )
    return told
