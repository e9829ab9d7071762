"""Streams that bound what a client can make the server hold: unread bytes, and floods of frames.

Knows tornado's streams and websockets; no page, no kernel and no visit.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketProtocol13

from mpviz.serving.rates import Rate

MOST_UNREAD = 8 * 2**20  # bytes sent and not read, beside the largest message among them
READ_TIMEOUT = 20.0  # seconds within which the client must read some of them
FRAMES = (400.0, 200.0)  # of one websocket: burst, then each second
BYTES = (16.0 * 2**20, 2.0 * 2**20)  # likewise
MOST_EARLY = 1000  # frames in a row above the rate: no page sends that many
LONGEST_WAIT = 1.0  # seconds between two frames above the rate


class BoundedStream(IOStream):
    """A connection that closes when its client does not read what it is sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_index, self._read_at = 0, time.monotonic()
        self._largest = 0

    @property
    def unread(self) -> int:
        """Bytes sent that the client has not read."""
        return len(self._write_buffer) if self._write_buffer else 0

    def write(self, data: bytes | memoryview) -> Any:
        """Send a message, however large, unless too much is unread already.

        Raises
        ------
        StreamClosedError
            When it is; the connection has been closed then.
        """
        if not self.unread:
            self._largest = 0
        if self.unread > MOST_UNREAD + self._largest:  # small messages follow a large one at once
            self.close()
            raise StreamClosedError
        self._largest = max(self._largest, len(data))
        return super().write(data)

    def is_stuck(self, now: float) -> bool:
        """Whether the client has read nothing for too long; called about once a second."""
        if self._total_write_done_index != self._read_index or not self.unread:
            self._read_index, self._read_at = self._total_write_done_index, now
        return now - self._read_at > READ_TIMEOUT


class PacedProtocol(WebSocketProtocol13):
    """The websocket protocol with a rate limit: pings, empty frames and fragments count too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frames, self._bytes, self._early = Rate(*FRAMES), Rate(*BYTES), 0

    async def _receive_frame(self) -> None:
        before = self._wire_bytes_in
        await super()._receive_frame()
        read = self._wire_bytes_in - before
        wait = max(self._frames.take(), self._bytes.take(read))
        self._early = self._early + 1 if wait else 0
        if self._early > MOST_EARLY:
            self.close(1008, "too fast")
            self._abort()
        elif wait:
            await asyncio.sleep(min(wait, LONGEST_WAIT))
