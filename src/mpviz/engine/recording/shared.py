"""What the processes of a run create in shared memory: provably theirs, so that it can be removed.

The system does not tell who made an entry of ``/dev/shm``; whoever makes one can. Segments are
noted in the run's folder, name and inode, by the process that creates them; semaphores have the
run's name in theirs. What is made by other means (a C library, a plain file) is not known here.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

NOTES = "shared"
LONGEST = 1 << 20  # bytes of notes that are read


def name_semaphores(run: str) -> None:
    """Let the names of all semaphores that this process and its children make begin with ours."""
    import multiprocessing.process  # here, for the guard needs the rest of this module without it

    config = getattr(multiprocessing.process.current_process(), "_config", {})
    config["semprefix"] = f"/mp-{run}"


def semaphores(run: str) -> str:
    """How the names of a run's semaphores begin in ``/dev/shm``."""
    return f"sem.mp-{run}-"


def note_segments(folder: Path) -> None:
    """From now on, note each segment of shared memory that this process and its forks create."""
    try:
        posix = importlib.import_module("_posixshmem")
    except ImportError:  # where there is none, there are no segments
        return
    create: Callable[..., int] = posix.shm_open

    def shm_open(path: str, flags: int, mode: int = 0o777) -> int:
        fd = create(path, flags, mode)
        if flags & os.O_CREAT and flags & os.O_EXCL:  # else it may have been there before
            note(folder, path, os.fstat(fd).st_ino)
        return fd

    posix.shm_open = shm_open  # type: ignore[attr-defined]  # where SharedMemory looks it up


def note(folder: Path, name: str, number: int) -> None:
    """Write down one segment; a disk that is full leaves it to multiprocessing's own tracker."""
    with contextlib.suppress(OSError):
        file = os.open(folder / NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, b"%d %s\0" % (number, os.fsencode(name).removeprefix(b"/")))
        finally:
            os.close(file)


def created(folder: Path) -> set[tuple[str, int]]:
    """Name and inode of each segment that was noted; user code can write there, so no more."""
    try:
        file = os.open(folder / NOTES, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return set()
    with open(file, "rb") as notes:
        words = notes.read(LONGEST) if stat.S_ISREG(os.fstat(file).st_mode) else b""
    found = set()
    for entry in words.split(b"\0"):
        number, _, name = entry.partition(b" ")
        if number.isdigit():
            found.add((os.fsdecode(name), int(number)))
    return found
