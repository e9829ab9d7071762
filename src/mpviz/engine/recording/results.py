"""What was returned, as text and to compare: written by the host when all is over, or at the cut.

The file is lines of JSON, appended, so that whoever ends the host, or is ended by a result whose
own code is asked for its text, leaves what was written before. First how it ended and how many
results there were; then lists of ``[index, text]``, where the text says all, and of ``[index, text,
digest, shape, floats, why]`` (see `mpviz.core.record.Answer`); at last that it was all.

The plain results come first, since they cost least. Code of the user's own gets a second for one
result and ten for all; it may loop, print, raise what it likes.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from mpviz.core.outcome import Ending
from mpviz.core.record import Answer
from mpviz.core.text import LONGEST, as_text
from mpviz.engine.recording.canonical import answer
from mpviz.engine.recording.files import RESULTS, open_regular

SPARE = "spare"  # room on the disk to say how it ended, given back for that
BATCH = 2_000  # plain results in one line
SHORT = 32  # characters of a text that is its own JSON, whatever they are
ONE_LIMIT = 1.0  # seconds for the text of one result, and for what it is compared by
ALL_LIMIT = 10.0  # seconds for all of them
ROOM = 1 << 22  # bytes of floats that are kept of one run
A_LINE = 1 << 20  # bytes; and a line of floats is longer
A_RESULT = 6 * LONGEST + 400  # bytes of one result in the file, but for its floats

LATE = f"was not looked at, since the texts of results took more than {ALL_LIMIT:.0f} s"


class TookTooLong(BaseException):
    """What one result says when it took too long to say what it is."""


class Sink:
    """The file, opened before any code of the user's runs, so that there is a descriptor for it.

    Attributes
    ----------
    failed
        The number of the error that kept something from being written; 0 when all is well.
    """

    def __init__(self, folder: Path) -> None:
        self.failed = 0
        self._folder = folder
        with contextlib.suppress(OSError):
            (folder / SPARE).write_bytes(bytes(4096))
        self._flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(folder / RESULTS, self._flags, 0o600)
        self._known = os.fstat(self._fd)

    def check(self) -> None:
        """Make sure that it is ours and empty: the user's code may have closed or removed it.

        The number may be another file's by now.

        Raises
        ------
        OSError
            When it can't be opened.
        """
        with contextlib.suppress(OSError):
            here, there = os.fstat(self._fd), (self._folder / RESULTS).lstat()
            if os.path.samestat(here, self._known) and os.path.samestat(there, self._known):
                os.ftruncate(self._fd, 0)  # what stands in it is not ours
                return
        with contextlib.suppress(OSError):  # it, or what else stands there: a pipe would block
            (self._folder / RESULTS).unlink()
        self._fd = os.open(self._folder / RESULTS, self._flags | os.O_EXCL, 0o600)
        self._known = os.fstat(self._fd)

    def line(self, content: Any) -> bool:
        """Append one line; False when it can't be."""
        data = json.dumps(content).encode() + b"\n"
        for _ in range(2):  # the second time in the room of the spare
            try:
                if os.write(self._fd, data) == len(data):
                    return True
                self.failed = errno.ENOSPC
            except OSError as error:
                self.failed = error.errno or errno.EIO
            data = b"\n" + data  # what stands there of the first is a line of its own
            try:
                (self._folder / SPARE).unlink()
            except OSError:
                return False
        return False


def save(sink: Sink, ending: Ending, results: list[tuple[int, Any]]) -> None:
    """Write down the results in hand, as far as there is room."""
    try:
        sink.check()
    except OSError as error:
        sink.failed = error.errno or errno.EIO
        return
    written = sink.line([str(ending), len(results)])
    rest: list[tuple[int, Any]] = []
    for start in range(0, len(results), BATCH):
        batch = []
        for index, result in results[start : start + BATCH]:
            if plain(result):
                batch.append((index, as_text(result)))
            else:
                rest.append((index, result))
        written = written and (not batch or sink.line(batch))
    if written and _save_rest(sink, sorted(rest, key=lambda pair: pair[0])):
        sink.line(["all"])


