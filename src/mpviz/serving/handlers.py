"""Voila's handlers, changed so that kernels are capped and each belongs to a live visit.

Knows Voila and Jupyter's server. The door has already checked the request.
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
from mpviz.serving.door import reply
from mpviz.serving.kernels import CURRENT
from mpviz.serving.streams import PacedProtocol
from mpviz.serving.visits import Visit, Visits

VISITS, LARGEST = "mpviz_visits", "websocket_max_message_size"
PING = 8  # seconds between pings, and for the reply, which the browser sends without the page
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:;"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    " connect-src 'self' data: blob:; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'self'"
)
SCRIPTS = Path(bokeh.__file__).parent / "server/static/js"
SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")  # becomes a ZeroMQ identity


class PageHandler(TornadoVoilaHandler):  # type: ignore[misc]  # Voila ships no types
    """The page, if there is a place for it."""

    @property
    def content_security_policy(self) -> str:
        """Let the page load from this server only, whatever it shows."""
        return POLICY

    @tornado.web.authenticated
    async def get(self, path: str | None = None) -> None:  # noqa: ARG002  Voila's signature
        """Start a kernel and send the page, or reply that all places are taken."""
        visits: Visits = self.settings[VISITS]
        visit = visits.enter()
        if visit is None:
            reply(self, notice.no_place(visits.most))
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
        """Reply that it failed; the server's log says why."""
        reply(self, notice.FAILED)


class ErrorNotices:
    """Mixin that sends errors as our notices: Jupyter's error page itself fails under Voila."""

    def write_error(self: Any, status_code: int, **_kwargs: Any) -> None:
        """Reply that there is nothing, or that it failed."""
        if status_code >= 500:
            reply(self, notice.FAILED)
        else:
            reply(self, replace(notice.NOT_FOUND, status=status_code))


def with_notices(handler: type) -> type:
    """The handler, sending errors as our notices."""
    return type(handler.__name__, (ErrorNotices, handler), {})


class BokehScript(ErrorNotices, tornado.web.StaticFileHandler):
    """BokehJS as a file, which browsers cache; otherwise each kernel would send it."""

    async def get(self, path: str = "bokeh.min.js", include_body: bool = True) -> None:
        """Send the file."""
        await super().get(path, include_body)

    def get_cache_time(self, *_about: Any) -> int:
        """A day; the version is in the address."""
        return 86_400


class PageSocket(ErrorNotices, KernelWebsocketHandler):
    """The websocket of a page; its visit lasts while it is open.

    Based on Jupyter's handler, not Voila's, whose parser trusts the counts in a message.
    """

    visit: Visit | None = None

    @property
    def visits(self) -> Visits:
        """All visits."""
        found: Visits = self.settings[VISITS]
        return found

    # Tornado pings, with these seconds; `open` does not start Jupyter's own pinging.
    ping_interval = PING
    ping_timeout = PING

    async def get(self, kernel_id: str) -> None:
        """Open it, if the kernel has a visit and the visit may have one more."""
        visit = self.visits.of(kernel_id)
        if visit is None:
            reply(self, notice.NOT_FOUND)
            return
        if not self._is_of_a_page():
            reply(self, notice.BAD_SOCKET)
            return
        if not self.visits.connected(visit, self):
            reply(self, notice.TOO_MANY)
            return
        self.visit = visit
        try:
            await super().get(kernel_id)  # type: ignore[no-untyped-call]
        finally:
            if self.ws_connection is None:
                self.visits.disconnected(visit, self)

    def _is_of_a_page(self) -> bool:
        """Whether it offers the one protocol that we read, and a session name that is safe."""
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")
        session = self.get_query_arguments("session_id")
        right = len(session) == 1 and SESSION.fullmatch(session[0])
        return bool(right) and messages.PROTOCOL in [one.strip() for one in offered]

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """The usual protocol, with a rate limit."""
        usual = super().get_websocket_protocol()
        if not isinstance(usual, WebSocketProtocol13):
            return None
        return PacedProtocol(self, mask_outgoing=False, params=usual.params)

    async def open(self, kernel_id: str) -> None:  # noqa: ARG002  Jupyter's signature
        """Connect to the kernel."""
        await self.connection.connect()

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send the page a message, if it is still there."""
        try:
            return super().write_message(message, binary)
        except WebSocketClosedError:  # the page has just gone; Jupyter only partly expects that
            return None

    async def on_message(self, ws_message: Any) -> None:
        """Pass a message on; tornado reads the next one when that is done."""
        if self.visit is not None:
            self.visits.spoke(self.visit)
        if self.connection is not None:
            await self.connection.pass_on(ws_message, self.settings[LARGEST])

    def on_close(self) -> None:
        """Note that the websocket is closed."""
        if self.visit is not None:
            self.visits.disconnected(self.visit, self)
        super().on_close()  # type: ignore[no-untyped-call]
