"""Visits: one for each open page, and when it is over.

Pure bookkeeping over a clock that is passed in; knows no kernel, no socket and no server. A visit
begins when its page is requested, lasts while a websocket of the page is open, and is over when
none has been for a while. We don't rely on the page itself: its goodbye may never arrive, and a
page in the background hardly runs its timers. But the browser answers a websocket's pings even for
such a page, and when the page goes it closes the websocket or stops answering.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

LEAVE = 8.0  # seconds without a websocket: time to reconnect
ARRIVE = 45.0  # seconds from page to first websocket: a slow phone has to load scripts
LOADING = 180.0  # seconds for Python to start and the page to be sent
MOST_SOCKETS = 4  # of a page; it needs one, and a second while it reconnects


@dataclass(slots=True, eq=False)
class Visit:
    """One page that was requested.

    Attributes
    ----------
    kernel
        Its kernel's id, once there is one.
    sockets
        Its open websockets.
    until
        When it is over; counts only while no websocket is open.
    heard
        When its page last sent something.
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
        Seconds without use after which a visit is over even if its page is open; 0 for never.
    clock
        Monotonic seconds.
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
        """Begin a visit; None if there are as many as there may be."""
        if len(self._visits) >= self.most:
            return None
        now = self._clock()
        visit = Visit(until=now + LOADING, heard=now)
        self._visits.add(visit)
        return visit

    def of(self, kernel: str) -> Visit | None:
        """The visit that a kernel belongs to, if any."""
        return next((visit for visit in self._visits if visit.kernel == kernel), None)

    def sent(self, visit: Visit, *, whole: bool) -> None:
        """Note that the page was sent, or that sending it was broken off."""
        visit.until = self._clock() + (ARRIVE if whole else 0.0)

    def connected(self, visit: Visit, socket: Any) -> bool:
        """Note a new websocket; False if the visit is over or has enough of them."""
        if visit not in self._visits or len(visit.sockets) >= MOST_SOCKETS:
            return False
        visit.sockets.add(socket)
        visit.heard = self._clock()
        return True

    def spoke(self, visit: Visit) -> None:
        """Note that the page sent something."""
        visit.heard = self._clock()

    def disconnected(self, visit: Visit, socket: Any) -> None:
        """Note that a websocket is closed."""
        visit.sockets.discard(socket)
        if not visit.sockets:
            visit.until = self._clock() + LEAVE

    def over(self) -> list[Visit]:
        """The visits that are over now."""
        now = self._clock()
        return [visit for visit in self._visits if self._is_over(visit, now)]

    def end(self, visit: Visit) -> None:
        """End a visit; another may begin."""
        self._visits.discard(visit)

    def _is_over(self, visit: Visit, now: float) -> bool:
        if visit.sockets:
            return 0 < self._idle <= now - visit.heard
        return now >= visit.until
