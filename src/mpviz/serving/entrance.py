"""The connections: how many there may be, how many of one address, and which must make room.

Knows tornado's HTTP server; what is asked for is judged at the door.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from mpviz.serving.rates import network
from mpviz.serving.streams import Stream

AT_ONCE = 64  # connections that are accepted before others are looked at
PAUSE = 0.5  # seconds without accepting, where the system gives no more
DESCRIPTORS = 65_536  # asked for; the system may allow fewer
EACH_KERNEL = 40  # descriptors: its websockets and what they are joined to
OWN = 200  # descriptors of the server itself
MOST = 2_000  # connections
LEAST = 32
MOST_WAITING_OF_ALL = 128 * 2**20  # bytes that wait to be read on all connections
LOOK_EVERY = 1.0
log = logging.getLogger("mpviz.serving")


@dataclass(slots=True)
class Guests:
    """Who is connected.

    Where there is no room, the oldest connection that was not let in at the door makes it, so that
    half-open ones keep nobody out; what was let in stays.

    Parameters
    ----------
    most
        Connections at once.
    each
        Of one address.
    """

    most: int
    each: int
    _of: dict[str, dict[Stream, bool]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def __iter__(self) -> Iterator[Stream]:
        return iter([stream for streams in self._of.values() for stream in streams])

    def enter(self, stream: Stream, address: str) -> bool:
        """Whether a connection may stay."""
        name = network(address)
        mine = self._of.setdefault(name, {})
        if len(mine) >= self.each and not self._make_room(name):
            return False
        # Who has most connections makes room for the others.
        if len(self) >= self.most and not any(
            self._make_room(other)
            for other in sorted(self._of, key=lambda other: -len(self._of[other]))
        ):
            return False
        self._of.setdefault(name, {})[stream] = False
        return True

    def let_in(self, stream: Any, address: str | None) -> None:
        """A connection has passed the door."""
        mine = self._of.get(network(address), {})
        if stream in mine:
            mine[stream] = True

    def forget_closed(self) -> None:
        """Count only those that are open."""
        for name in list(self._of):
            self._forget_closed(name)

    def _forget_closed(self, name: str) -> None:
        left = {stream: known for stream, known in self._of[name].items() if not stream.closed()}
        if left:
            self._of[name] = left
        else:
            del self._of[name]

    def _make_room(self, name: str) -> bool:
        before = len(self._of[name])
        self._forget_closed(name)
        mine = self._of.get(name, {})
        if len(mine) < before:
            return True
        stranger = next((stream for stream, known in mine.items() if not known), None)
        if stranger is None:
            return False
        del mine[stranger]
        stranger.close()
        return True


class Entrance(HTTPServer):
    """An HTTP server that accepts as many connections as it can bear."""

    guests: Guests

    def open(self, listener: socket.socket, guests: Guests) -> None:
        """Accept connections, as long as the loop runs."""
        self.guests, self._listener, self._paused = guests, listener, False
        self._resume()

    def look(self) -> None:
        """Close what does not read what it asked for."""
        now = time.monotonic()
        self.guests.forget_closed()
        for stream in self.guests:
            if stream.is_stuck(now):
                stream.close()
        waiting = sorted(self.guests, key=lambda stream: stream.waiting)
        total = sum(stream.waiting for stream in waiting)
        while total > MOST_WAITING_OF_ALL:
            worst = waiting.pop()
            total -= worst.waiting
            worst.close()

    def _resume(self) -> None:
        IOLoop.current().add_handler(self._listener, self._accept, IOLoop.READ)

    def _accept(self, listener: socket.socket, _events: int) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, address = listener.accept()
            except BlockingIOError:
                self._paused = False
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._pause(error)
                return
            self._receive(connection, address)

    def _pause(self, error: OSError) -> None:
        """Stop accepting for a moment; otherwise the same connection is tried again at once."""
        loop = IOLoop.current()
        loop.remove_handler(self._listener)
        loop.call_later(PAUSE, self._resume)
        if not self._paused:  # once, until all who waited were accepted
            self._paused = True
            why = errno.errorcode.get(error.errno or 0, "unknown")
            log.error("No connection can be accepted (%s); trying again every half second.", why)

    def _receive(self, connection: socket.socket, address: Any) -> None:
        # Its own limit of what it reads ahead: a message is not larger than that.
        stream = Stream(connection, max_buffer_size=self.max_buffer_size)
        if self.guests.enter(stream, address[0]):
            self.handle_stream(stream, address)
        else:
            stream.close()


def guests(kernels: int) -> Guests:
    """As many as the system's limit of open files allows beside so many kernels."""
    room = _raised() - OWN - kernels * EACH_KERNEL
    most = max(LEAST, min(MOST, room))
    return Guests(most, max(LEAST, most // 4))


def _raised() -> int:
    """The limit of open files, raised as far as that is allowed and of use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
