"""Who is here: a visit for each page that was opened, and when it is over.

Pure bookkeeping over a clock that is handed in; knows no kernel, no socket and no server. A visit
begins when its page is asked for, goes on as long as a websocket of the page is open, and is over
when none has been for a while. What a browser sends when its page is closed may never arrive, and
timers of a page in the background hardly tick; but a websocket is answered by the browser itself,
also for a page that nobody looks at, and is closed by it, or found to be dead, when the page goes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

LEAVE = 8.0  # seconds without a websocket: room for one that was cut to come back
ARRIVE = 45.0  # from the page's last byte to its first websocket: a slow phone loads scripts
LOADING = 180.0  # for Python to start and the page to be sent
MOST_SOCKETS = 4  # of a page, which needs one, and a second one while it reconnects


@dataclass(slots=True, eq=False)
class Visit:
    """One page that was asked for.

    Attributes
    ----------
    kernel
        The id of its kernel, once there is one.
    sockets
        The websockets that are open now.
    until
        When it is over, if nothing else happens; looked at while there is no websocket.
    heard
        When the page last sent something.
    """

    until: float
    heard: float
    kernel: str = ""
    sockets: set[Any] = field(default_factory=set)


class Visits:
    """All visits.

    Parameters
    ----------
    most
        How many at once.
    idle
        Seconds after which a visit is over though its page is open; 0 for never.
    clock
        Seconds, only ever growing.
    """

    def __init__(
        self, most: int, idle: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most = most
        self._idle = idle
        self._clock = clock
        self._visits: set[Visit] = set()

    def __len__(self) -> int:
        return len(self._visits)

    def __iter__(self) -> Iterator[Visit]:
        return iter(list(self._visits))

    def __contains__(self, visit: object) -> bool:
        return visit in self._visits

    def enter(self) -> Visit | None:
        """A place for a page that is asked for, or None where all are taken."""
        if len(self._visits) >= self.most:
            return None
        now = self._clock()
        visit = Visit(until=now + LOADING, heard=now)
        self._visits.add(visit)
        return visit

    def of(self, kernel: str) -> Visit | None:
        """The visit that a kernel belongs to."""
        return next((visit for visit in self._visits if visit.kernel == kernel), None)

    def sent(self, visit: Visit, *, whole: bool) -> None:
        """The page was sent, or its sending came to an early end."""
        visit.until = self._clock() + (ARRIVE if whole else 0.0)

    def connected(self, visit: Visit, socket: Any) -> bool:
        """A websocket asks to be let in; False where the page has enough of them."""
        if visit not in self._visits or len(visit.sockets) >= MOST_SOCKETS:
            return False
        visit.sockets.add(socket)
        visit.heard = self._clock()
        return True

    def spoke(self, visit: Visit) -> None:
        """The page sent something."""
        visit.heard = self._clock()

    def disconnected(self, visit: Visit, socket: Any) -> None:
        """A websocket is gone."""
        visit.sockets.discard(socket)
        if not visit.sockets:
            visit.until = self._clock() + LEAVE

    def over(self) -> list[Visit]:
        """The visits that are over by now."""
        now = self._clock()
        return [visit for visit in self._visits if self._is_over(visit, now)]

    def end(self, visit: Visit) -> None:
        """Give its place to another."""
        self._visits.discard(visit)

    def _is_over(self, visit: Visit, now: float) -> bool:
        if visit.sockets:
            return 0 < self._idle <= now - visit.heard
        return now >= visit.until
