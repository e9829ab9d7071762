"""The fault lab in words: what a cell shows, the legend, how far it is. Knows no widget."""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Iterable

from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.running import AT_ONCE, DEADLINES
from mpviz.mechanisms import MECHANISMS
from mpviz.page.widgets.matrix import Head, Word

NOT_RUN = Word("none", "–", "not run yet")
RUNNING = Word("running", "…", "running")
# How each looks (a class of the style sheet), and its word; the order is that of the legend.
SEEN = {
    Seen.RIGHT: ("right", "ok"),
    Seen.RAISED: ("raised", "raised"),
    Seen.WRONG: ("wrong", "wrong"),
    Seen.LOST: ("lost", "lost"),
    Seen.HUNG: ("hung", "hung"),
    Seen.DIED: ("died", "died"),
    Seen.LEFT: ("left", "left"),
    Seen.MEMORY: ("memory", "memory"),
    Seen.CANCELLED: ("none", "–"),
}
BRIEFLY = {Seen.RAISED: "the call raised", Seen.MEMORY: "hit the memory ceiling"}  # in the legend
FEW = 3  # cells of which no time can be foretold
STARTING = 1.0  # seconds that a cell may take beside its deadline, others running beside it


def row_head(mechanism: str) -> Head:
    """The head of a mechanism's row."""
    told = f"Run {mechanism} with every fault"
    return Head(mechanism, mechanism, told, f"{told}. {MECHANISMS[mechanism].summary}")


def column_head(fault: str) -> Head:
    """The head of a fault's column."""
    title = FAULTS[fault].title
    told = f"Run every mechanism with this fault: {title}"
    return Head(fault, title, told, f"{told}. {FAULTS[fault].about}")


def word_of(cell: Cell) -> Word:
    """What the matrix shows of a cell."""
    kind, word = SEEN[cell.seen]
    count = {Seen.LOST: cell.lost, Seen.LEFT: cell.left_behind}.get(cell.seen, 0)
    return Word(kind, f"{word} {count:,}" if count else word, str(cell.seen), opens=True)


def mark(word: Word) -> str:
    """A word in its colours."""
    name = f"mpviz-seen mpviz-seen-{word.kind}"
    return f'<span class="{name}">{html.escape(word.word)}</span>'


def legend(cells: Iterable[Cell]) -> str:
    """What each word means, and how many cells show it."""
    counts = Counter(cell.seen for cell in cells)
    entries = []
    for seen, (kind, word) in SEEN.items():
        if seen is not Seen.CANCELLED:
            told = BRIEFLY.get(seen, str(seen))
            count = f" <b>{counts[seen]:,}</b>" if counts[seen] else ""
            entries.append(f"<li>{mark(Word(kind, word, ''))} {html.escape(told)}{count}</li>")
    return f'<ul class="mpviz-legend" aria-label="What the words mean">{"".join(entries)}</ul>'


def progress(done: int, total: int, hung: int, elapsed: float) -> str:
    """How far a run of cells is, and how long it may take yet."""
    text = f"{done:,} of {_cells(total)}"
    if hung:
        text += f", {hung:,} hung so far"
    if FEW <= done < total:
        text += f"; {_about(elapsed / done * (total - done))} more"
    return text + "."


def ended(done: int, total: int, elapsed: float, cancelled: bool) -> str:
    """What is said when a run of cells is over."""
    if done < total:
        how = "Cancelled" if cancelled else "Ended"
        return f"{how} after {done:,} of {_cells(total)}; what was seen is kept."
    return f"Done: {_cells(total)} in {_span(elapsed)}."


def promise(total: int, start_method: str, most: int) -> str:
    """What a run of so many cells means, before it is begun; `most` can be run at once."""
    deadline = DEADLINES[start_method]
    hang = f"A cell that hangs is ended by its deadline of {deadline:g} s."
    if total > most:
        return f"A row or a column at a time, since others are waiting too. {hang}"
    longest = total * (deadline + STARTING) / AT_ONCE
    return f"{_cells(total)}, {AT_ONCE} at a time: at most {_about(longest)}. {hang}"


def _cells(count: int) -> str:
    return f"{count:,} cell{'s' if count != 1 else ''}"


def _about(seconds: float) -> str:
    return "a few seconds" if seconds < 10 else f"about {_span(seconds)}"


def _span(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{math.ceil(seconds / 5) * 5} s"
    return f"{math.ceil(seconds / 60):,} min"
