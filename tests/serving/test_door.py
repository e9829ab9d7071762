"""The door: who passes, and what the others get."""

import time

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from mpviz.serving import notice
from mpviz.serving.door import Door
from mpviz.serving.options import ServeOptions, serve_options

TOKEN = "abcdefghijklmnopqrstuvwxyz"
KERNEL = "0f8fad5b-d9cb-469f-a165-70867728950e"
PUBLIC = serve_options(8866, public=True, ip="127.0.0.1", token=TOKEN, hosts=["class.example"])
HOME = ServeOptions(8866)


def asked(uri: str, method: str = "GET", **headers: str) -> HTTPServerRequest:
    given = {"Host": "localhost:8866", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return HTTPServerRequest(
        start_line=RequestStartLine(method, uri, "HTTP/1.1"),
        headers=HTTPHeaders({k: v for k, v in given.items() if v or k != "Host"}),
        connection=Any(),
    )


class Any:
    """A connection, of which the request asks little."""

    context = None


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def door() -> Door:
    return Door(PUBLIC)


def judged(door: Door, uri: str, method: str = "GET", **headers: str):
    return door.judge(asked(uri, method, **{"Authorization": f"token {TOKEN}", **headers}))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/?step=5"),
        ("GET", f"/api/kernels/{KERNEL}"),
        ("GET", f"/api/kernels/{KERNEL}/channels?session_id=1"),
        ("POST", f"/voila/api/shutdown/{KERNEL}?_xsrf=1"),
        ("GET", "/voila/static/voila.js"),
        ("GET", "/voila/static/8135.voila.js?v=1"),
        ("GET", "/voila/templates/mpviz/static/index.css"),
        ("GET", "/voila/labextensions/anywidget/static/remoteEntry.698dcaf7.js"),
        ("GET", "/voila/labextensions/@jupyter-widgets/jupyterlab-manager/static/7.2a.js"),
        ("GET", "/mpviz/bokeh/3.9.2/bokeh.min.js"),
    ],
)
def test_what_the_page_needs_is_there(door, method, path):
    assert judged(door, path, method) is None
    assert Door(HOME).judge(asked(path, method)) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, "/") for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")),
        ("GET", "/voila/files/dashboard.ipynb"),
        ("GET", "/voila/render/dashboard.ipynb"),
        ("GET", "/voila/tree"),
        ("GET", "/dashboard.ipynb"),
        ("GET", "/api/kernels"),
        ("POST", "/api/kernels"),
        ("DELETE", f"/api/kernels/{KERNEL}"),
        ("POST", f"/api/kernels/{KERNEL}/restart"),
        ("POST", f"/api/kernels/{KERNEL}/channels"),
        ("GET", "/api/contents"),
        ("GET", "/api/sessions"),
        ("GET", "/api/terminals"),
        ("GET", f"/voila/query/{KERNEL}"),
        ("GET", f"/voila/execution/{KERNEL}"),
        ("GET", "/voila/api/themes/x/y.css"),
        ("GET", "/login"),
        ("GET", "/voila/labextensions/other/static/a.js"),
        ("GET", "/voila/labextensions/anywidget/package.json"),
        ("GET", "/voila/templates/reveal/static/a.js"),
        ("GET", "//"),
        ("GET", "/%2e%2e/"),
    ],
)
def test_all_else_is_not(door, method, path):
    assert judged(door, path, method) is notice.NOT_FOUND


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8866", "localhost.evil.example", "192.0.2.1", "localhost:x",
     "localhost:8866:8866"],
)  # fmt: skip
def test_another_name_is_refused_at_home_too(door, host):
    assert judged(door, "/", Host=host) is notice.WRONG_HOST
    assert Door(HOME).judge(asked("/", Host=host)) is notice.WRONG_HOST


@pytest.mark.parametrize("host", ["LOCALHOST:8866", "127.0.0.1", "[::1]:8866", "class.example:80"])
def test_a_name_that_is_ours_passes(door, host):
    assert judged(door, "/", Host=host) is None


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost:1234", "file://", "http://localhost:8866.e",
     "http://[", "https://localhost:8866@evil.example"],
)  # fmt: skip
def test_another_sites_page_is_refused_with_the_token_and_without(door, origin):
    for path in ("/", f"/api/kernels/{KERNEL}/channels"):
        assert judged(door, path, Origin=origin) is notice.WRONG_ORIGIN
        assert Door(HOME).judge(asked(path, Origin=origin)) is notice.WRONG_ORIGIN