def plain(result: Any) -> bool:
    """Whether the text of a result is short, costs nothing to make and says all of it."""
    kind = type(result)
    if kind is int:
        return bool(-(10**18) < result < 10**18)
    return kind is float or kind is bool or result is None or (kind is str and len(result) <= SHORT)


def _save_rest(sink: Sink, rest: list[tuple[int, Any]]) -> bool:
    if not rest:
        return True
    room, end = ROOM, time.monotonic() + ALL_LIMIT
    with _clock() as in_time:
        for index, result in rest:
            name = type(result).__name__
            if time.monotonic() > end:
                text, found = f"<{name}>", Answer("", why=f"what {LATE}")
            else:
                text = in_time(partial(_text, result), f"<{name}>")
                find = partial(answer, result, seconds=ONE_LIMIT, room=room)
                found = in_time(find, Answer("", why=f"a {name} that takes too long"))
            room -= len(found.floats)
            floats = base64.b64encode(found.floats).decode()
            if not sink.line([[index, text, found.digest, found.shape, floats, found.why]]):
                return False
    return True


def _text(result: Any) -> str:
    try:
        return as_text(result)
    except KeyboardInterrupt:  # nobody pressed a key here
        return f"<{type(result).__name__} whose repr raises KeyboardInterrupt>"


@contextlib.contextmanager
def _clock() -> Iterator[Callable[[Callable[[], Any], Any], Any]]:
    """Gives what calls a function and, where that takes too long, gives something instead.

    It raises into what takes too long, again and again should that be caught.
    """
    armed = fired = False

    def late(_signum: int, _frame: FrameType | None) -> None:
        nonlocal fired
        if armed:
            fired = True
            raise TookTooLong

    def in_time(work: Callable[[], Any], instead: Any) -> Any:
        nonlocal armed, fired
        fired = False
        try:
            signal.setitimer(signal.ITIMER_REAL, 1.5 * ONE_LIMIT, ONE_LIMIT / 10)
            armed = True
            try:
                found = work()
            finally:
                armed = False
            return instead if fired else found  # `work` may have caught it
        except TookTooLong:
            return instead

    before = signal.signal(signal.SIGALRM, late)
    try:
        yield in_time
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a results file says.

    Attributes
    ----------
    ending
        How the mechanism ended; None where the file does not say.
    count
        Results that were in hand.
    kept
        Results of which there is a text, one of two for one task counted too.
    whole
        Whether the host came to the end of writing.
    """

    ending: Ending | None = None
    count: int = 0
    kept: int = 0
    whole: bool = False
    texts: dict[int, str] = field(default_factory=dict)
    answers: dict[int, Answer] = field(default_factory=dict)


def read(path: Path, tasks: int) -> Saved:
    """Read a results file; what can't be true of a run of so many tasks is left out.

    Raises
    ------
    OSError
        When there is something else in its place.
    """
    texts: dict[int, str] = {}
    answers: dict[int, Answer] = {}
    ending: Ending | None = None
    count, kept, whole, room = 0, 0, False, ROOM
    with os.fdopen(open_regular(path), "rb") as file:
        left = A_LINE + 2 * ROOM + 2 * tasks * A_RESULT
        while left > 0 and (line := file.readline(A_LINE + 2 * ROOM)):
            left -= len(line)
            try:
                content = json.loads(line)
                if content == ["all"]:
                    whole = True
                elif ending is None and isinstance(content[0], str):
                    ending, count = Ending(content[0]), min(max(int(content[1]), 0), 2 * tasks)
                else:
                    for entry in content:
                        index, text, *compared = entry
                        if type(index) is int and 0 <= index < tasks and type(text) is str:
                            texts[index] = text[: LONGEST + 50]
                            kept += 1
                            if compared:
                                answers[index] = found = _answer(*compared)
                                room -= len(found.floats)
            except (ValueError, TypeError, LookupError, RecursionError):
                continue  # a line of which the end is missing, or that is none of ours
            if room < 0:
                break
    return Saved(ending, count, kept, whole, texts, answers)


def _answer(digest: str, shape: str, floats: str, why: str) -> Answer:
    data = base64.b64decode(floats)
    return Answer(str(digest)[:64], str(shape)[:64], data[: len(data) // 8 * 8], str(why)[:LONGEST])
