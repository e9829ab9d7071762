"""What visitors send can't fill memory, log or disk, or stop the page, over real sockets."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.attacks import Attacker, crafted, frame
from benchmarks.hostile import GROWTH, hour
from benchmarks.hostile import served as page_served
from benchmarks.server import LEAVE_LIMIT, kernels, own_memory
from benchmarks.visitor import Visitor, packed
from tests.sampling import FULL, sampled
from tests.serving.client import ask, raw, refused
from tests.serving.conftest import JUPYTER, Server, Start
from tests.waiting import until

MIB = 2**20
HOSTILE, SETTLES = sampled((30.0, 0.0), (600.0, 45.0))


@pytest.mark.process
def test_a_websocket_that_does_not_speak_the_one_protocol_is_refused_and_the_page_is_served(
    public: Server,
):
    async def try_it() -> None:
        visitor = Visitor(public.address)
        await visitor.arrive()
        path = f"/api/kernels/{visitor.kernel}/channels?session_id=1"
        for protocols in ((), ("v2.kernel.websocket.jupyter.org",), ("",)):
            assert await refused(public, path, protocols) == 400
        await visitor.leave(beacon=True)
        assert await page_served(public.address) < 30

    asyncio.run(try_it())


@pytest.mark.parametrize("session", ["", "%00", "x" * 300, "a&session_id=b", "%F0%9F%98%80", "a/b"])
def test_a_websocket_whose_session_has_no_fit_name_is_refused(public: Server, session: str):
    async def try_it() -> None:
        visitor = Visitor(public.address)
        await visitor.arrive()
        path = f"/api/kernels/{visitor.kernel}/channels"
        assert await refused(public, f"{path}?session_id={session}") == 400
        assert await refused(public, path) == 400
        await visitor.leave(beacon=True)

    asyncio.run(try_it())


def test_bokehjs_is_a_file_that_a_browser_keeps(public: Server):
    import bokeh

    status, body, headers = ask(public, f"/mpviz/bokeh/{bokeh.__version__}/bokeh.min.js")
    assert status == 200
    assert len(body) > 500_000
    assert "max-age" in headers["Cache-Control"]
    assert ask(public, "/mpviz/bokeh/../bokeh.min.js")[0] == 404


def test_a_page_that_asks_for_much_and_reads_nothing_takes_little_memory(public: Server):
    async def try_it() -> int:
        visitor = Visitor(public.address)
        await visitor.arrive()
        before = own_memory(public.pid)
        comms = [one for one, state in visitor.states.items() if "bokeh_version" in state]
        assert visitor._socket is not None
        stream = visitor._socket.protocol.stream
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.io_loop.remove_handler(stream.fileno())  # nothing is read from here on
        peak = 0
        for number in range(300):
            data = {"method": "custom", "content": {"type": "bokehjs"}}
            if number % 3 == 0:
                data = {"method": "request_states"}
            message = packed("comm_msg", {"comm_id": comms[number % len(comms)], "data": data})
            with suppress(OSError):
                stream.socket.send(frame(2, message))
            await asyncio.sleep(0.02)
            peak = max(peak, own_memory(public.pid))
        stream.close()
        await asyncio.sleep(1)
        await visitor.fetch(
            f"{visitor.home}/voila/api/shutdown/{visitor.kernel}?_xsrf={visitor.cookies['_xsrf']}",
            method="POST",
            body="",
        )
        return peak - before

    assert asyncio.run(try_it()) < 100 * MIB


def test_traits_that_no_reader_sets_do_not_fill_a_kernel(public: Server):
    async def try_it() -> int:
        visitor = Visitor(public.address)
        await visitor.arrive()
        (kernel,) = kernels(public.pid)
        before = kernel.memory_info().rss
        layouts = [
            one for one, s in visitor.states.items() if s.get("_model_name") == "LayoutModel"
        ]
        for number in range(80):
            data = {"method": "update", "state": {"grid_area": "x" * 900_000}, "buffer_paths": []}
            await visitor.say("comm_msg", {"comm_id": layouts[number], "data": data})
        await visitor.say("comm_info_request", {})
        await asyncio.sleep(3)
        grown = kernel.memory_info().rss - before
        await visitor.leave(beacon=True)
        return int(grown)

    assert asyncio.run(try_it()) < 40 * MIB


SMALL = (
    "import signal, sys; from mpviz.serving import app, options, server;"
    "signal.signal(signal.SIGUSR1, lambda *_: setattr(app, 'MEMORY_PUBLIC', 32 * 2**20));"
    "here = options.serve_options("
    "int(sys.argv[1]), public=True, ip='127.0.0.1', token='a' * 20);"
    "server.serve(here, lambda: print('ready', flush=True))"
)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.process
def test_a_kernel_over_its_memory_is_ended_and_its_page_is_told_why(
    tmp_path: Path, long_lived: set[int]
):
    port = free_port()
    own = {name: str(tmp_path / name.lower()) for name in JUPYTER}
    server = subprocess.Popen(
        [sys.executable, "-c", SMALL, str(port)], stdout=subprocess.PIPE, env=os.environ | own
    )
    long_lived.add(server.pid)

    async def try_it() -> tuple[int | None, str | None]:
        visitor = Visitor(f"http://localhost:{port}/?token={'a' * 20}")
        await visitor.arrive()
        server.send_signal(signal.SIGUSR1)
        assert visitor._reader is not None
        await asyncio.wait_for(visitor._reader, 30)
        connection = visitor._socket
        assert connection is not None
        return connection.close_code, connection.close_reason

    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        code, reason = asyncio.run(try_it())
        until(lambda: kernels(server.pid) == [])
    finally:
        server.terminate()
        server.communicate(timeout=30)
        long_lived.discard(server.pid)
    assert (code, reason) == (4000, "it took more than the 32 MiB of memory that a page may have")


@pytest.mark.process
def test_plain_voila_in_the_checkout_is_not_pressed_by_another_site(
    tmp_path: Path, long_lived: set[int], top: Path
):
    port = free_port()
    own = {name: str(tmp_path / name.lower()) for name in JUPYTER} | {"TMPDIR": str(tmp_path)}
    program = str(Path(sys.executable).parent / "voila")
    voila = subprocess.Popen(
        [program, "dashboard.ipynb", "--no-browser", f"--port={port}"],
        cwd=top,
        env=os.environ | own,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    long_lived.add(voila.pid)
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}
    there = Server(f"http://localhost:{port}/?token=none", voila.pid, tmp_path)
    try:
        until(lambda: listens(port), 30)
        for headers in ({"Host": f"evil.example:{port}"}, image, {"Origin": "http://evil.example"}):
            assert ask(there, "/", **headers)[0] == 403
            assert kernels(voila.pid) == []
        assert ask(there, "/")[0] == 200
    finally:
        voila.terminate()
        voila.wait(30)
        long_lived.discard(voila.pid)


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.process
def test_what_strangers_send_is_hardly_logged(start: Start):
    with start("--kernels", "2") as server:
        attacker = Attacker(server.address, 10, 1)
        header = '{"msg_type": "comm_msg"}'.encode("utf-16")

        async def frames() -> None:
            visitor = Visitor(server.address)
            await visitor.arrive()
            tries = crafted(attacker.rng, list(visitor.states))
            for _ in range(60):
                message = frame(2, next(tries))
                with suppress(Exception):
                    await visitor.send(message)
                with suppress(Exception):
                    await visitor.send(packed("comm_info_request", {})[:100] + header)
            await visitor.leave()

        asyncio.run(frames())
        for number in range(100):
            for folder in ("/voila/static", "/voila/labextensions/anywidget/static"):
                ask(server, f"{folder}/{number}.js")
            ask(server, f"/voila/templates/mpviz/static/{number}.css")
            ask(server, "/api/kernels/" + "0" * 8 + "-0000-0000-0000-" + "0" * 12)
        raw(server, b"GET / HTTP/1.1\r\nX: " + "x".encode("utf-16") * 900 + b"\r\n\r\n")
        assert server.errors.stat().st_size < 2000, server.errors.read_text()[:3000]


def test_what_is_not_there_is_said_in_words_of_ours(public: Server):
    for folder in ("/voila/static", "/voila/labextensions/anywidget/static"):
        status, body, _ = ask(public, f"{folder}/nothing.js")
        assert status in (403, 404)
        assert b"There is one page" in body


def test_every_cookie_stays_on_this_site(public: Server):
    async def try_it() -> list[str]:
        visitor = Visitor(public.address)
        given = []
        for _ in range(2):
            answer = await visitor.fetch(public.address, headers={})
            given += answer.headers.get_list("Set-Cookie")
            visitor.page = answer.body.decode()
        found = re.search(r'"kernelId":\s*"([0-9a-f-]{36})"', visitor.page)
        assert found is not None
        visitor.kernel = found[1]
        await visitor.leave(beacon=True)
        return given

    given = asyncio.run(try_it())
    assert any(one.startswith("username-") for one in given)
    assert all("SameSite=Lax" in one for one in given), given


@pytest.mark.process
def test_a_killed_server_leaves_no_folder(tmp_path: Path, long_lived: set[int]):
    port = free_port()
    own = {name: str(tmp_path / name.lower()) for name in JUPYTER} | {"TMPDIR": str(tmp_path)}
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / "mpviz"), "serve", "--port", str(port)],
        stdout=subprocess.PIPE,
        env=os.environ | own,
    )
    long_lived.add(server.pid)
    assert server.stdout is not None
    server.stdout.readline()
    assert len(list(tmp_path.glob("voila_*"))) == 1
    server.send_signal(signal.SIGKILL)
    server.communicate(timeout=30)
    until(lambda: list(tmp_path.glob("voila_*")) == [])
    long_lived.discard(server.pid)


def test_half_open_connections_of_ones_own_address_keep_nobody_out(public: Server):
    port = int(public.host.rpartition(":")[2])
    held = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(600)]
    try:
        assert ask(public, "/voila/static/voila.js")[0] == 200
    finally:
        for one in held:
            one.close()


def test_a_flood_of_empty_frames_stops_nobody(public: Server):
    async def try_it() -> float:
        visitor = Visitor(public.address)
        await visitor.arrive()
        assert visitor._socket is not None
        stream = visitor._socket.protocol.stream
        with suppress(OSError):
            stream.socket.setblocking(True)
            stream.socket.settimeout(1)
            stream.socket.sendall(frame(2, b"x", first=0) + frame(0, b"", first=0) * 200_000)
        began = time.monotonic()
        await asyncio.to_thread(ask, public, "/nowhere")
        seconds = time.monotonic() - began
        stream.close()
        return seconds

    assert asyncio.run(try_it()) < 20
    until(lambda: kernels(public.pid) == [], LEAVE_LIMIT)


def test_a_page_that_floods_its_kernel_waits_for_it(public: Server):
    async def try_it() -> int:
        visitor = Visitor(public.address)
        await visitor.arrive()
        (kernel,) = kernels(public.pid)
        kernel.suspend()
        before = own_memory(public.pid) + kernel.memory_info().rss
        text = visitor.find("Your numbers, one a line") or next(iter(visitor.states))
        data = {"method": "update", "state": {"value": "5\n" * 200_000}, "buffer_paths": []}
        for _ in range(60):
            with suppress(Exception):
                sent = visitor.say("comm_msg", {"comm_id": text, "data": data})
                await asyncio.wait_for(sent, 0.5)
        grown = own_memory(public.pid) + kernel.memory_info().rss - before
        kernel.resume()
        await visitor.leave()
        return int(grown)

    assert asyncio.run(try_it()) < 30 * MIB
    until(lambda: kernels(public.pid) == [], LEAVE_LIMIT)


@pytest.mark.process
@pytest.mark.timeout(1200)
def test_hostile_clients_leave_the_page_served_and_the_server_as_it_was(
    tmp_path: Path, long_lived: set[int]
):
    own = {name: str(tmp_path / name.lower()) for name in JUPYTER}
    report = hour(HOSTILE, settle=SETTLES, environment=own, on_start=long_lived.add)
    print(report)
    assert report.failed == []
    assert len(report.served) > HOSTILE / 20  # on a quiet machine one in some eight seconds
    assert report.random > report.crafted > 0
    assert report.kernels_left == 0
    assert len(report.log) < 100_000
    if FULL:  # how fast this machine is, and what the allocator keeps of half a minute, is no fault
        assert report.well
        assert report.growth <= GROWTH
