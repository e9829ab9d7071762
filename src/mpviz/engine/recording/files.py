"""Files in a run's folder, which the user's code can write to as well. Knows none of their words.

So nothing is taken on trust: not that a file is one (a pipe in its place would never end), nor its
size.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

RESULTS, OUTPUT = "results", "output"  # in a run's folder


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """A descriptor of a file; neither links nor pipes are followed.

    Raises
    ------
    OSError
        When there is none, or something else in its place.
    """
    fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise OSError(errno.EINVAL, "not a file", str(path))


def size_of(path: Path) -> int:
    """How large a file is; 0 where there is none."""
    try:
        about = path.lstat()
    except OSError:
        return 0
    return about.st_size if stat.S_ISREG(about.st_mode) else 0


def read_end(path: Path, most: int) -> bytes:
    """The last bytes of a file, so many at most; none where it can't be read."""
    try:
        fd = open_regular(path)
    except OSError:
        return b""
    try:
        return os.pread(fd, most, max(0, os.fstat(fd).st_size - most))
    except OSError:
        return b""
    finally:
        os.close(fd)
