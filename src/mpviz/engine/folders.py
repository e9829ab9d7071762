"""The folders of runs: made, held, removed, and cleared away where nobody is left to do it.

Knows of what is in them only the mark, and the notes on shared memory. They lie in one private
folder of the user's below the temporary directory, ``mpviz-UID``. What is cleared away there
carries a mark that says which folder it is the mark of: neither the user's own files nor a copy of
a run's folder are ever touched. Their names are short, for the fork server's socket lies below
them, and a socket's path has 107 characters at most.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from pathlib import Path

from mpviz.engine.recording.shared import created, semaphores
from mpviz.engine.tree import end_all, system

HOME = "mpviz-"  # and the user's number
MARKER = "mark"
LONGEST_MARK = 1000  # bytes
_held: dict[Path, int] = {}


def make() -> Path:
    """A new folder of a run, held by this process until it is removed.

    Raises
    ------
    OSError
        When there can be none.
    """
    home = _home()
    # Not in a home that isn't ours alone; nothing is cleared away there.
    folder = Path(tempfile.mkdtemp(prefix="" if home else HOME, dir=home))
    try:
        # Held before it is marked: what has a mark and is not held was left behind.
        if hold(folder):
            (folder / MARKER).write_text("\n".join(_mark(folder, folder.stat().st_ino)))
    except OSError:
        remove(folder)
        raise
    return folder


def hold(folder: Path) -> bool:
    """Keep others from clearing a folder away, as long as this process lives; whether it could."""
    try:
        _held[folder] = os.open(folder, os.O_RDONLY)
        fcntl.flock(_held[folder], fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # a file system without locks, say
        return False
    return True


def remove(folder: Path) -> None:
    """Remove a folder and all that is in it; nothing where the guard has done so."""
    fd = _held.pop(folder, None)
    if fd is not None:
        os.close(fd)
    wipe(folder)


def wipe(folder: Path) -> None:
    """Remove a folder of a run, but not while another file system is mounted inside."""
    if folder.is_symlink():  # a task put it there
        with contextlib.suppress(OSError):
            folder.unlink()
    if system.has_mounts(folder):
        return
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # a folder in it that must not be written to, or listed
        for path, names, _ in os.walk(folder):
            for name in names:
                inside = Path(path, name)
                if not inside.is_symlink():
                    with contextlib.suppress(OSError):
                        inside.chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)


def sweep(folder: Path) -> list[int]:
    """End all that carries a run's mark and remove its shared memory; gives what can't be ended."""
    left = end_all(lambda: system.marked(folder.name))
    clear_shared(folder)
    return left


def clear_shared(folder: Path) -> None:
    """Remove what the run's processes made in shared memory, where nobody uses it any more."""
    system.remove_shared(created(folder), semaphores(folder.name))


def clear_left_over() -> None:
    """Remove folders whose kernel and guard were both killed, and end what still runs of them."""
    home = _home()
    for folder in list(home.iterdir()) if home else ():
        with contextlib.suppress(OSError):
            _clear_if_left_over(folder)


def _clear_if_left_over(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if _is_a_run_s_own(folder, fd):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an OSError while somebody holds it
            sweep(folder)
            wipe(folder)
    finally:
        os.close(fd)


def _home() -> Path | None:
    """The private folder of our runs' folders; None where its name is taken by something else.

    Raises
    ------
    OSError
        When it can't be made.
    """
    home = Path(tempfile.gettempdir(), f"{HOME}{os.getuid()}")
    with contextlib.suppress(FileExistsError):
        home.mkdir(0o700)
    about = home.lstat()
    private = stat.S_ISDIR(about.st_mode) and not about.st_mode & 0o077
    return home if private and about.st_uid == os.getuid() else None


def _is_a_run_s_own(folder: Path, fd: int) -> bool:
    """Whether it is the very folder, not a copy, that a run on this machine made."""
    # So that neither a link nor a pipe in the mark's place can lead us astray or hold us up.
    file = os.open(MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=fd)
    try:
        words = os.read(file, LONGEST_MARK) if stat.S_ISREG(os.fstat(file).st_mode) else b""
    finally:
        os.close(file)
    about = os.fstat(fd)
    said = words.decode(errors="replace").split("\n")
    name, number, here, boot = _mark(folder, about.st_ino)
    if about.st_uid != os.getuid() or said[:2] != [name, number]:
        return False
    # A lock says who lives on this machine, and nothing of another's that shares the folder. The
    # same name and another boot: this machine has started again since.
    return len(said) == 4 and (said[2] == here or (said[3] == boot and boot != ""))


def _mark(folder: Path, number: int) -> list[str]:
    """What the mark of a folder says: its name, its inode, the machine, the machine's boot."""
    return [folder.name, str(number), *machine()]


def machine() -> tuple[str, str]:
    """The name of this machine, and of the time since it started."""
    return os.uname().nodename, system.boot()
