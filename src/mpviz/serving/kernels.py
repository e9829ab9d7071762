"""Kernels that belong to a visit each, what reaches them, and what is taken from them.

Knows Jupyter's kernels; no request and no door. Nothing that waits here grows without a bound: what
a page says waits until its kernel has read what came before, what a kernel says to nobody is kept
as far as there is room, and what it prints goes through the ledger.
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
from mpviz.serving.ledger import Ledger
from mpviz.serving.visits import Visit, Visits

MOST_AHEAD = 200  # messages that a kernel has not read yet
MOST_BYTES_AHEAD = 2 * 2**20  # before one more
ASK_EVERY = MOST_AHEAD // 4
LOOK_EVERY = 1.0  # seconds between two looks at whether a page that waits is there
MOST_KEPT = 8 * 2**20  # bytes for a page that lost its connection
CURRENT: ContextVar[Visit | None] = ContextVar("visit", default=None)
# What a kernel prints tells of files, and code is not a page's affair.
NOT_FOR_PAGES = ("stream", "error", "execute_input")


class Kernels(AsyncMappingKernelManager):
    """Kernels that belong to a visit each, and end at once."""

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]  # as Jupyter's
        """Start the kernel of the visit under way; what it prints goes into the ledger."""
        reader, writer = os.pipe()
        self._ledger().listen(reader)
        try:
            kernel: str = await super().start_kernel(stdout=writer, stderr=writer, **kwargs)
        finally:
            os.close(writer)
        visit = CURRENT.get()
        if visit is None or visit not in self._visits():  # it took too long
            await self.shutdown_kernel(kernel)
            raise tornado.web.HTTPError(503)
        visit.kernel = kernel
        return kernel

    def _ledger(self) -> Ledger:
        found: Ledger = self.parent.ledger  # type: ignore[union-attr]  # the server made us
        return found

    def _visits(self) -> Visits:
        found: Visits = self.parent.visits  # type: ignore[union-attr]  # the server made us
        return found

    def memory(self, kernel_id: str) -> int:
        """Bytes in use by a kernel's own process; 0 where it is not known."""
        try:
            provisioner: Any = self.get_kernel(kernel_id).provisioner
            # Of a kernel that is starting there is no number yet: psutil would take None for us.
            return int(psutil.Process(provisioner.pid or -1).memory_info().rss)
        except (KeyError, AttributeError, ValueError, psutil.Error, tornado.web.HTTPError):
            return 0

    async def shutdown_kernel(  # type: ignore[override]
        self,
        kernel_id: str,
        now: bool = True,  # noqa: ARG002  as Jupyter has it
        restart: bool = False,
    ) -> None:
        """End a kernel without a word: it has nothing to save, and its run ends with it."""
        await super().shutdown_kernel(  # type: ignore[no-untyped-call]
            kernel_id, now=True, restart=restart
        )

    def start_buffering(self, kernel_id: str, session_key: str, channels: Any) -> None:
        """Keep what a kernel says to a page that may come back, as far as there is room."""
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


class Connection(ZMQChannelsWebsocketConnection):
    """A page's messages to its kernel, as far as they are fit and the kernel keeps up."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._ahead = self._bytes_ahead = 0
        self._asked: str | None = None
        self._answered = asyncio.Event()

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Nothing comes this way: Jupyter's own reader believes any count."""

    async def pass_on(self, raw: object, largest: int) -> None:
        """Pass on what is fit, once the kernel has read enough of what came before."""
        message = messages.read(raw, largest)
        if message is None:
            return
        while self._ahead >= MOST_AHEAD or self._bytes_ahead > MOST_BYTES_AHEAD:
            if self._is_gone():
                return
            self._ask()
            self._answered.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), LOOK_EVERY)
        stream = self.channels.get(messages.CHANNEL)
        if stream is None or stream.closed():
            return
        self.session.send_raw(stream, list(message.parts))
        self._ahead += 1
        self._bytes_ahead += message.size
        if self._ahead >= ASK_EVERY:
            self._ask()

    def _is_gone(self) -> bool:
        """Whether the page is; one that does not answer pings is, and reads none meanwhile."""
        connection = self.websocket_handler.ws_connection
        return connection is None or connection.is_closing()

    def _ask(self) -> None:
        """Ask the kernel something: it answers when it has read all that came before."""
        stream = self.channels.get(messages.CHANNEL)
        if stream is None or stream.closed():
            self._heard()
        elif self._asked is None:
            self._asked = secrets.token_hex()  # Jupyter's own would be known beforehand
            question = self.session.msg("kernel_info_request")
            question["header"]["msg_id"] = self._asked
            self.session.send(stream, question)

    def _heard(self) -> None:
        self._asked, self._ahead, self._bytes_ahead = None, 0, 0
        self._answered.set()

    def disconnect(self) -> Any:
        """Let go of whoever waits."""
        found = super().disconnect()  # type: ignore[no-untyped-call]
        self._heard()
        return found

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass on what the kernel says to its page, and not what it answers to us."""
        channel = stream if isinstance(stream, str) else stream.channel
        _, parts = self.session.feed_identities(outgoing_msg)
        header, parent = self.session.unpack(parts[1]), cast(bytes, parts[2])
        if channel == messages.CHANNEL and self._asked and self._asked.encode() in parent:
            self._heard()
            return
        if header["msg_type"] not in NOT_FOR_PAGES:
            super().handle_outgoing_message(stream, outgoing_msg)
