"""One experiment at a time on a machine: whoever measures waits for its turn here.

Two at once would spoil both, whoever started them: pages, terminals, Python, of any user. Each has
a ticket, a file in one folder of the machine, named by its time of arrival and locked by its owner
for as long as it lives; so a dead owner, also one killed with -9, is known at once and passed over.
Whoever has no living ticket before its own takes the lock on the folder itself, and is at work:
two never are, though their tickets may have crossed. Where the folder can't be made or written,
experiments run without waiting. It is a queue for those who mean well, not a defence: any user of
the machine may stand in it for ever.

Not with filelock: that opens the files of others for writing and keeps no order; here they are
opened for reading only, which is all that flock needs. Knows no run. Standard library only.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mpviz.core.errors import Refused
from mpviz.engine.tree import MARK

try:
    import fcntl
except ImportError:  # not a POSIX system: experiments run without waiting
    fcntl = None  # type: ignore[assignment]

# The same for every user and terminal, as TMPDIR is not.
FOLDER = Path("/tmp/.mpviz-turns")
VARIABLE = "MPVIZ_TURNS"  # names another folder
SOON, LATE = 0.2, 1.0  # seconds between two looks of who is next, and of who is far back
_TICKET = re.compile(r"(new-)?[0-9]{20}-[0-9]+-[0-9]+")

_count = itertools.count()
# Of this process, not left yet. Weakly: one that an interrupt lost on its way to its owner is left.
_places: weakref.WeakSet[Place] = weakref.WeakSet()
# So that no fork falls between an opened file and its place; taken twice where one is let go.
_opening = threading.RLock()


class Place:
    """A place in the machine's line, from now until `leave`.

    Parameters
    ----------
    folder
        Where the tickets are; what MPVIZ_TURNS names, or one for the whole machine, if not told.

    Attributes
    ----------
    ticket
        Its name; smaller is earlier. Empty where the folder can't be used.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.ticket = ""
        self._folder = self._file = -1
        self._at_work = False
        self._thread = threading.get_ident()
        with _opening, suppress(OSError):
            _places.add(self)
            self._arrive(Path(folder or os.environ.get(VARIABLE) or FOLDER))

    def _arrive(self, folder: Path) -> None:
        if fcntl is None:
            return
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(0o1777)  # everybody's, as /tmp is; the umask may have said otherwise
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            while not self.ticket:
                self._draw()
        except BaseException:
            self._close()
            raise

    def _draw(self) -> None:
        """Make a ticket; locked before it is seen, for one that isn't counts as dead."""
        name = f"{time.monotonic_ns():020}-{os.getpid()}-{next(_count)}"
        new = f"new-{name}"
        self._file = os.open(
            new, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=self._folder
        )
        try:
            os.fchmod(self._file, 0o644)  # the umask must not hide it from others
            fcntl.flock(self._file, fcntl.LOCK_EX)
            os.rename(new, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            self.ticket = name
        except FileNotFoundError:  # taken for dead before it was locked
            os.close(self._file)
            self._file = -1
        except BaseException:  # an interrupt
            for left in (new, name):
                self._remove(left)
            raise

    def ahead(self) -> int:
        """How many are before us by now; 0 means that the turn is ours, until `leave`."""
        if self._at_work or not self.ticket:
            return 0
        before = sum(self._living(name) for name in self._tickets() if name < self.ticket)
        if not before:
            try:
                fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # of one who came with us and was quicker
                return 1
            self._at_work = True
        return before

    def __del__(self) -> None:
        with suppress(Exception):  # at the end of the program modules are gone
            self.leave()

    def leave(self) -> None:
        """Give the place back; more than once does no harm, nor an interrupt in the midst of it."""
        with _opening:
            if self.ticket:
                self._remove(self.ticket)
                for name in self._tickets():  # what the dead left behind
                    self._living(name)
                # Said, not just closed: a process forked by other means than Python's has both.
                for fd in (self._folder, self._file):
                    if fd >= 0:
                        fcntl.flock(fd, fcntl.LOCK_UN)
            self._close()
            _places.discard(self)

    def _tickets(self) -> list[str]:
        try:
            return [name for name in os.listdir(self._folder) if _TICKET.fullmatch(name)]
        except OSError:  # no file can be opened any more: the folder's lock still keeps us apart
            return []

    def _living(self, name: str) -> bool:
        """Whether a ticket's owner lives; the ticket of one that does not is removed."""
        # Without O_CREAT, which fs.protected_regular refuses on the files of others in such a
        # folder; and so that neither a link nor a pipe in a ticket's place can hold us up.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            file = os.open(name, flags, dir_fd=self._folder)
        except OSError:
            return False
        try:
            if stat.S_ISREG(os.fstat(file).st_mode):
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                self._remove(name)
            return False
        except OSError:
            return True
        finally:
            os.close(file)

    def _remove(self, name: str) -> None:
        with suppress(OSError):  # another user's stays until its owner comes again
            os.unlink(name, dir_fd=self._folder)

    def _close(self) -> None:
        self.ticket = ""
        fds = {self._folder, self._file}
        self._folder = self._file = -1
        for fd in fds - {-1}:
            os.close(fd)

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.leave()


def wait(on_wait: Callable[[int], object] = lambda _ahead: None) -> Place:
    """Wait until it is this thread's turn; the place is to be left when it is over.

    Parameters
    ----------
    on_wait
        Called with how many are ahead, at first and whenever that changes.

    Raises
    ------
    mpviz.Refused
        When this thread has a place already: it would wait for itself.
    """
    here = threading.get_ident()
    if any(place.ticket and place._thread == here for place in tuple(_places)):
        raise Refused(
            "An experiment is under way here already; wait until it is over, or cancel it."
        )
    place = Place()
    said = 0
    try:
        while ahead := place.ahead():
            if ahead != said:
                on_wait(said := ahead)
            time.sleep(pause(ahead))
        return place
    except BaseException:
        place.leave()
        raise


@contextmanager
def turn(on_wait: Callable[[int], object] | None = None) -> Iterator[None]:
    """Wait for the machine's turn and hold it; as `wait`, which says what is raised.

    Inside a run, whose turn it is already, there is no waiting. If not told how to say that it
    waits, it does so on standard error.
    """
    if MARK in os.environ:
        yield
        return
    place = None
    try:
        try:
            place = wait(on_wait or _tell)
            yield
        finally:
            if place is not None:
                place.leave()
    finally:
        if place is not None:
            place.leave()  # an interrupt may have come into the first


def pause(ahead: int) -> float:
    """Seconds until the next look; longer far back, for looking disturbs who is at work."""
    return min(SOON * ahead, LATE)


def experiments(ahead: int) -> str:
    """So many experiments, in words: ``"1 experiment is ahead"``."""
    return f"{ahead:,} experiment{'s are' if ahead > 1 else ' is'} ahead"


def _tell(ahead: int) -> None:
    sys.stderr.write(f"mpviz: waiting; {experiments(ahead)}\n")


def _forget() -> None:
    """In a forked child: its parent's places are not its own, and must not live on through it."""
    for place in list(_places):
        place._close()
    _places.clear()
    _opening.release()


if hasattr(os, "register_at_fork"):
    _hooks: dict[str, Any] = {
        "before": _opening.acquire,
        "after_in_parent": _opening.release,
        "after_in_child": _forget,
    }
    os.register_at_fork(**_hooks)