def test_its_own_page_passes_also_behind_a_proxy_that_speaks_tls(door):
    channels = f"/api/kernels/{KERNEL}/channels"
    assert judged(door, channels, Origin="http://localhost:8866") is None
    assert judged(door, channels, Host="class.example", Origin="https://class.example") is None


def test_another_sites_link_may_lead_here_but_no_image_or_frame_starts_a_kernel():
    home = Door(HOME)
    for what, fine in (("document", True), ("iframe", False), ("image", False), ("empty", False)):
        request = asked("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest=what)
        assert (home.judge(request) is None) is fine


@pytest.mark.parametrize("path", ["/", f"/api/kernels/{KERNEL}", "/voila/static/voila.js", "/x"])
@pytest.mark.parametrize(
    "shown",
    ["", "token wrong", f"token {TOKEN}x", f"token {TOKEN[:-1]}", "token é", f"Basic {TOKEN}",
     "token " + "x" * 10_000],
)  # fmt: skip
def test_without_the_token_nothing_is_there(door, path, shown):
    assert judged(door, path, Authorization=shown) is notice.NO_TOKEN
    cookie = f"{door.cookie_name}={shown.replace(' ', '')}"
    assert judged(door, path, Authorization="", Cookie=cookie) is notice.NO_TOKEN


@pytest.mark.parametrize("query", ["token=", "token=wrong", f"token={TOKEN}x", f"Token={TOKEN}"])
def test_a_wrong_token_in_the_address_is_none(door, query):
    assert judged(door, f"/?{query}", Authorization="") is notice.NO_TOKEN


def test_the_token_is_exchanged_for_a_cookie_and_leaves_the_address(door):
    welcome = judged(door, f"/?step=5&token={TOKEN}&workers=2", Authorization="")
    assert (welcome.status, welcome.headers["Location"]) == (302, "/?step=5&workers=2")
    cookie = welcome.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in cookie
    shown = cookie.partition(";")[0]
    assert judged(door, "/", Authorization="", Cookie=shown) is None
    assert judged(Door(PUBLIC), "/", Authorization="", Cookie=shown) is notice.NO_TOKEN


def test_who_guesses_is_slowed_and_a_right_guess_is_then_not_told_from_a_wrong_one():
    clock = Clock()
    door = Door(PUBLIC, clock)
    answers = [judged(door, f"/?token=guess{n}", Authorization="") for n in range(30)]
    assert answers == [notice.NO_TOKEN] * 20 + [notice.TOO_MANY_GUESSES] * 10
    assert judged(door, f"/?token={TOKEN}", Authorization="") is notice.TOO_MANY_GUESSES
    assert judged(door, "/voila/static/voila.js") is notice.TOO_MANY_GUESSES
    clock.now += 2
    assert judged(door, f"/?token={TOKEN}", Authorization="").status == 302


def test_who_was_let_in_stays_in_while_others_guess():
    door = Door(PUBLIC, Clock())
    shown = judged(door, f"/?token={TOKEN}").headers["Set-Cookie"].partition(";")[0]
    for n in range(30):
        judged(door, f"/?token=guess{n}", Authorization="")
    assert judged(door, "/", Authorization="", Cookie=shown) is None
    assert judged(door, f"/?token={TOKEN}", Authorization="", Cookie=shown) is None


@pytest.mark.parametrize("where", ["", "; ", "a=1; ", 'a="\\'])
def test_the_cookie_is_found_among_others(door, where):
    shown = judged(door, f"/?token={TOKEN}").headers["Set-Cookie"].partition(";")[0]
    found = judged(door, "/", Authorization="", Cookie=f"{where}{shown}; b=2")
    assert (found is None) is (where != 'a="\\')


def test_a_header_of_cookies_takes_no_time_that_grows_with_its_square(door):
    began = time.process_time()
    for _ in range(100):
        judged(door, "/", Authorization="", Cookie=f'{door.cookie_name}="' + "\\0" * 8000 + '"')
    assert time.process_time() - began < 5


@pytest.mark.parametrize("uri", ["/?\x00", "/?é", "/? x", "/\x7f", "/?" + "x" * 10_000])
def test_an_address_that_no_browser_asks_for_is_refused(door, uri):
    assert judged(door, uri) is notice.BAD_ADDRESS
    assert Door(HOME).judge(asked(uri)) is notice.BAD_ADDRESS


def test_notices_are_complete_in_themselves():
    for one in (notice.WRONG_HOST, notice.NO_TOKEN, notice.NOT_FOUND, notice.no_place(20)):
        assert "http://" not in one.page.replace("http://www.w3.org/2000/svg", "")
        assert "<script" not in one.page
    assert "20 pages are open" in notice.no_place(20).page
    assert 'content="10"' in notice.no_place(1).page
