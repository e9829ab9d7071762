"""Voila's handlers with a place for each page: no kernel beyond the most, none for nobody.

Knows Voila and Jupyter's server; who may come here at all was decided at the door.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import tornado.web
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.websocket import WebSocketClosedError
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import (
    VoilaKernelWebsocketHandler,
    read_header_from_binary_message,
)

from mpviz.serving import messages, notice
from mpviz.serving.doorman import say
from mpviz.serving.visits import Visit, Visits

VISITS = "mpviz_visits"
PING = 8  # seconds between pings, and for an answer: a browser gives it without the page
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:;"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    " connect-src 'self' data: blob:; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'self'"
)
_visit: ContextVar[Visit | None] = ContextVar("visit", default=None)


class PageHandler(TornadoVoilaHandler):  # type: ignore[misc]  # Voila ships no types
    """The page, where there is a place for it."""

    @property
    def content_security_policy(self) -> str:
        """The page asks this server only, whatever it shows."""
        return POLICY

    @tornado.web.authenticated
    async def get(self, path: str | None = None) -> None:  # noqa: ARG002  as Voila has it
        """Start a kernel and send the page, or say that all places are taken."""
        visits: Visits = self.settings[VISITS]
        visit = visits.enter()
        if visit is None:
            say(self, notice.no_place(visits.most))
            return
        self.set_header("Referrer-Policy", "same-origin")
        _visit.set(visit)
        whole = False
        try:
            await super().get()
            whole = not self.request.connection.stream.closed()
        finally:
            visits.sent(visit, whole=whole)

    def write_error(self, status_code: int, **_kwargs: Any) -> None:  # noqa: ARG002  tornado's
        """Say that it failed; why stands in the server's log."""
        say(self, notice.FAILED)


class Kernels(AsyncMappingKernelManager):
    """Kernels that belong to a visit each, and end at once."""

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]  # as Jupyter's
        """Start the kernel of the visit under way."""
        kernel: str = await super().start_kernel(**kwargs)
        visit = _visit.get()
        if visit is None or visit not in self._visits():  # it took too long
            await self.shutdown_kernel(kernel)
            raise tornado.web.HTTPError(503)
        visit.kernel = kernel
        return kernel

    def _visits(self) -> Visits:
        found: Visits = self.parent.visits  # type: ignore[union-attr]  # the server made us
        return found

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


class Connection(ZMQChannelsWebsocketConnection):
    """A page's messages to its kernel, as far as they are fit."""

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass on what is fit; the rest is not answered."""
        if self.subprotocol == messages.PROTOCOL and messages.is_fit(incoming_msg):
            super().handle_incoming_message(incoming_msg)


class Socket(VoilaKernelWebsocketHandler):  # type: ignore[misc]  # Voila ships no types
    """The websocket of a page: while it is open, somebody is here."""

    visit: Visit | None = None

    @property
    def visits(self) -> Visits:
        """All visits."""
        found: Visits = self.settings[VISITS]
        return found

    # Tornado pings by itself, in seconds; Jupyter's own pinging, in milliseconds, is not begun.
    ping_interval = PING
    ping_timeout = PING

    async def get(self, kernel_id: str) -> None:
        """Open it, if the kernel belongs to a visit that has not enough of them."""
        visit = self.visits.of(kernel_id)
        if visit is None:
            say(self, notice.NOT_FOUND)
            return
        if not self.visits.connected(visit, self):
            say(self, notice.TOO_MANY)
            return
        self.visit = visit
        try:
            await super().get(kernel_id)
        finally:
            if self.ws_connection is None:
                self.visits.disconnected(visit, self)

    async def open(self, kernel_id: str) -> None:  # noqa: ARG002  as Jupyter has it
        """Join the kernel."""
        await self.connection.connect()

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send what widgets say; what a kernel prints tells of files and is not shown anyway."""
        if isinstance(message, bytes):
            header = read_header_from_binary_message(message) or {}
            if header.get("msg_type") in ("stream", "error"):
                return None
        try:
            return super().write_message(message, binary)
        except WebSocketClosedError:  # the page has just gone; Jupyter expects that in part
            return None

    def on_message(self, ws_message: Any) -> None:
        """Note that somebody is here, and pass it on."""
        if self.visit is not None:
            self.visits.spoke(self.visit)
        super().on_message(ws_message)

    def on_close(self) -> None:
        """Note that it is gone."""
        if self.visit is not None:
            self.visits.disconnected(self.visit, self)
        super().on_close()
