"""The trace table: one memory-mapped file that every process of a run writes in place.

Knows nothing of what a task is. All cells are int64 words in the machine's byte order, times are
`time.perf_counter_ns`. A row has one writer at a time and its state word is written last, so a
reader needs no lock: it ignores a row until its state says what is there.

    header   TASKS WORKERS CLAIMED LOST CALLED ENDED CUT HOST FULL LOGGED HOST_CPU ...
    tasks    STARTED FINISHED CPU STATE RECEIVED             one row a task, at the task's index
    workers  REQUESTED BOOTED ENDED EXITED EXITCODE LANE PID TID NAME...   in order of start()
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
from pathlib import Path

WORD = 8
PIECE = 2**20  # bytes written at once where a file system can't reserve room

HEADER_WORDS = 16
TASKS, WORKERS, CLAIMED, LOST, CALLED, ENDED, CUT, HOST, FULL, LOGGED, HOST_CPU = range(11)

TASK_WORDS = 5
STARTED, FINISHED, CPU, STATE, RECEIVED = range(TASK_WORDS)
# A state word is the worker's row shifted left by two, plus one of these.
RUNNING, DONE, FAILED = 1, 2, 3

NAME_WORDS = 4
WORKER_WORDS = 8 + NAME_WORDS
REQUESTED, BOOTED, STOPPED, EXITED, EXITCODE, LANE, PID, TID, NAME = range(9)
NO_EXITCODE = -(2**31)


class TraceTable:
    """The words of one trace table, shared through the file at `path`.

    Attributes
    ----------
    words
        A writable view of all words; ``words[table.task(3) + STARTED]`` is a cell.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._bytes = memoryview(self._map)
        self.words = self._bytes.cast("q")
        self.tasks = self.words[TASKS]
        self.workers = self.words[WORKERS]
        self._workers_at = HEADER_WORDS + self.tasks * TASK_WORDS

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

    def task(self, index: int) -> int:
        """Where task `index` begins in `words`."""
        return HEADER_WORDS + index * TASK_WORDS

    def worker(self, row: int) -> int:
        """Where worker row `row` begins in `words`."""
        return self._workers_at + row * WORKER_WORDS

    @property
    def claimed(self) -> int:
        """How many worker rows are in use."""
        return self.words[CLAIMED]

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

    @property
    def booted(self) -> bool:
        """Whether a worker has run its first instruction."""
        return any(self.words[self.worker(row) + BOOTED] for row in range(self.claimed))

    @property
    def finished(self) -> int:
        """How many tasks have come to their end by now."""
        at = HEADER_WORDS + STATE
        return sum(
            word & 3 >= DONE for word in self.words[at : self._workers_at].tolist()[::TASK_WORDS]
        )

    @property
    def running(self) -> dict[int, int]:
        """The task that each worker row is in, of those that are in one."""
        at = HEADER_WORDS + STATE
        words = self.words[at : self._workers_at].tolist()[::TASK_WORDS]
        return {word >> 2: task for task, word in enumerate(words) if word & 3 == RUNNING}

    def task_bytes(self) -> bytes:
        """All task rows as they are now."""
        return bytes(self._bytes[HEADER_WORDS * WORD : self._workers_at * WORD])

    def worker_bytes(self) -> bytes:
        """The claimed worker rows as they are now."""
        return bytes(self._bytes[self._workers_at * WORD : self.worker(self.claimed) * WORD])


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
