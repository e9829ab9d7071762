"""What tasks print, and what they raise: appended to one file, in order of arrival.

Knows the task only as a number. One `os.write` to a file opened for appending is one entry that no
other process can split.
"""

from __future__ import annotations

import io
import os
import struct
import threading
from pathlib import Path

from mpviz.recording.table import FULL, HEADER_WORDS

PRINTED, RAISED, RAISED_BY_CALL = 0, 1, 2
CAP = 1 << 20  # bytes that one process may print in a run
LONGEST = 1 << 16  # characters in one entry
_HEAD = struct.Struct("<iiiI")  # kind, task, worker row, bytes that follow


class Place:
    """Where a thread is: its worker's row, the task it runs, a line not yet ended, its CPU time."""

    __slots__ = ("cpu", "finished", "line", "task", "worker")

    def __init__(self) -> None:
        self.worker = -1
        self.task = -1
        self.line = ""
        self.finished = self.cpu = 0  # stamps of its last task's end


class Here(threading.local):
    """Each thread's place, as ``here.place``."""

    def __init__(self) -> None:
        self.place = Place()


class Output(io.TextIOBase):
    """A text stream that writes whole lines, each with the task that printed it.

    Where the disk is full nothing is raised into the task that prints: the table's FULL says so,
    and from then on no process writes, for what was cut would garble what follows.
    """

    def __init__(
        self, path: Path, here: Here, words: memoryview[int] | list[int] | None = None
    ) -> None:
        self._words = [0] * HEADER_WORDS if words is None else words
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._here = here
        self._room = CAP

    encoding = "utf-8"

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Keep `text` until its line ends, then append the line."""
        here = self._here.place
        here.line += text
        if "\n" in text:
            whole, _, here.line = here.line.rpartition("\n")
            self._printed(whole)
        if len(here.line) > LONGEST:
            self.end_line()
        return len(text)

    def end_line(self) -> None:
        """Append what the current thread printed without ending its line."""
        here = self._here.place
        line, here.line = here.line, ""
        if line:
            self._printed(line)

    def _printed(self, text: str) -> None:
        for start in range(0, max(len(text), 1), LONGEST):
            self.entry(PRINTED, text[start : start + LONGEST])

    def entry(self, kind: int, text: str) -> None:
        """Append one entry; of what is printed past the cap, one that says it is not kept."""
        data = text[:LONGEST].encode("utf-8", "backslashreplace")
        if kind == PRINTED:
            if self._room <= 0:
                return
            self._room -= len(data) + _HEAD.size
            if self._room <= 0:
                data += b"\n[mpviz: this process printed over 1 MiB; the rest is not kept]"
        here = self._here.place
        entry = _HEAD.pack(kind, here.task, here.worker, len(data)) + data
        if self._words[FULL]:
            return
        try:
            whole = os.write(self._file, entry) == len(entry)
        except OSError:
            whole = False
        if not whole:
            self._words[FULL] = 1


def read(path: Path, position: int = 0) -> tuple[list[tuple[int, int, int, str]], int]:
    """The entries from `position` on, as (kind, task, worker row, text), and where they end."""
    entries = []
    with path.open("rb") as file:
        file.seek(position)
        data = file.read()
    at = 0
    while at + _HEAD.size <= len(data):
        kind, task, worker, size = _HEAD.unpack_from(data, at)
        end = at + _HEAD.size + size
        if end > len(data):
            break
        entries.append((kind, task, worker, data[end - size : end].decode("utf-8", "replace")))
        at = end
    return entries, position + at
