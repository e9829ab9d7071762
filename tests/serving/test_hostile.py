"""A hostile client, over real sockets: each thing it tries is refused, and nothing is started."""

from __future__ import annotations

import asyncio
import json
import re
import struct
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect

from benchmarks.server import kernels, runs
from benchmarks.visitor import PROTOCOL, Visitor, packed, wire
from tests.serving.client import ask, raw, refused
from tests.serving.conftest import Server

KERNEL = "0f8fad5b-d9cb-469f-a165-70867728950e"
STATIC = (
    "/voila/static",
    "/voila/templates/mpviz/static",
    "/voila/templates",
    "/voila/labextensions",
    "/voila/labextensions/anywidget/static",
    "/voila/labextensions/@jupyter-widgets/jupyterlab-manager/static",
    "/voila/files",
    "/voila/api/themes",
)
UP = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "....//", "..;/", "/../",
      "%c0%ae%c0%ae/", "./../")  # fmt: skip
SECRETS = (b"root:", b"[project]", b"nbformat", b"import ")


def test_the_page_itself_and_its_static_files_are_there(public: Server):
    status, body, _ = ask(public, "/voila/static/voila.js")
    assert status == 200
    assert len(body) > 1000
    assert kernels(public.pid) == []


@pytest.mark.parametrize("place", STATIC)
def test_no_static_route_leads_out_of_its_folder(public: Server, place: str):
    for up in UP:
        for target in ("etc/passwd", "pyproject.toml", "dashboard.ipynb", "src/mpviz/api.py"):
            for depth in (1, 4, 12):
                status, body, _ = ask(public, f"{place}/{up * depth}{target}")
                assert status in (403, 404), (place, up, target)
                assert not any(secret in body for secret in SECRETS)
    for target in ("//etc/passwd", "/%00", "/~root/.ssh/id_rsa", "/.git/config", "//", "/./x"):
        assert ask(public, place + target)[0] in (403, 404), target


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/voila/files/dashboard.ipynb"),
        ("GET", "/voila/render/dashboard.ipynb"),
        ("GET", "/voila/tree"),
        ("GET", "/dashboard.ipynb"),
        ("GET", "/api/kernels"),
        ("POST", "/api/kernels"),
        ("DELETE", f"/api/kernels/{KERNEL}"),
        ("GET", f"/api/kernels/{KERNEL}"),
        ("POST", f"/api/kernels/{KERNEL}/interrupt"),
        ("GET", "/api/contents/"),
        ("GET", "/api/kernelspecs"),
        ("GET", "/api/terminals"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("GET", "/logout"),
        ("POST", "/"),
        ("OPTIONS", "/"),
        ("TRACE", "/"),
        ("GET", "/voila/query/" + KERNEL),
    ],
)
def test_what_the_page_does_not_need_is_closed(public: Server, method: str, path: str):
    assert ask(public, path, method)[0] in (404, 405)
    assert kernels(public.pid) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "token wrong-wrong-wrong-wrong"},
        {"Authorization": "", "Cookie": "mpviz-8866=0; username-localhost=x"},
        {"Host": "evil.example"},
        {"Host": "localhost:1@evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_who_has_no_right_gets_no_kernel_and_no_file(public: Server, headers: dict[str, str]):
    for path in ("/", "/?token=wrong-wrong-wrong-wrong", "/voila/static/voila.js", "/nowhere"):
        status, body, _ = ask(public, path, **headers)
        assert status in (400, 403), path
        assert public.token.encode() not in body
    assert kernels(public.pid) == []


def test_a_request_without_a_name_or_with_two_is_refused(public: Server):
    for head in (
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01" * 100,
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ):
        answer = raw(public, head)
        assert answer == b"" or re.match(rb"HTTP/1.. 40[034]", answer), (head[:40], answer[:80])
    assert kernels(public.pid) == []


def test_a_large_body_is_not_even_read(public: Server):
    head = (
        f"POST /voila/api/shutdown/{KERNEL} HTTP/1.1\r\nHost: {public.host}\r\n"
        f"Authorization: token {public.token}\r\nContent-Length: 99999999\r\n\r\n"
    )
    assert not raw(public, head.encode() + b"x" * 200_000).startswith(b"HTTP/1.1 2")


def test_the_goodbye_is_refused_without_the_pages_own_token(public: Server):
    async def try_it() -> None:
        visitor = Visitor(public.address)
        await visitor.arrive()
        path = f"/voila/api/shutdown/{visitor.kernel}"
        for query in ("", "?_xsrf=", "?_xsrf=2|0|0|0"):
            assert (
                await visitor.fetch(visitor.home + path + query, method="POST", body="")
            ).code == 403
        assert len(kernels(public.pid)) == 1
        await visitor.leave(beacon=True)

    asyncio.run(try_it())


def test_a_websocket_is_refused_without_token_from_elsewhere_and_to_no_kernel(public: Server):
    async def try_it() -> None:
        visitor = Visitor(public.address)
        await visitor.arrive()
        path = f"/api/kernels/{visitor.kernel}/channels?session_id=1"
        assert await refused(public, path, Authorization="") == 403
        assert await refused(public, path, Authorization="token wrong-wrong-wrong-wrong") == 403
        assert await refused(public, path, Origin="http://evil.example") == 403
        assert await refused(public, path, Host="evil.example") == 403
        assert await refused(public, path.replace(visitor.kernel, KERNEL)) == 404
        assert await refused(public, path) == 101
        await visitor.leave(beacon=True)

    asyncio.run(try_it())


# What is tried over the websocket of a page: each a step, after which the page must be as before.
Step = Callable[[Visitor], Awaitable[None]]
MARKER = str(Path(tempfile.gettempdir()) / "hostile-marker")
CONTROLS = ("Workers", "Deadline, in seconds", "Chunk size", "Mechanism", "Input set", "Workload",
            "Your numbers, one a line")  # fmt: skip


def says(kind: str, content: object, channel: str = "shell") -> Step:
    return lambda visitor: visitor.send(packed(kind, content, channel=channel))


def sends(message: bytes | str) -> Step:
    return lambda visitor: visitor.send(message)


def sets(label: str, **state: object) -> Step:
    async def step(visitor: Visitor) -> None:
        await visitor.set(label, **state)
        await visitor.press("Run")

    return step


def to_button(content: object) -> Step:
    async def step(visitor: Visitor) -> None:
        data = {"method": "custom", "content": content}
        await visitor.say("comm_msg", {"comm_id": visitor.find("Run", "ButtonModel"), "data": data})

    return step


CODE = {"code": f"open({MARKER!r}, 'w').write('x')", "silent": False, "allow_stdin": False}
HUGE = "9" * 300_000
STEPS: dict[str, Step] = {
    "execute": says("execute_request", CODE),
    "execute on control": says("execute_request", CODE, "control"),
    "execute on stdin": says("input_reply", {"value": "1"}, "stdin"),
    "complete": says("complete_request", {"code": "op", "cursor_pos": 2}),
    "inspect": says("inspect_request", {"code": "open", "cursor_pos": 2, "detail_level": 1}),
    "debug": says("debug_request", {"command": "initialize"}, "control"),
    "shutdown": says("shutdown_request", {"restart": False}, "control"),
    "subshell": says("create_subshell_request", {}, "control"),
    "unknown target": says("comm_open", {"comm_id": "1", "target_name": "evil", "data": {}}),
    "own widget": says(
        "comm_open",
        {
            "comm_id": "2",
            "target_name": "jupyter.widget",
            "data": {"state": {"_model_module": "anywidget", "_model_name": "AnyModel"}},
        },
    ),
    "no comm": says("comm_msg", {"comm_id": "nobody", "data": {"method": "update", "state": {}}}),
    "no method": says("comm_msg", {"comm_id": ["x"], "data": 3}),
    "text": sends("{"),
    "old text": sends(
        json.dumps(
            {
                "header": {"msg_type": "execute_request", "msg_id": "1"},
                "channel": "shell",
                "parent_header": {},
                "metadata": {},
                "content": CODE,
            }
        )
    ),
    "no bytes": sends(b""),
    "endless offsets": sends((2**62).to_bytes(8, "little") * 4),
    "wild offsets": sends(struct.pack("<Q6Q", 6, 56, 2**62, 1, 2**63, 0, 7)),
    "deep": sends(wire("shell", b"[" * 200_000, b"{}", b"{}", b"{}")),
    "old binary": sends(struct.pack("!iI", 2**30, 1) + b"{}"),
    "workers": sets("Workers", max=99_999, value=99_999),
    "workers as text": sets("Workers", value="two"),
    "workers as list": sets("Workers", min=-9, value=[1]),
    "deadline": sets("Deadline, in seconds", max=1e9, value=1e9),
    "deadline below": sets("Deadline, in seconds", min=-5, value=-1),
    "deadline as text": sets("Deadline, in seconds", value="for ever"),
    "chunk size": sets("Chunk size", max=10**12, value=10**12),
    "mechanism": sets("Mechanism", _options_labels=["os.system"], index=0),
    "index beyond": sets("Mechanism", index=10**6),
    "input set": sets("Input set", _options_labels=["../../etc/passwd"], index=0),
    "workload": sets("Workload", _options_labels=["os:system"], index=0),
    "huge text": sets("Your numbers, one a line", value=HUGE),
    "click as text": to_button("click"),
    "click as list": to_button({"event": ["click"]}),
    "function": to_button({"event": "click", "function": "os:system", "code": CODE["code"]}),
}
# A run may start: the page is as it was, since what was sent is refused, or is not believed.
HARMLESS = {
    *("workers", "workers as text", "workers as list", "deadline", "deadline below"),
    *("deadline as text", "chunk size", "index beyond", "mechanism", "input set", "workload"),
    *("huge text", "function"),
}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_page_that_lies_starts_nothing_that_it_may_not(public: Server):
    async def try_it(visitor: Visitor, name: str, step: Step) -> list[str]:
        before = {label: dict(visitor.state(label)) for label in CONTROLS}
        await step(visitor)
        seen: list[str] = []
        for _ in range(40 if name in HARMLESS else 8):
            if runs(public.pid):
                break
            await asyncio.sleep(0.05)
        if runs(public.pid) and name not in HARMLESS:
            seen.append(f"{name}: a run was started")
        seen += beyond(name, public)
        if not any(process.is_running() for process in kernels(public.pid)):
            seen.append(f"{name}: the kernel is gone")
        while visitor.busy or runs(public.pid):
            await visitor.press("Cancel")
            await asyncio.sleep(0.2)
        for label, state in before.items():
            kept = ("min", "max", "_options_labels", "index", "value")
            await visitor.set(label, **{key: state[key] for key in kept if key in state})
        return seen

    async def all_of_them() -> list[str]:
        visitor = Visitor(public.address)
        await visitor.arrive()
        found = [line for name, step in STEPS.items() for line in await try_it(visitor, name, step)]
        await visitor.leave(beacon=True)
        return found

    assert asyncio.run(all_of_them()) == []
    assert well(public)


def beyond(name: str, server: Server) -> list[str]:
    """Processes that no step may have started: more workers than allowed, or what code would."""
    found = []
    if len(runs(server.pid)) > 8:
        found.append(f"{name}: {len(runs(server.pid))} processes of a run")
    with suppress(FileNotFoundError), open(MARKER):
        found.append(f"{name}: its code was run")
    return found


def test_a_message_beyond_the_limit_closes_the_socket_and_no_more(public: Server):
    async def try_it() -> None:
        visitor = Visitor(public.address)
        await visitor.arrive()
        with suppress(WebSocketClosedError):
            await visitor.send(packed("comm_msg", {"data": "x" * 9 * 2**20}))
        assert visitor._reader is not None
        await asyncio.wait_for(visitor._reader, 30)
        assert visitor._socket is not None
        visitor._socket.close()
        await visitor.join()  # the kernel has not heard of it
        await visitor.say("comm_info_request", {})
        await visitor.leave(beacon=True)

    asyncio.run(try_it())
    assert well(public)


def test_a_page_has_few_connections(public: Server):
    async def try_it() -> None:
        visitor = Visitor(public.address)
        await visitor.arrive()
        path = f"/api/kernels/{visitor.kernel}/channels?session_id="
        url = f"ws://{public.host}{path}"
        headers = {"Authorization": f"token {public.token}"}
        more = [
            await websocket_connect(
                HTTPRequest(f"{url}{n}", headers=headers), subprotocols=[PROTOCOL]
            )
            for n in range(3)
        ]
        assert await refused(public, f"{path}9") == 429
        for one in more:
            one.close()
        await visitor.leave(beacon=True)

    asyncio.run(try_it())


def well(server: Server) -> bool:
    """Whether a visitor finds all as it should be: a page, and a run that comes to its end."""

    async def visit() -> bool:
        visitor = Visitor(server.address)
        await visitor.arrive()
        await visitor.choose("Workload", "sleep")
        await visitor.choose("Input set", "Paste numbers…")
        await visitor.set("Your numbers, one a line", value="5\n5\n")
        await visitor.press("Run")
        await visitor.wait_for(lambda: "Done." in str(visitor.states))
        await visitor.leave(beacon=True)
        return psutil.pid_exists(server.pid)

    return asyncio.run(visit())
