"""The fault lab's words: what a cell shows, the legend, its progress. Knows no widget."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from markupsafe import Markup

from mpviz.core.text import counted
from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.running import AT_ONCE, DEADLINES
from mpviz.mechanisms import MECHANISMS
from mpviz.page.markup import element
from mpviz.page.widgets.matrix import Head, Word

NOT_RUN = Word("none", "–", "not run yet")
RUNNING = Word("running", "…", "running")
# The end of its class in the style sheet, and its word; in the order of the legend.
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
FEW = 3  # cells: with fewer done, the time that is left is not estimated
STARTING = 1.0  # seconds that a cell may take in addition to its deadline


def row_head(mechanism: str) -> Head:
    """Make the head of a mechanism's row."""
    does = f"Run {mechanism} with every fault"
    return Head(mechanism, mechanism, does, f"{does}. {MECHANISMS[mechanism].summary}")


def column_head(fault: str) -> Head:
    """Make the head of a fault's column."""
    title = FAULTS[fault].title
    does = f"Run every mechanism with this fault: {title}"
    return Head(fault, title, does, f"{does}. {FAULTS[fault].about}")


def word_of(cell: Cell) -> Word:
    """What the matrix shows of a cell."""
    kind, word = SEEN[cell.seen]
    count = {Seen.LOST: cell.lost, Seen.LEFT: cell.left_behind}.get(cell.seen, 0)
    return Word(kind, f"{word} {count:,}" if count else word, str(cell.seen), opens=True)


def coloured(word: Word) -> Markup:
    """Write a word in its colours."""
    return element("span", word.text, f"mpviz-seen mpviz-seen-{word.kind}")


def legend(cells: Iterable[Cell]) -> str:
    """Say what each word means, and how many cells show it."""
    counts = Counter(cell.seen for cell in cells)
    entries = []
    for seen, (kind, word) in SEEN.items():
        if seen is not Seen.CANCELLED:
            parts = [coloured(Word(kind, word, "")), f" {BRIEFLY.get(seen, str(seen))}"]
            if counts[seen]:
                parts += [" ", element("b", f"{counts[seen]:,}")]
            entries.append(element("li", parts))
    return element("ul", entries, "mpviz-legend", aria_label="What the words mean")


def progress(done: int, total: int, hung: int, elapsed: float) -> str:
    """Say how many cells are done, and how long the others may take."""
    text = f"{done:,} of {counted(total, 'cell')}"
    if hung:
        text += f", {hung:,} hung so far"
    if FEW <= done < total:
        text += f"; {_about(elapsed / done * (total - done))} more"
    return text + "."


def summary(done: int, total: int, elapsed: float, cancelled: bool) -> str:
    """Sum up a run of cells that is over."""
    if done < total:
        how = "Cancelled" if cancelled else "Ended"
        return f"{how} after {done:,} of {counted(total, 'cell')}; what was seen is kept."
    return f"Done: {counted(total, 'cell')} in {_span(elapsed)}."


def forecast(total: int, start_method: str, most: int) -> str:
    """Say before a run of cells how long it may take; at most `most` may be asked for at once."""
    deadline = DEADLINES[start_method]
    hang = f"A cell that hangs is ended by its deadline, {deadline:g} s for most faults."
    if total > most:
        return f"A row or a column at a time, since others are waiting too. {hang}"
    longest = total * (deadline + STARTING) / AT_ONCE
    cells = counted(total, "cell")
    return f"{cells}, {AT_ONCE} at a time: usually within {_about(longest)}. {hang}"


def _about(seconds: float) -> str:
    return "a few seconds" if seconds < 10 else f"about {_span(seconds)}"


def _span(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{math.ceil(seconds / 5) * 5} s"
    return f"{math.ceil(seconds / 60):,} min"
