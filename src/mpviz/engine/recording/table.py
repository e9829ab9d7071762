"""The trace table: one memory-mapped file that every process of a run writes in place.

Knows nothing of what a task is. All cells are int64 words in the machine's byte order, times are
`time.perf_counter_ns`. A row has one writer at a time and its state word is written last, so a
reader needs no lock: it ignores a row until its state says what is there.

    header   TASKS WORKERS CLAIMED LOST CALLED ENDED CUT HOST FULL LOGGED HOST_CPU
             LOADING ...
    tasks    STARTED FINISHED CPU STATE RECEIVED             one row a task, at the task's index
    workers  REQUESTED BOOTED ENDED EXITED EXITCODE LANE PID TID NAME...   in order of start()

FULL is the number of the error that kept something from being written. Who measures has the file
mapped (`TraceTable`). Who watches reads it (`TableFile`): the user's code can write what it likes
there, and may cut it short, which kills whoever has it mapped.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import struct
import sys
import time
from pathlib import Path
from typing import Protocol

WORD = 8
PIECE = 2**20  # bytes written at once where a file system can't reserve room

HEADER_WORDS = 16
TASKS, WORKERS, CLAIMED, LOST, CALLED, ENDED, CUT, HOST, FULL, LOGGED, HOST_CPU, LOADING = range(12)

TASK_WORDS = 5
STARTED, FINISHED, CPU, STATE, RECEIVED = range(TASK_WORDS)
# A state word is the worker's row shifted left by two, plus one of these.
RUNNING, DONE, FAILED = 1, 2, 3

NAME_WORDS = 4
WORKER_WORDS = 8 + NAME_WORDS
REQUESTED, BOOTED, STOPPED, EXITED, EXITCODE, LANE, PID, TID, NAME = range(9)
NO_EXITCODE = -(2**31)
LARGEST_PID = 2**31 - 1
_WORD = struct.Struct("=q")


class Words(Protocol):
    """The cells of a table, by their place."""

    def __getitem__(self, at: int, /) -> int: ...
    def __setitem__(self, at: int, value: int, /) -> None: ...


class Table:
    """Where the words of a trace table lie, and what they say together."""

    tasks: int
    workers: int
    words: Words

    def read(self, at: int, count: int) -> bytes:
        """So many words as they are now."""
        raise NotImplementedError

    def task(self, index: int) -> int:
        """Where task `index` begins in `words`."""
        return HEADER_WORDS + index * TASK_WORDS

    def worker(self, row: int) -> int:
        """Where worker row `row` begins in `words`."""
        return HEADER_WORDS + self.tasks * TASK_WORDS + row * WORKER_WORDS

    @property
    def claimed(self) -> int:
        """How many worker rows are in use."""
        return min(max(self.words[CLAIMED], 0), self.workers)

    @property
    def booted(self) -> bool:
        """Whether a worker has run its first instruction."""
        return any(memoryview(self.worker_bytes()).cast("q")[BOOTED::WORKER_WORDS].tolist())

    @property
    def finished(self) -> int:
        """How many tasks have come to their end by now."""
        return sum(word & 3 >= DONE for word in self._of_tasks(STATE))

    @property
    def running(self) -> dict[int, int]:
        """The task that each worker row is in, of those that are in one."""
        words = enumerate(self._of_tasks(STATE))
        return {word >> 2: task for task, word in words if word & 3 == RUNNING}

    @property
    def received(self) -> int:
        """How many results have come into the host's hands by now."""
        return sum(moment != 0 for moment in self._of_tasks(RECEIVED))

    def _of_tasks(self, cell: int) -> list[int]:
        return memoryview(self.task_bytes()).cast("q")[cell::TASK_WORDS].tolist()

    def task_bytes(self) -> bytes:
        """All task rows as they are now."""
        return self.read(HEADER_WORDS, self.tasks * TASK_WORDS)

    def worker_bytes(self) -> bytes:
        """The claimed worker rows as they are now."""
        return self.read(self.worker(0), self.claimed * WORKER_WORDS)


