"""What reaches the descriptors 1 and 2 past Python's streams: from a child program, from C.

Each worker process has a file of its own there, the host its log. The worker notes in the run's
output which part of it came while which task ran; who reads takes the text from here. Costs a task
that writes nothing 0.2 µs, and never makes one wait.

Knows neither table nor plan.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

FOLDER, HOST, LOG = "raw", "host", "host.log"
CAP = 1 << 20  # bytes of one process that are kept
RUN_CAP = 4 << 20  # bytes of a run that are kept
# So that what C prints is not kept in its buffer, and lost with a worker that is ended. Python
# reads it when it starts; the programs that a task starts do not get to see it.
UNBUFFERED, FOR_US = "PYTHONUNBUFFERED", "mpviz"
NOT_KEPT = "[mpviz: more was written to the descriptors 1 and 2; the rest is not kept]"


def identity(fd: int) -> tuple[int, int] | None:
    """Which file a descriptor has; None where it has none."""
    try:
        about = os.fstat(fd)
    except OSError:
        return None
    return about.st_dev, about.st_ino


class Raw:
    """The file behind this process's descriptors 1 and 2, and how much of it is accounted for."""

    __slots__ = ("_path", "fd", "name", "told")

    def __init__(self, fd: int, name: str, path: Path | None = None) -> None:
        self.fd, self.name, self._path = fd, name, path
        self.told = os.lseek(fd, 0, os.SEEK_END)

    def leave(self) -> None:
        """Remove the file of a worker that wrote nothing and ends, with no child that may yet."""
        if self._path is None:
            return
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            with contextlib.suppress(OSError):
                if os.fstat(self.fd).st_size == 0:
                    self._path.unlink()


def forget_unbuffered() -> None:
    """Give the programs that tasks start the environment they would have without us."""
    if os.environ.get(UNBUFFERED) == FOR_US:
        del os.environ[UNBUFFERED]


def host_log() -> Raw | None:
    """The host's own: its log is behind its descriptors already. It must be open for appending."""
    with contextlib.suppress(OSError):
        return Raw(os.dup(1), HOST)
    return None


def own_file(folder: Path, row: int) -> Raw | None:
    """Put a file of this process's own behind the descriptors 1 and 2; none where there is no row.

    Where it can't be made they stay as they are, and what is written there is no task's.
    """
    forget_unbuffered()
    if row < 0:
        return None
    path = folder / FOLDER / str(row)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(fd, 1)
        os.dup2(fd, 2)
    except OSError:
        return None
    return Raw(fd, str(row), path)


def trim(folder: Path) -> None:
    """Cut off what no reader would look at, so that no child fills the disk with it."""
    with contextlib.suppress(OSError):
        for path in _files(folder):
            with contextlib.suppress(OSError):
                if path.stat(follow_symlinks=False).st_size > 2 * CAP:
                    os.truncate(path, CAP + 1)


def _files(folder: Path) -> list[Path]:
    return [folder / LOG, *(Path(entry.path) for entry in os.scandir(folder / FOLDER))]


def _is_row(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 10


class Reader:
    """Reads the parts; each byte once, and no more than a run may have.

    Believes nothing of what it reads: tasks can write here too.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told: dict[str, int] = {}
        self._room = RUN_CAP
        self.cut = False  # whether something was left out

    def part(self, part: str) -> str:
        """The text of a part that an entry names; empty where there is no such part."""
        try:
            name, begin, end = part.split()
            return self._read(name, int(begin), int(end))
        except ValueError:
            return ""

    def rest(self, rows: int, logged: int) -> Iterator[tuple[int, str]]:
        """What no entry names of so many workers, as (worker row, text); -1 stands for the host.

        The host's is read up to `logged` bytes: then comes what multiprocessing says of being
        ended.
        """
        names = []
        with contextlib.suppress(OSError), os.scandir(self._folder / FOLDER) as entries:
            names = [entry.name for entry in islice(entries, rows) if _is_row(entry.name)]
        for name in [HOST, *sorted(names, key=int)]:
            end = logged if name == HOST and logged > 0 else 1 << 62
            text = self._read(name, self._told.get(name, 0), end)
            if text:
                yield (-1 if name == HOST else int(name)), text

    def _read(self, name: str, begin: int, end: int) -> str:
        if name != HOST and not _is_row(name):
            return ""
        begin = max(begin, self._told.get(name, 0))
        self._told[name] = max(begin, end)
        path = self._folder / (LOG if name == HOST else f"{FOLDER}/{name}")
        with contextlib.suppress(OSError):
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                about = os.fstat(fd)
                end = min(end, about.st_size) if stat.S_ISREG(about.st_mode) else begin
                wanted = end - begin
                size = min(wanted, CAP - begin, self._room)
                self.cut = self.cut or size < wanted
                data = os.pread(fd, size, begin) if size > 0 else b""
            finally:
                os.close(fd)
            self._room -= len(data)
            return data.decode("utf-8", "replace").removesuffix("\n")
        return ""
