"""What tasks print, and what they raise: appended to one file, in order of arrival.

Knows the task only as a number. One `os.write` to a file opened for appending is one entry that no
other process can split. What reaches the descriptors past Python's streams lies in a file of each
process (see `mpviz.engine.recording.raw`); here stands only which part of that is whose.
"""

from __future__ import annotations

import errno
import io
import os
import re
import struct
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpviz.core.text import size as size_text
from mpviz.engine.recording.files import open_regular
from mpviz.engine.recording.raw import Raw, identity
from mpviz.engine.recording.table import FULL, HEADER_WORDS

# From 1 on, so that a hole in the file is no entry.
PRINTED, RAISED, RAISED_BY_CALL, WRITTEN, TRACEBACK = range(1, 6)
CAP = 1 << 20  # bytes that one process may print in a run
LONGEST = 1 << 16  # bytes in one entry
MOST_BYTES = 6 * LONGEST + 100  # in one entry: half a character takes six as its escape sequence
LONGEST_ERROR = 10_000  # characters kept of what one task raised
SCANNED = 1 << 25  # bytes read of each end of the file
KEPT, A_LINE = 1 << 22, 64  # bytes of lines kept of each end, where a line costs some itself
Entry = tuple[int, int, int, str]  # kind, task, worker row, text
_HEAD = struct.Struct("<iiiI")  # kind, task, worker row, bytes that follow
_START = re.compile(rb"[\x01-\x05]\0\0\0")  # how an entry begins


class ThreadState:
    """What a thread is doing: its worker's row, its task, a line not yet ended, its CPU time."""

    __slots__ = ("children", "cpu", "finished", "line", "task", "worker")

    def __init__(self) -> None:
        self.worker = -1
        self.task = -1
        self.line = b""
        self.finished = self.cpu = 0  # stamps of its last task's end
        self.children = 0  # nanoseconds of CPU time of the children waited for by then


class Here(threading.local):
    """Each thread's state, as ``here.place``."""

    def __init__(self) -> None:
        self.place = ThreadState()


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
        self.home: ThreadState | None = None
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
            if os.write(self._file, entry) < len(entry):
                self._words[FULL] = errno.ENOSPC
        except OSError as error:
            self._words[FULL] = error.errno or errno.EIO


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


def read(path: Path, tasks: int = 2**31) -> tuple[list[Entry], int]:
    """The entries of a run of so many tasks, and how many bytes of what was printed are not there.

    Of a file that is too long its beginning and its end are read, and of very many lines the first
    and the last are given, with an entry between them that says so. Of each task that raised the
    last such entry is given, after the lines.

    Raises
    ------
    OSError
        When there is something else than a file in its place.
    """
    fd = open_regular(path)
    try:
        length = os.fstat(fd).st_size
        keeping = _Keeping()
        data = os.pread(fd, SCANNED, 0)
        reached = keeping.take(data, 0, tasks)
        if length > SCANNED:
            start = max(length - SCANNED, reached)
            keeping.left_out += start - reached
            data = os.pread(fd, SCANNED, start)
            begin = 0 if start == reached else _next(data, 0, tasks)
            keeping.left_out += begin
            keeping.take(data, begin, tasks)
    finally:
        os.close(fd)
    return keeping.entries(), keeping.left_out


class _Keeping:
    """The first and the last lines within bounds, and what was raised."""

    def __init__(self) -> None:
        self.left_out = 0  # bytes
        self._first: list[Entry] = []
        self._last: deque[Entry] = deque()
        self._room, self._last_room = KEPT, KEPT
        self._raised: dict[tuple[int, int], Entry] = {}

    def take(self, data: bytes, at: int, tasks: int) -> int:
        """Go through the entries from `at` on, and give where they end."""
        while at + _HEAD.size <= len(data):
            kind, task, worker, size = _HEAD.unpack_from(data, at)
            if not _can_be(tasks, kind, task, worker, size):  # after one that was cut short
                begin = _next(data, at, tasks)
                self.left_out += begin - at
                at = begin
                continue
            end = at + _HEAD.size + size
            if end > len(data):
                break
            text = data[end - size : end].decode("utf-8", "replace")
            at = end
            if kind in (PRINTED, WRITTEN):
                self._line((kind, task, worker, text))
            else:
                self._raised[kind, task] = (kind, task, worker, text[:LONGEST_ERROR])
        return at

    def _line(self, entry: Entry) -> None:
        cost = len(entry[3]) + A_LINE
        if self._room >= cost and not self._last:
            self._room -= cost
            self._first.append(entry)
            return
        self._last.append(entry)
        self._last_room -= cost
        while self._last_room < 0:
            gone = len(self._last.popleft()[3])
            self.left_out += gone + _HEAD.size
            self._last_room += gone + A_LINE

    def entries(self) -> list[Entry]:
        """All of them."""
        seam = []
        if self.left_out:
            said = f"[mpviz: {size_text(self.left_out)} of what was printed are left out here]"
            seam = [(PRINTED, -1, -1, said)]
        return [*self._first, *seam, *self._last, *self._raised.values()]


def _can_be(tasks: int, kind: int, task: int, worker: int, size: int) -> bool:
    return (
        PRINTED <= kind <= TRACEBACK and -1 <= task < tasks and worker >= -1 and size <= MOST_BYTES
    )


def _next(data: bytes, at: int, tasks: int) -> int:
    """Where, from `at` on, an entry begins that another one follows, or the end of it all."""
    for start in _START.finditer(data, at):
        begin = start.start()
        if begin + _HEAD.size > len(data):
            break
        found = _HEAD.unpack_from(data, begin)
        if _can_be(tasks, *found):
            end = begin + _HEAD.size + found[3]
            if end == len(data):
                return begin
            if end + _HEAD.size <= len(data) and _can_be(tasks, *_HEAD.unpack_from(data, end)):
                return begin
    return len(data)
