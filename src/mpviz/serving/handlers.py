"""Voila's handlers with a place for each page: no kernel beyond the most, none for nobody.

Knows Voila and Jupyter's server; who may come here at all was decided at the door.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import bokeh
import tornado.web
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from tornado.websocket import WebSocketClosedError, WebSocketProtocol, WebSocketProtocol13
from voila.tornado.handler import TornadoVoilaHandler

from mpviz.serving import messages, notice
from mpviz.serving.door import say
from mpviz.serving.kernels import CURRENT
from mpviz.serving.streams import Protocol
from mpviz.serving.visits import Visit, Visits

VISITS, LARGEST = "mpviz_visits", "websocket_max_message_size"
PING = 8  # seconds between pings, and for an answer: a browser gives it without the page
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:;"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    " connect-src 'self' data: blob:; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'self'"
)
SCRIPTS = Path(bokeh.__file__).parent / "server/static/js"
SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")  # becomes an address of ZeroMQ's


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
        CURRENT.set(visit)
        whole = False
        try:
            await super().get()
            whole = not self.request.connection.stream.closed()
        finally:
            visits.sent(visit, whole=whole)

    def write_error(self, status_code: int, **_kwargs: Any) -> None:  # noqa: ARG002  tornado's
        """Say that it failed; why stands in the server's log."""
        say(self, notice.FAILED)


class Plain:
    """What went wrong as one of our notices: Jupyter's page of errors fails itself, in Voila."""

    def write_error(self: Any, status_code: int, **_kwargs: Any) -> None:
        """Say that there is nothing, or that it failed."""
        if status_code >= 500:
            say(self, notice.FAILED)
        else:
            say(self, replace(notice.NOT_FOUND, status=status_code))


def plain(handler: type) -> type:
    """A handler that says what went wrong as one of our notices."""
    return type(handler.__name__, (Plain, handler), {})


class Script(Plain, tornado.web.StaticFileHandler):
    """BokehJS as a file, which a browser keeps: sent by the kernel, it would be made each time."""

    async def get(self, path: str = "bokeh.min.js", include_body: bool = True) -> None:
        """Send it."""
        await super().get(path, include_body)

    def get_cache_time(self, *_about: Any) -> int:
        """A day: its version is in the address."""
        return 86_400


class Socket(Plain, KernelWebsocketHandler):
    """The websocket of a page: while it is open, somebody is here.

    Jupyter's own, not Voila's, whose reader of what a kernel says believes any count in it.
    """

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
        if not self._is_of_a_page():
            say(self, notice.BAD_SOCKET)
            return
        if not self.visits.connected(visit, self):
            say(self, notice.TOO_MANY)
            return
        self.visit = visit
        try:
            await super().get(kernel_id)  # type: ignore[no-untyped-call]
        finally:
            if self.ws_connection is None:
                self.visits.disconnected(visit, self)

    def _is_of_a_page(self) -> bool:
        """Whether it speaks the one protocol that is read, and has a name that Jupyter can use."""
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")
        session = self.get_query_arguments("session_id")
        right = len(session) == 1 and SESSION.fullmatch(session[0])
        return bool(right) and messages.PROTOCOL in [one.strip() for one in offered]

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """The usual one, at a pace."""
        usual = super().get_websocket_protocol()
        if not isinstance(usual, WebSocketProtocol13):
            return None
        return Protocol(self, mask_outgoing=False, params=usual.params)

    async def open(self, kernel_id: str) -> None:  # noqa: ARG002  as Jupyter has it
        """Join the kernel."""
        await self.connection.connect()

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send what the kernel says, while somebody is there."""
        try:
            return super().write_message(message, binary)
        except WebSocketClosedError:  # the page has just gone; Jupyter expects that in part
            return None

    async def on_message(self, ws_message: Any) -> None:
        """Note that somebody is here, and pass it on; the next one waits until it is."""
        if self.visit is not None:
            self.visits.spoke(self.visit)
        if self.connection is not None:
            await self.connection.pass_on(ws_message, self.settings[LARGEST])

    def on_close(self) -> None:
        """Note that it is gone."""
        if self.visit is not None:
            self.visits.disconnected(self.visit, self)
        super().on_close()  # type: ignore[no-untyped-call]