class TraceTable(Table):
    """The words of one trace table, shared through the file at `path`.

    Attributes
    ----------
    words
        A writable view of all words; ``words[table.task(3) + STARTED]`` is a cell.
    """

    words: memoryview[int]

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._bytes = memoryview(self._map)
        self.words = self._bytes.cast("q")
        self.tasks = self.words[TASKS]
        self.workers = self.words[WORKERS]

    @classmethod
    def create(cls, path: Path, *, tasks: int, workers: int) -> TraceTable:
        """Make the file, all zero, with room for so many tasks and worker rows.

        Raises
        ------
        OSError
            When the disk has not that much room.
        """
        words = HEADER_WORDS + tasks * TASK_WORDS + workers * WORKER_WORDS
        with path.open("wb") as file:
            reserve(file.fileno(), words * WORD)
            file.write(b"".join(n.to_bytes(WORD, sys.byteorder) for n in (tasks, workers)))
        return cls(path)

    def close(self) -> None:
        """Give the memory back; the file stays."""
        self.words.release()
        self._bytes.release()
        self._map.close()

    def read(self, at: int, count: int) -> bytes:
        """So many words as they are now."""
        return bytes(self._bytes[at * WORD : (at + count) * WORD])

    def claim(self, *, name: str, lane: int, requested: int) -> int:
        """Take the next worker row; -1, and counted as lost, when there is none left."""
        row = self.words[CLAIMED]
        if row >= self.workers:
            self.words[LOST] += 1
            return -1
        at = self.worker(row)
        encoded = name.encode()[: NAME_WORDS * WORD].ljust(NAME_WORDS * WORD, b"\0")
        start = (at + NAME) * WORD
        self._bytes[start : start + len(encoded)] = encoded
        self.words[at + EXITCODE] = NO_EXITCODE
        self.words[at + LANE] = lane
        self.words[at + REQUESTED] = requested
        self.words[CLAIMED] = row + 1
        return row


class FileWords:
    """The words of a file, each read and written when it is asked for; what is not there is 0."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __getitem__(self, at: int) -> int:
        return _WORD.unpack(self.read(at, 1))[0]  # type: ignore[no-any-return]  # one int

    def __setitem__(self, at: int, value: int) -> None:
        with contextlib.suppress(OSError):  # cut short by the user's code, on a disk that is full
            os.pwrite(self._fd, _WORD.pack(value), at * WORD)

    def read(self, at: int, count: int) -> bytes:
        """So many words."""
        data = os.pread(self._fd, count * WORD, at * WORD)
        while 0 < len(data) < count * WORD:
            if not (more := os.pread(self._fd, count * WORD - len(data), at * WORD + len(data))):
                break
            data += more
        return data.ljust(count * WORD, b"\0")


class TableFile(Table):
    """A trace table as those see it who watch a run: they take no word of it on trust.

    Opened before any code of the user's runs: how large it is, is known from then on.
    """

    words: FileWords

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._opened = time.perf_counter_ns()
        self.words = FileWords(self._fd)
        self.tasks, self.workers = self.words[TASKS], self.words[WORKERS]

    def close(self) -> None:
        """Close the file; it stays."""
        os.close(self._fd)

    def read(self, at: int, count: int) -> bytes:
        """So many words as they are now."""
        return self.words.read(at, count)

    def stamp(self, word: int) -> int:
        """A moment in the header; 0 where it says none that can be."""
        stamp = self.words[word]
        return stamp if self._opened <= stamp <= time.perf_counter_ns() else 0

    def pid(self, row: int) -> int:
        """The process of a worker row; 0 where none is named that can be."""
        pid = self.words[self.worker(row) + PID]
        return pid if 0 < pid <= LARGEST_PID else 0

    def tid(self, row: int) -> int:
        """The thread of a worker row; 0 where none is named that can be."""
        tid = self.words[self.worker(row) + TID]
        return tid if 0 < tid <= LARGEST_PID else 0

    @property
    def lost(self) -> int:
        """How many workers found no row."""
        return min(max(self.words[LOST], 0), LARGEST_PID)


def stamp_loading(path: Path) -> None:
    """Write down that the user's code is about to be loaded: from now on the deadline counts."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    FileWords(fd)[LOADING] = time.perf_counter_ns()
    os.close(fd)


def reserve(fd: int, size: int) -> None:
    """Make a file so large, and take the room for it now.

    A file with holes takes its room when it is written to, and where there is none any more,
    writing to its memory is no error but SIGBUS, which kills whoever writes, the kernel too.
    """
    try:
        os.posix_fallocate(fd, 0, size)
        return
    except AttributeError:  # there is none on macOS
        pass
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
    for _ in range(0, size, PIECE):
        os.write(fd, bytes(PIECE))
    os.ftruncate(fd, size)
    os.lseek(fd, 0, os.SEEK_SET)
