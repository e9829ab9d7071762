"""The door: checks every request before anything else sees it.

`Door.judge` gives None for a request that may pass, or the notice that is sent instead. What is not
on the list of routes does not exist. Knows no kernel and no visit.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router
from tornado.web import Application, RequestHandler

from mpviz.serving import notice
from mpviz.serving.notice import Notice
from mpviz.serving.options import LONGEST_TOKEN, ServeOptions
from mpviz.serving.rates import Clock, Rates

PAGE = "/"
KERNEL = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# A file's path: no empty part, none that begins with a dot, no character that needs escaping but @.
_FILE = r"(/(?!\.)[A-Za-z0-9_.@~+-]+)+"
EXTENSIONS = (
    r"(anywidget|(@|%40)jupyter-widgets/jupyterlab-manager|"
    r"(@|%40)voila-dashboards/widgets-manager8)"
)
BOKEH = r"/mpviz/bokeh/[0-9][0-9A-Za-z.+-]*/bokeh\.min\.js"
# Everything that the page requests; a test in a browser checks that.
ROUTES = (
    ("GET", PAGE),
    ("GET", f"/api/kernels/{KERNEL}"),
    ("GET", f"/api/kernels/{KERNEL}/channels"),
    ("POST", f"/voila/api/shutdown/{KERNEL}"),
    ("GET", f"/voila/templates/(mpviz|lab|base)/static{_FILE}"),
    ("GET", f"/voila/static{_FILE}"),
    ("GET", f"/voila/labextensions/{EXTENSIONS}/static{_FILE}"),
    ("GET", BOKEH),
)
_ROUTES = tuple((method, re.compile(path)) for method, path in ROUTES)
LONGEST_HEADER = 16_384
LONGEST_BODY = 65_536
LONGEST_ADDRESS = 8_000  # characters: the page's settings and the token
GUESSES = (20.0, 1.0)  # wrong tokens from one network: burst, then each second
REFUSALS = (60.0, 5.0)  # refusals for one network that are not delayed, likewise
LONGEST_WAIT = 2.0  # seconds that a refusal is delayed
_VISIBLE = re.compile(r"[!-~]*")  # the characters of an address
_GIVEN = re.compile(r"(?:token|bearer) +(\S+)", re.IGNORECASE)


class Door:
    """Decides which requests may pass.

    Parameters
    ----------
    options
        The right host names and the right token.
    clock
        Monotonic seconds.
    """

    def __init__(self, options: ServeOptions, clock: Clock = time.monotonic) -> None:
        self._hosts, self._token = options.hosts, options.token
        self._guesses = Rates(*GUESSES, clock)
        # Not the token itself, and valid only while this server runs.
        key = secrets.token_bytes(32)
        self._cookie = hmac.new(key, options.token.encode(), hashlib.sha256).hexdigest()
        self.cookie_name = f"mpviz-{options.port}"  # cookies don't distinguish ports

    def judge(self, request: HTTPServerRequest) -> Notice | None:
        """The notice to send instead of what was requested; None if the request may pass."""
        refusal = self.foreign(request)
        if refusal is None and self._token:
            refusal = self._unknown(request)
        if refusal is not None:
            return refusal
        if any(
            request.method == method and path.fullmatch(request.path) for method, path in _ROUTES
        ):
            return None
        return notice.NOT_FOUND

    def foreign(self, request: HTTPServerRequest) -> Notice | None:
        """The notice for a request that our page would never make; None for any other."""
        headers = request.headers
        if len(request.uri or "") > LONGEST_ADDRESS or not _VISIBLE.fullmatch(request.uri or ""):
            return notice.BAD_ADDRESS
        host = headers.get("Host", "").lower()
        if _without_port(host) not in self._hosts or len(headers.get_list("Host")) != 1:
            return notice.WRONG_HOST
        if not _of_this_site(headers.get("Origin"), host):
            return notice.WRONG_ORIGIN
        # From another site only a link may lead here: a frame or an image would start a kernel.
        elsewhere = headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
        if elsewhere and not (_is_page(request) and headers.get("Sec-Fetch-Dest") == "document"):
            return notice.WRONG_ORIGIN
        return None

    def _unknown(self, request: HTTPServerRequest) -> Notice | None:
        """The notice for a client without cookie or token header; None if it has one of them."""
        in_address = self._shown(request) if _is_page(request) else ""
        has_cookie = self._has_cookie(request.headers.get_list("Cookie"))
        shown = in_address or ("" if has_cookie else self._given(request))
        if not shown:
            return None if has_cookie else notice.NO_TOKEN
        guesses = self._guesses.of(request.remote_ip)
        if guesses.left < 1:  # don't reveal whether this one is right
            return None if has_cookie else notice.TOO_MANY_GUESSES
        if self._is_token(shown):
            return self._welcome(request) if in_address else None
        guesses.take()
        return None if has_cookie else notice.NO_TOKEN

    def _welcome(self, request: HTTPServerRequest) -> Notice:
        """Set the cookie and drop the token from the address, which gets copied and projected."""
        rest = [pair for pair in _pairs(request.query) if pair[0] != "token"]
        cookie = f"{self.cookie_name}={self._cookie}; Path=/; HttpOnly; SameSite=Lax"
        headers = {
            "Location": f"{PAGE}?{urlencode(rest)}" if rest else PAGE,
            "Set-Cookie": cookie,
        }
        return Notice(302, "Come in", headers=headers)

    def _shown(self, request: HTTPServerRequest) -> str:
        return next((value for key, value in _pairs(request.query) if key == "token"), "")

    def _given(self, request: HTTPServerRequest) -> str:
        found = _GIVEN.fullmatch(request.headers.get("Authorization", ""))
        return found[1] if found else ""

    def _is_token(self, text: str) -> bool:
        return len(text) <= LONGEST_TOKEN and hmac.compare_digest(
            text.encode(errors="replace"), self._token.encode()
        )

    def _has_cookie(self, headers: list[str]) -> bool:
        # Not http.cookies: its time grows with the square of the input.
        given = (one.strip().partition("=") for header in headers for one in header.split(";"))
        return any(
            name == self.cookie_name
            and hmac.compare_digest(value.encode(errors="replace"), self._cookie.encode())
            for name, _, value in given
        )


class DoorRouter(Router):
    """Puts the door in front of an application.

    Parameters
    ----------
    judge
        `Door.judge`, or a function like it.
    inside
        The application that gets the requests that pass.
    on_pass
        Called with each request that passes.
    """

    def __init__(
        self,
        judge: Callable[[HTTPServerRequest], Notice | None],
        inside: Application,
        on_pass: Callable[[HTTPServerRequest], object],
    ) -> None:
        self._judge, self._inside, self._on_pass = judge, inside, on_pass
        self._own = Application(log_function=lambda _handler: None)
        self._refusals = Rates(*REFUSALS)

    def find_handler(
        self, request: HTTPServerRequest, **_kwargs: Any
    ) -> HTTPMessageDelegate | None:
        """The handler of a request: the application's, or a notice."""
        refusal = self._judge(request)
        if refusal is None:
            self._on_pass(request)
            return self._inside.find_handler(request)
        limited = refusal in notice.RATE_LIMITED
        wait = self._refusals.of(request.remote_ip).take() if limited else 0.0
        given = {"sent": refusal, "wait": min(wait, LONGEST_WAIT)}
        return self._own.get_handler_delegate(request, NoticeHandler, given)


class NoticeHandler(RequestHandler):
    """Replies with a notice, whatever the method."""

    def initialize(self, sent: Notice, wait: float) -> None:
        """Take the notice, and the seconds to delay it."""
        self._sent, self._wait = sent, wait

    async def prepare(self) -> None:
        """Reply before tornado looks at the method or the body."""
        if self._wait:
            await asyncio.sleep(self._wait)
            self.set_header("Connection", "close")
        reply(self, self._sent)


def reply(handler: RequestHandler, sent: Notice) -> None:
    """Reply with a notice."""
    handler.set_status(sent.status)
    handler.clear_header("Server")
    for name, value in {**notice.HEADERS, **sent.headers}.items():
        handler.set_header(name, value)
    handler.finish(sent.page)


def _is_page(request: HTTPServerRequest) -> bool:
    return request.path == PAGE and request.method == "GET"


def _without_port(host: str) -> str:
    return re.sub(r":[0-9]{1,5}$", "", host)


def _of_this_site(origin: str | None, host: str) -> bool:
    if origin is None:  # browsers send it with every websocket and every POST
        return True
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc == host


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return []
