"""What tasks print, and what they raise: appended to one file, in order of arrival.

Knows the task only as a number. One `os.write` to a file opened for appending is one entry that no
other process can split. What reaches the descriptors past Python's streams lies in a file of each
process (see `mpviz.recording.raw`); here stands only, in its place, which part of that is whose.
"""

from __future__ import annotations

import io
import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpviz.recording.raw import Raw, identity
from mpviz.recording.table import FULL, HEADER_WORDS

PRINTED, RAISED, RAISED_BY_CALL, WRITTEN = 0, 1, 2, 3
CAP = 1 << 20  # bytes that one process may print in a run
LONGEST = 1 << 16  # bytes in one entry
_HEAD = struct.Struct("<iiiI")  # kind, task, worker row, bytes that follow


class Place:
    """Where a thread is: its worker's row, the task it runs, a line not yet ended, its CPU time."""

    __slots__ = ("children", "cpu", "finished", "line", "task", "worker")

    def __init__(self) -> None:
        self.worker = -1
        self.task = -1
        self.line = b""
        self.finished = self.cpu = 0  # stamps of its last task's end
        self.children = 0  # nanoseconds of CPU time of the children waited for by then


class Here(threading.local):
    """Each thread's place, as ``here.place``."""

    def __init__(self) -> None:
        self.place = Place()


class Stream(io.RawIOBase):
    """The bytes of standard output or standard error, over the descriptor of that number.

    What a task puts onto the descriptor (`os.dup2`) gets what is printed from then on.
    """

    mode = "wb"

    def __init__(self, output: Output, fd: int) -> None:
        self._output, self._fd = output, fd
        self._behind = identity(fd)
        self.name = {1: "<stdout>", 2: "<stderr>"}[fd]

    @property
    def raw(self) -> Stream:
        """Itself: there is no buffer over it, as there is none with ``python -u``."""
        return self

    def fileno(self) -> int:
        """The descriptor, for child programs and for `faulthandler`."""
        return self._fd

    def writable(self) -> bool:
        """Yes."""
        return True

    def behind(self) -> None:
        """Take the file that the descriptor has now for our own."""
        self._behind = identity(self._fd)

    def write(self, data: Any) -> int:
        """Give the bytes to the run's output, or to what a task has put in its place."""
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        data = memoryview(data).tobytes()
        if identity(self._fd) in (self._behind, None):
            self._output.write(data)
            return len(data)
        sent = 0
        while sent < len(data):
            sent += os.write(self._fd, data[sent:])
        return sent


class Output:
    """Writes whole lines, each with the task that printed it.

    Where the disk is full nothing is raised into the task that prints: the table's FULL says so,
    and from then on no process writes, for what was cut would garble what follows.

    Attributes
    ----------
    stdout, stderr
        The text streams for tasks to print to.
    home
        The place of the one thread that runs tasks here. What other threads of the process print
        is its task's. None where several threads run tasks.
    raw
        This process's file behind the descriptors 1 and 2, where one task runs at a time.
    """

    def __init__(
        self, path: Path, here: Here, words: memoryview[int] | list[int] | None = None
    ) -> None:
        self._words = [0] * HEADER_WORDS if words is None else words
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._here = here
        self._room = CAP
        self.home: Place | None = None
        self.raw: Raw | None = None
        self._streams = Stream(self, 1), Stream(self, 2)
        self.stdout, self.stderr = (_text(stream) for stream in self._streams)

    def write(self, data: bytes) -> None:
        """Keep `data` until its line ends, then append the line."""
        here = self._here.place
        here.line += data
        if b"\n" in data:
            whole, _, here.line = here.line.rpartition(b"\n")
            self._printed(whole)
        if len(here.line) > LONGEST:
            self.end_line()

    def end_line(self) -> None:
        """Append what the current thread printed without ending its line."""
        here = self._here.place
        line, here.line = here.line, b""
        if line:
            self._printed(line)

    def _printed(self, data: bytes) -> None:
        if self._here.place is self.home:
            self.look()  # so that what a child wrote before stands before
        for piece in _pieces(data):
            self.entry(PRINTED, piece)

    def follow(self, raw: Raw) -> None:
        """Watch the file that is now behind the descriptors 1 and 2."""
        self.raw = raw
        for stream in self._streams:
            stream.behind()

    def look(self) -> None:
        """Write down which part of the file behind the descriptors came since the last look."""
        raw = self.raw
        if raw is None:
            return
        # Not fstat, which costs 0.8 µs. Appending, nobody needs the file's position.
        try:
            size = os.lseek(raw.fd, 0, os.SEEK_END)
        except OSError:
            return
        if size != raw.told:
            self.entry(WRITTEN, f"{raw.name} {raw.told} {size}")
            raw.told = size

    def entry(self, kind: int, text: str | bytes) -> None:
        """Append one entry; of what is printed past the cap, one that says it is not kept."""
        data = text if isinstance(text, bytes) else _encoded(text)
        if kind == PRINTED:
            if self._room <= 0:
                return
            self._room -= len(data) + _HEAD.size
            if self._room <= 0:
                data += b"\n[mpviz: this process printed over 1 MiB; the rest is not kept]"
        here = self._here.place
        if here.worker < 0 and self.home is not None:
            here = self.home
        entry = _HEAD.pack(kind, here.task, here.worker, len(data)) + data
        if self._words[FULL]:
            return
        try:
            whole = os.write(self._file, entry) == len(entry)
        except OSError:
            whole = False
        if not whole:
            self._words[FULL] = 1


def _text(stream: Stream) -> io.TextIOWrapper:
    """A text stream that passes each piece on at once, so that threads' lines do not mix."""
    text = io.TextIOWrapper(
        stream,  # raw, as with python -u
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )
    text.mode = "w"  # type: ignore[misc]  # as Python does for its own
    return text


def _encoded(text: str) -> bytes:
    return text[:LONGEST].encode("utf-8", "backslashreplace")


def _pieces(data: bytes) -> Iterator[bytes]:
    """Pieces that fit into an entry, none of which ends within a character."""
    begin = 0
    while len(data) - begin > LONGEST:
        end = begin + LONGEST
        for _ in range(3):
            end -= data[end] & 0xC0 == 0x80  # within a character of UTF-8
        yield data[begin:end]
        begin = end
    yield data[begin:]


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
