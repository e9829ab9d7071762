"""Connections that can't be made to hold much: what is not read is not kept, what floods is slowed.

Knows tornado's streams and websockets; no page, no kernel and no visit.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketProtocol13

from mpviz.serving.rates import Rate

MOST_WAITING = 8 * 2**20  # bytes that wait to be read, beside the largest message among them
READ_LIMIT = 20.0  # seconds within which something of it must be read
FRAMES = (400.0, 200.0)  # of one websocket, at once and a second
BYTES = (16.0 * 2**20, 2.0 * 2**20)
MOST_LATE = 1000  # frames in a row that came too soon: no page sends that many
LONGEST_WAIT = 1.0  # seconds between two frames of a flood


class Stream(IOStream):
    """A connection that is closed when what it is sent is not read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_index, self._read_at = 0, time.monotonic()
        self._largest = 0

    @property
    def waiting(self) -> int:
        """Bytes that wait to be read at the other end."""
        return len(self._write_buffer) if self._write_buffer else 0

    def write(self, data: bytes | memoryview) -> Any:
        """Send something, however large, unless too much is waiting already.

        Raises
        ------
        StreamClosedError
            When it is; the connection is closed by then.
        """
        if not self.waiting:
            self._largest = 0
        if self.waiting > MOST_WAITING + self._largest:  # small ones follow a large file at once
            self.close()
            raise StreamClosedError
        self._largest = max(self._largest, len(data))
        return super().write(data)

    def is_stuck(self, now: float) -> bool:
        """Whether nothing of what waits has been read for too long; asked every second or so."""
        if self._total_write_done_index != self._read_index or not self.waiting:
            self._read_index, self._read_at = self._total_write_done_index, now
        return now - self._read_at > READ_LIMIT


class Protocol(WebSocketProtocol13):
    """The websocket protocol at a pace: pings, empty frames and parts of messages count too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frames, self._bytes, self._late = Rate(*FRAMES), Rate(*BYTES), 0

    async def _receive_frame(self) -> None:
        before = self._wire_bytes_in
        await super()._receive_frame()
        read = self._wire_bytes_in - before
        wait = max(self._frames.take(), self._bytes.take(read))
        self._late = self._late + 1 if wait else 0
        if self._late > MOST_LATE:
            self.close(1008, "too fast")
            self._abort()
        elif wait:
            await asyncio.sleep(min(wait, LONGEST_WAIT))
