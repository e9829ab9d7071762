"""Connections: how many there may be, how many from one address, and which are closed first.

Knows tornado's HTTP server; the requests themselves are judged by `mpviz.serving.door`.
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
from mpviz.serving.streams import BoundedStream

AT_ONCE = 64  # connections accepted in one go, before the loop serves others
PAUSE = 0.5  # seconds without accepting, when the system allows no more
DESCRIPTORS = 65_536  # asked for; the system may allow fewer
EACH_KERNEL = 40  # descriptors of a kernel: its websockets and channels
OWN = 200  # descriptors of the server itself
MOST = 2_000  # connections
LEAST = 32
MOST_UNREAD_TOTAL = 128 * 2**20  # bytes that clients have not read, over all connections
CHECK_EVERY = 1.0  # seconds
log = logging.getLogger("mpviz.serving")


@dataclass(slots=True)
class Connections:
    """The open connections.

    When there is no room, the oldest connection without a request that passed the door is closed,
    so half-open ones keep nobody out. Trusted ones stay.

    Parameters
    ----------
    most
        How many at once.
    each
        How many from one address.
    """

    most: int
    each: int
    _trusted: dict[str, dict[BoundedStream, bool]] = field(default_factory=dict)  # by network

    def __len__(self) -> int:
        return sum(map(len, self._trusted.values()))

    def __iter__(self) -> Iterator[BoundedStream]:
        return iter([stream for streams in self._trusted.values() for stream in streams])

    def add(self, stream: BoundedStream, address: str) -> bool:
        """Take a new connection in, if there is room or room can be made."""
        name = network(address)
        mine = self._trusted.setdefault(name, {})
        if len(mine) >= self.each and not self._make_room(name):
            return False
        # The address with most connections makes room for the others.
        if len(self) >= self.most and not any(
            self._make_room(other)
            for other in sorted(self._trusted, key=lambda other: -len(self._trusted[other]))
        ):
            return False
        self._trusted.setdefault(name, {})[stream] = False
        return True

    def trust(self, stream: Any, address: str | None) -> None:
        """Note that a request on this connection has passed the door."""
        mine = self._trusted.get(network(address), {})
        if stream in mine:
            mine[stream] = True

    def forget_closed(self) -> None:
        """Stop counting connections that are closed."""
        for name in list(self._trusted):
            self._forget_closed(name)

    def _forget_closed(self, name: str) -> None:
        mine = self._trusted[name]
        left = {stream: trusted for stream, trusted in mine.items() if not stream.closed()}
        if left:
            self._trusted[name] = left
        else:
            del self._trusted[name]

    def _make_room(self, name: str) -> bool:
        before = len(self._trusted[name])
        self._forget_closed(name)
        mine = self._trusted.get(name, {})
        if len(mine) < before:
            return True
        stranger = next((stream for stream, trusted in mine.items() if not trusted), None)
        if stranger is None:
            return False
        del mine[stranger]
        stranger.close()
        return True


class BoundedServer(HTTPServer):
    """An HTTP server that keeps no more connections, and no more unread bytes, than it may."""

    connections: Connections

    def open(self, listener: socket.socket, connections: Connections) -> None:
        """Accept connections for as long as the loop runs."""
        self.connections, self._listener, self._paused = connections, listener, False
        self._resume()

    def check(self) -> None:
        """Close connections whose client does not read what it asked for."""
        now = time.monotonic()
        self.connections.forget_closed()
        for stream in self.connections:
            if stream.is_stuck(now):
                stream.close()
        by_unread = sorted(self.connections, key=lambda stream: stream.unread)
        total = sum(stream.unread for stream in by_unread)
        while total > MOST_UNREAD_TOTAL:
            worst = by_unread.pop()
            total -= worst.unread
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
        """Stop accepting for a moment; the loop would otherwise retry without end."""
        loop = IOLoop.current()
        loop.remove_handler(self._listener)
        loop.call_later(PAUSE, self._resume)
        if not self._paused:  # log it once, until all who waited were accepted
            self._paused = True
            why = errno.errorcode.get(error.errno or 0, "unknown")
            log.error("No connection can be accepted (%s); retrying every half second.", why)

    def _receive(self, connection: socket.socket, address: Any) -> None:
        # A limit of its own on read-ahead: no message is larger.
        stream = BoundedStream(connection, max_buffer_size=self.max_buffer_size)
        if self.connections.add(stream, address[0]):
            self.handle_stream(stream, address)
        else:
            stream.close()


def connections_beside(kernels: int) -> Connections:
    """As many connections as the limit of open files allows beside so many kernels."""
    room = _raised_file_limit() - OWN - kernels * EACH_KERNEL
    most = max(LEAST, min(MOST, room))
    return Connections(most, max(LEAST, most // 4))


def _raised_file_limit() -> int:
    """The limit of open files, after raising it as far as is allowed and useful."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
