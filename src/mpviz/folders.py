"""The folders of runs: made, held, removed, and cleared away where nobody is left to do it.

Knows nothing of what is in them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from mpviz.tree import end_all, system

PREFIX = "mpviz-"
LEFT_OVER = 60.0  # seconds after which a folder that nobody holds is one that was left behind
_held: dict[Path, int] = {}


def make() -> Path:
    """A new folder of a run, held by this process until it is removed.

    Raises
    ------
    OSError
        When there can be none.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        _held[folder] = os.open(folder, os.O_RDONLY)
        fcntl.flock(_held[folder], fcntl.LOCK_SH)
    except OSError:
        remove(folder)
        raise
    return folder


def remove(folder: Path) -> None:
    """Remove a folder and all that is in it; nothing where the guard has done so."""
    fd = _held.pop(folder, None)
    if fd is not None:
        os.close(fd)
    shutil.rmtree(folder, ignore_errors=True)


def clear_left_over() -> None:
    """Remove folders whose kernel and guard were both killed, and end what still runs of them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            _clear_if_left_over(folder)


def _clear_if_left_over(folder: Path) -> None:
    about = folder.lstat()
    if about.st_uid != os.getuid() or time.time() - about.st_mtime < LEFT_OVER:
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an OSError while somebody holds it
        end_all(lambda: system.marked(folder.name))
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(fd)
