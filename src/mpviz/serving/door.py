"""The door: every request is judged here, before anything else sees it.

`Door.judge` is a pure function of a request: nothing, if it may pass, or the notice it gets
instead. What is not on the list of routes does not exist. Knows no kernel and no visit.
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
from mpviz.serving.options import LONGEST_TOKEN, Place
from mpviz.serving.rates import Clock, Rates

PAGE = "/"
KERNEL = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# A file's path: no empty part, none that begins with a dot, nothing in need of an escape but "@".
_FILE = r"(/(?!\.)[A-Za-z0-9_.@~+-]+)+"
EXTENSIONS = (
    r"(anywidget|(@|%40)jupyter-widgets/jupyterlab-manager|"
    r"(@|%40)voila-dashboards/widgets-manager8)"
)
BOKEH = r"/mpviz/bokeh/[0-9][0-9A-Za-z.+-]*/bokeh\.min\.js"
# All that the page asks for; seen in a browser, and held to it by a test.
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
LONGEST_ADDRESS = 8_000  # characters: what the page reads of its address, and its token
GUESSES = (20.0, 1.0)  # wrong tokens of a network, at once and a second
REFUSALS = (60.0, 5.0)  # answers to a network's strangers that are not held back, likewise
LONGEST_WAIT = 2.0  # seconds that an answer is held back
_SEEN = re.compile(r"[!-~]*")  # what an address is made of
_GIVEN = re.compile(r"(?:token|bearer) +(\S+)", re.IGNORECASE)


class Door:
    """Who may pass.

    Parameters
    ----------
    place
        Names and token that are right.
    clock
        Seconds, only ever growing.
    """

    def __init__(self, place: Place, clock: Clock = time.monotonic) -> None:
        self._hosts, self._token = place.hosts, place.token
        self._guesses = Rates(*GUESSES, clock)
        # Not the token itself, and good for as long as this server runs.
        key = secrets.token_bytes(32)
        self._cookie = hmac.new(key, place.token.encode(), hashlib.sha256).hexdigest()
        self.cookie_name = f"mpviz-{place.port}"  # cookies know no ports

    def judge(self, request: HTTPServerRequest) -> Notice | None:
        """What a request gets instead of what it asks for; None if it may pass."""
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
        """What a request gets that no page of ours makes, whoever makes it; else None."""
        headers = request.headers
        if len(request.uri or "") > LONGEST_ADDRESS or not _SEEN.fullmatch(request.uri or ""):
            return notice.BAD_ADDRESS
        host = headers.get("Host", "").lower()
        if _without_port(host) not in self._hosts or len(headers.get_list("Host")) != 1:
            return notice.WRONG_HOST
        if not _of_this_site(headers.get("Origin"), host):
            return notice.WRONG_ORIGIN
        # A frame or an image on some other site, which would start a kernel.
        elsewhere = headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
        if elsewhere and not (_is_page(request) and headers.get("Sec-Fetch-Dest") == "document"):
            return notice.WRONG_ORIGIN
        return None

    def _unknown(self, request: HTTPServerRequest) -> Notice | None:
        """What somebody gets who has not shown the cookie; None for the token in a header."""
        in_address = self._shown(request) if _is_page(request) else ""
        has_cookie = self._has_cookie(request.headers.get_list("Cookie"))
        shown = in_address or ("" if has_cookie else self._given(request))
        if not shown:
            return None if has_cookie else notice.NO_TOKEN
        guesses = self._guesses.of(request.remote_ip)
        if guesses.left < 1:  # a right one is not told from a wrong one
            return None if has_cookie else notice.TOO_MANY_GUESSES
        if self._is_token(shown):
            return self._welcome(request) if in_address else None
        guesses.take()
        return None if has_cookie else notice.NO_TOKEN

    def _welcome(self, request: HTTPServerRequest) -> Notice:
        """The cookie, and the address without the token: it is copied, shown and projected."""
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
        # Not http.cookies, whose work grows with the square of what it is given.
        given = (one.strip().partition("=") for header in headers for one in header.split(";"))
        return any(
            name == self.cookie_name
            and hmac.compare_digest(value.encode(errors="replace"), self._cookie.encode())
            for name, _, value in given
        )


class Doorman(Router):
    """The door in front of an application.

    Parameters
    ----------
    judge
        As `Door.judge`.
    inside
        What those who pass get.
    let_in
        Gets the request of those who pass.
    """

    def __init__(
        self,
        judge: Callable[[HTTPServerRequest], Notice | None],
        inside: Application,
        let_in: Callable[[HTTPServerRequest], object],
    ) -> None:
        self._judge, self._inside, self._let_in = judge, inside, let_in
        self._own = Application(log_function=lambda _handler: None)
        self._refusals = Rates(*REFUSALS)

    def find_handler(
        self, request: HTTPServerRequest, **_kwargs: Any
    ) -> HTTPMessageDelegate | None:
        """Who answers a request."""
        answer = self._judge(request)
        if answer is None:
            self._let_in(request)
            return self._inside.find_handler(request)
        wait = self._refusals.of(request.remote_ip).take() if answer in notice.STRANGERS else 0.0
        given = {"answer": answer, "wait": min(wait, LONGEST_WAIT)}
        return self._own.get_handler_delegate(request, Answer, given)


class Answer(RequestHandler):
    """A notice, whatever the method."""

    def initialize(self, answer: Notice, wait: float) -> None:
        """Take what to say, and how long to hold it back."""
        self._answer, self._wait = answer, wait

    async def prepare(self) -> None:
        """Say it before anything else is looked at."""
        if self._wait:
            await asyncio.sleep(self._wait)
            self.set_header("Connection", "close")
        say(self, self._answer)


def say(handler: RequestHandler, answer: Notice) -> None:
    """Answer with a notice."""
    handler.set_status(answer.status)
    handler.clear_header("Server")
    for name, value in {**notice.HEADERS, **answer.headers}.items():
        handler.set_header(name, value)
    handler.finish(answer.page)


def _is_page(request: HTTPServerRequest) -> bool:
    return request.path == PAGE and request.method == "GET"


def _without_port(host: str) -> str:
    return re.sub(r":[0-9]{1,5}$", "", host)


def _of_this_site(origin: str | None, host: str) -> bool:
    if origin is None:  # a browser says it with every websocket and every POST
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
