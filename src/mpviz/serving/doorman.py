"""The door: every request is judged here, before anything else sees it.

`Door.judge` is a pure function of a request: nothing, if it may pass, or the notice it gets
instead. What is not on the list of routes does not exist. Knows no kernel and no visit.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router
from tornado.web import Application, RequestHandler

from mpviz.serving import notice
from mpviz.serving.notice import Notice
from mpviz.serving.place import LONGEST_TOKEN, Place

PAGE = "/"
KERNEL = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# A file's path: no empty part, none that begins with a dot, nothing in need of an escape but "@".
_FILE = r"(/(?!\.)[A-Za-z0-9_.@~+-]+)+"
EXTENSIONS = (
    r"(anywidget|(@|%40)jupyter-widgets/jupyterlab-manager|"
    r"(@|%40)voila-dashboards/widgets-manager8)"
)
# All that the page asks for; seen in a browser, and held to it by a test.
ROUTES = (
    ("GET", PAGE),
    ("GET", f"/api/kernels/{KERNEL}"),
    ("GET", f"/api/kernels/{KERNEL}/channels"),
    ("POST", f"/voila/api/shutdown/{KERNEL}"),
    ("GET", f"/voila/templates/(mpviz|lab|base)/static{_FILE}"),
    ("GET", f"/voila/static{_FILE}"),
    ("GET", f"/voila/labextensions/{EXTENSIONS}/static{_FILE}"),
)
_ROUTES = tuple((method, re.compile(path)) for method, path in ROUTES)
LONGEST_HEADER = 16_384
LONGEST_BODY = 65_536
_GIVEN = re.compile(r"(?:token|bearer) +(\S+)", re.IGNORECASE)


class Door:
    """Who may pass.

    Parameters
    ----------
    place
        Names and token that are right.
    """

    def __init__(self, place: Place) -> None:
        self._hosts, self._token = place.hosts, place.token
        # Not the token itself, and good for as long as this server runs.
        key = secrets.token_bytes(32)
        self._cookie = hmac.new(key, place.token.encode(), hashlib.sha256).hexdigest()
        self.cookie_name = f"mpviz-{place.port}"  # cookies know no ports

    def judge(self, request: HTTPServerRequest) -> Notice | None:
        """What a request gets instead of what it asks for; None if it may pass."""
        headers = request.headers
        host = headers.get("Host", "").lower()
        if _without_port(host) not in self._hosts or len(headers.get_list("Host")) != 1:
            return notice.WRONG_HOST
        if not _of_this_site(headers.get("Origin"), host):
            return notice.WRONG_ORIGIN
        is_page = request.path == PAGE and request.method == "GET"
        # A frame or an image on some other site, which would start a kernel.
        elsewhere = headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
        if elsewhere and not (is_page and headers.get("Sec-Fetch-Dest") == "document"):
            return notice.WRONG_ORIGIN
        if self._token:
            shown = self._shown(request)
            if is_page and shown and self._is_token(shown):
                return self._welcome(request)
            if not (self._has_cookie(headers.get("Cookie", "")) or self._given(request)):
                return notice.NO_TOKEN
        if any(
            request.method == method and path.fullmatch(request.path) for method, path in _ROUTES
        ):
            return None
        return notice.NOT_FOUND

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

    def _given(self, request: HTTPServerRequest) -> bool:
        found = _GIVEN.fullmatch(request.headers.get("Authorization", ""))
        return found is not None and self._is_token(found[1])

    def _is_token(self, text: str) -> bool:
        return len(text) <= LONGEST_TOKEN and hmac.compare_digest(
            text.encode(errors="replace"), self._token.encode()
        )

    def _has_cookie(self, header: str) -> bool:
        try:
            found = SimpleCookie(header).get(self.cookie_name)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(
            found.value.encode(errors="replace"), self._cookie.encode()
        )


class Doorman(Router):
    """The door in front of an application.

    Parameters
    ----------
    judge
        As `Door.judge`.
    inside
        What those who pass get.
    """

    def __init__(
        self, judge: Callable[[HTTPServerRequest], Notice | None], inside: Application
    ) -> None:
        self._judge, self._inside = judge, inside
        self._own = Application(log_function=lambda _handler: None)

    def find_handler(
        self, request: HTTPServerRequest, **_kwargs: Any
    ) -> HTTPMessageDelegate | None:
        """Who answers a request."""
        answer = self._judge(request)
        if answer is None:
            return self._inside.find_handler(request)
        return self._own.get_handler_delegate(request, Answer, {"answer": answer})


class Answer(RequestHandler):
    """A notice, whatever the method."""

    def initialize(self, answer: Notice) -> None:
        """Take what to say."""
        self._answer = answer

    def prepare(self) -> None:
        """Say it before anything else is looked at."""
        say(self, self._answer)


def say(handler: RequestHandler, answer: Notice) -> None:
    """Answer with a notice."""
    handler.set_status(answer.status)
    handler.clear_header("Server")
    for name, value in {**notice.HEADERS, **answer.headers}.items():
        handler.set_header(name, value)
    handler.finish(answer.page)


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
