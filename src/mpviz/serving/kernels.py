"""Kernels, one for each visit, and the messages between a kernel and its page.

Knows Jupyter's kernels; no request and no door. No queue here grows without bound: a page's message
waits until its kernel has read the earlier ones, messages for a page that lost its connection are
kept up to a limit, and what a kernel prints goes through a `BoundedLog`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from contextvars import ContextVar
from functools import partial
from typing import Any, cast

import psutil
import tornado.web
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from mpviz.serving import messages
from mpviz.serving.log import BoundedLog
from mpviz.serving.visits import Visit, Visits

MOST_AHEAD = 200  # messages sent that a kernel has not read
MOST_BYTES_AHEAD = 2 * 2**20  # likewise, before the next message
ASK_EVERY = MOST_AHEAD // 4
CHECK_EVERY = 1.0  # seconds between two checks that a waiting page is still there
MOST_KEPT = 8 * 2**20  # bytes kept for a page that lost its connection
CURRENT: ContextVar[Visit | None] = ContextVar("visit", default=None)
# Output may name files, and code is none of the page's business.
NOT_FOR_PAGES = ("stream", "error", "execute_input")


class Kernels(AsyncMappingKernelManager):
    """Kernels that each belong to a visit, and are ended without a grace period."""

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]  # Jupyter's signature
        """Start the kernel of the current visit; what it prints goes to the log."""
        reader, writer = os.pipe()
        self._log().listen(reader)
        try:
            kernel: str = await super().start_kernel(stdout=writer, stderr=writer, **kwargs)
        finally:
            os.close(writer)
        visit = CURRENT.get()
        if visit is None or visit not in self._visits():  # starting it took too long
            await self.shutdown_kernel(kernel)
            raise tornado.web.HTTPError(503)
        visit.kernel = kernel
        return kernel

    def _log(self) -> BoundedLog:
        found: BoundedLog = self.parent.kernel_log  # type: ignore[union-attr]  # set by our server
        return found

    def _visits(self) -> Visits:
        found: Visits = self.parent.visits  # type: ignore[union-attr]  # set by our server
        return found

    def memory(self, kernel_id: str) -> int:
        """Bytes that a kernel's own process uses; 0 if that is not known."""
        try:
            provisioner: Any = self.get_kernel(kernel_id).provisioner
            # A starting kernel has no pid yet, and psutil would take None for this process.
            return int(psutil.Process(provisioner.pid or -1).memory_info().rss)
        except (KeyError, AttributeError, ValueError, psutil.Error, tornado.web.HTTPError):
            return 0

    async def shutdown_kernel(  # type: ignore[override]
        self,
        kernel_id: str,
        now: bool = True,  # noqa: ARG002  Jupyter's signature
        restart: bool = False,
    ) -> None:
        """Kill a kernel: it has nothing to save, and its run ends with it."""
        await super().shutdown_kernel(  # type: ignore[no-untyped-call]
            kernel_id, now=True, restart=restart
        )

    def start_buffering(self, kernel_id: str, session_key: str, channels: Any) -> None:
        """Keep messages for a page that may reconnect, up to a limit."""
        super().start_buffering(  # type: ignore[no-untyped-call]
            kernel_id, session_key, channels
        )
        kept = self._kernel_buffers[kernel_id]["buffer"]
        room = MOST_KEPT

        def keep(channel: str, parts: list[bytes]) -> None:
            nonlocal room
            room -= sum(map(len, parts))
            if room >= 0:
                kept.append((channel, parts))

        for channel, stream in channels.items():
            stream.on_recv(partial(keep, channel))


class KernelConnection(ZMQChannelsWebsocketConnection):
    """Connects a page to its kernel: filters messages, and waits when the kernel lags behind."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._ahead = self._bytes_ahead = 0
        self._asked: str | None = None
        self._answered = asyncio.Event()

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Do nothing: Jupyter's own parser trusts the counts in a message; see `pass_on`."""

    async def pass_on(self, raw: object, largest: int) -> None:
        """Pass a valid message on, once the kernel has read enough of the earlier ones."""
        message = messages.read(raw, largest)
        if message is None:
            return
        while self._ahead >= MOST_AHEAD or self._bytes_ahead > MOST_BYTES_AHEAD:
            if self._is_gone():
                return
            self._ask()
            self._answered.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), CHECK_EVERY)
        stream = self.channels.get(messages.CHANNEL)
        if stream is None or stream.closed():
            return
        self.session.send_raw(stream, list(message.parts))
        self._ahead += 1
        self._bytes_ahead += message.size
        if self._ahead >= ASK_EVERY:
            self._ask()

    def _is_gone(self) -> bool:
        """Whether the page is gone; one that doesn't answer pings counts as gone."""
        connection = self.websocket_handler.ws_connection
        return connection is None or connection.is_closing()

    def _ask(self) -> None:
        """Ask the kernel something; when it replies, it has read all earlier messages."""
        stream = self.channels.get(messages.CHANNEL)
        if stream is None or stream.closed():
            self._heard()
        elif self._asked is None:
            self._asked = secrets.token_hex()  # Jupyter's own ids are predictable
            question = self.session.msg("kernel_info_request")
            question["header"]["msg_id"] = self._asked
            self.session.send(stream, question)

    def _heard(self) -> None:
        self._asked, self._ahead, self._bytes_ahead = None, 0, 0
        self._answered.set()

    def disconnect(self) -> Any:
        """Disconnect, and let a waiting `pass_on` go on."""
        found = super().disconnect()  # type: ignore[no-untyped-call]
        self._heard()
        return found

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass the kernel's messages to its page, except its replies to us."""
        channel = stream if isinstance(stream, str) else stream.channel
        _, parts = self.session.feed_identities(outgoing_msg)
        header, parent = self.session.unpack(parts[1]), cast(bytes, parts[2])
        if channel == messages.CHANNEL and self._asked and self._asked.encode() in parent:
            self._heard()
            return
        if header["msg_type"] not in NOT_FOR_PAGES:
            super().handle_outgoing_message(stream, outgoing_msg)
