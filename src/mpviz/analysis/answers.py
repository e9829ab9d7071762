"""Whether two runs gave the same answers. Pure: knows no file, no frame and no clock.

The same is what `mpviz.engine.recording.canonical` says: of the same type, and equal part by
part, floats by their bits. Two answers that differ in floats alone, and those by at most a
billionth of the larger, are close.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mpviz.core.record import Record
from mpviz.engine.recording.canonical import close, near

SAME, CLOSE, UNCLEAR, APART = "same", "close", "unclear", "apart"
FLOATS = ("NaN", "Infinity", "-Infinity")  # as JSON has them


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is known of two runs' answers; None is: not known.

    Attributes
    ----------
    same
        Whether all of them are the same.
    close
        Whether all of them are the same or close.
    note
        Which differ, or why it is not known; empty where all are the same.
    """

    same: bool | None
    close: bool | None
    note: str = ""


def compare(record: Record, before: Record, tasks: Sequence[int]) -> Agreement:
    """Compare the answers to these tasks, of which both runs had a result."""
    if not tasks:
        return Agreement(None, None)
    seen: dict[str, list[int]] = {SAME: [], CLOSE: [], UNCLEAR: [], APART: []}
    unknown: dict[str, list[int]] = {}  # by why
    for task in _worth_a_look(record, before, tasks):
        found = _compare_one(record, before, task)
        (seen[found] if found in seen else unknown.setdefault(found, [])).append(task)
    apart, unclear = seen[APART], seen[UNCLEAR]
    if apart:
        return Agreement(False, False, f"{_some(apart, tasks)} differ")
    notes = [
        f"{_some(found, tasks)} can't be compared: {why}"
        for why, found in list(unknown.items())[:1]
    ]
    different = sorted(seen[CLOSE] + unclear)
    if unclear:
        notes.insert(0, f"{_some(different, tasks)} differ, in floats too many to be kept")
    elif different:
        notes.insert(0, f"{_some(different, tasks)} differ, by a billionth at most")
    same = False if different else None if unknown else True
    return Agreement(same, None if unknown or unclear else True, "; ".join(notes))


def _compare_one(record: Record, before: Record, task: int) -> str:
    """How two answers differ, or why they can't be compared."""
    here, there = record.results.get(task), before.results.get(task)
    first, second = record.answers.get(task), before.answers.get(task)
    if here is None or there is None:
        return "a result that was lost"
    if first is None and second is None:  # their texts say all of them
        return SAME if here == there else CLOSE if _near(here, there) else APART
    for one in (first, second):
        if one is not None and not one.digest:
            return one.why
    if first is None or second is None or first.shape != second.shape:
        return APART
    if first.digest == second.digest:
        return SAME
    if not (first.floats and second.floats):
        return UNCLEAR
    return CLOSE if close(first.floats, second.floats) else APART


def _worth_a_look(record: Record, before: Record, tasks: Sequence[int]) -> Iterator[int]:
    """The tasks of which equal texts do not say it all; for a million it matters how quickly."""
    here, there = record.results, before.results
    more = record.answers.keys() | before.answers.keys()
    return (
        task for task in tasks if task in more or task not in here or here[task] != there.get(task)
    )


def _near(here: str, there: str) -> bool:
    """Whether two results that their texts say all of are floats near each other."""
    return _is_float(here) and _is_float(there) and near(float(here), float(there))


def _is_float(text: str) -> bool:
    if text in FLOATS:
        return True
    return text[:1] in "-0123456789" and not text.removeprefix("-").isdigit()


def _some(found: list[int], tasks: Sequence[int]) -> str:
    """Some tasks in a sentence: ``"1 of 3 answers (task 2's)"``."""
    first = "" if len(found) == 1 else "the first is "
    return f"{len(found):,} of {len(tasks):,} answers ({first}task {found[0]}'s)"
