"""Who leaves, however it happens, leaves nothing; who stays is not disturbed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

import psutil
import pytest

from benchmarks.server import LEAVE_LIMIT, kernels, runs
from benchmarks.visitor import PROTOCOL, Busy, Visitor
from mpviz.serving.visits import LEAVE
from tests.serving.conftest import Server, Start
from tests.waiting import until as wait_until

LONG = "400\n" * 100  # milliseconds of sleep: a run of 40 s


async def start_long_run(visitor: Visitor, server: Server) -> None:
    """A run that would go on for long."""
    await visitor.arrive()
    await visitor.choose("Workload", "sleep")
    await visitor.choose("Input set", "Paste numbers…")
    await visitor.set("Your numbers, one a line", value=LONG)
    await visitor.press("Run")
    await until(lambda: len(runs(server.pid)) >= 2)


async def until(so: Callable[[], bool], limit: float = LEAVE_LIMIT) -> float:
    """The seconds until something is so."""
    began = time.monotonic()
    while not so():
        assert time.monotonic() - began < limit
        await asyncio.sleep(0.1)
    return time.monotonic() - began


async def says_goodbye(visitor: Visitor) -> None:
    await visitor.leave(beacon=True)


async def closes(visitor: Visitor) -> None:
    await visitor.leave()


async def is_cut_off(visitor: Visitor) -> None:
    # As when the network is gone: the connection stays open, and nobody answers on it.
    host, _, port = urlsplit(visitor.home).netloc.rpartition(":")
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    dead = socket.create_connection((host, int(port)))
    dead.sendall(
        f"GET /api/kernels/{visitor.kernel}/channels?session_id=dead HTTP/1.1\r\n"
        f"Host: {host}:{port}\r\nCookie: {cookies}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert (await asyncio.to_thread(dead.recv, 100)).startswith(b"HTTP/1.1 101")
    await visitor.leave()
    visitor.dead = dead  # type: ignore[attr-defined]  # open for as long as the visitor is known


@pytest.mark.slow
@pytest.mark.parametrize(
    ("leaves", "limit"), [(says_goodbye, 5), (closes, LEAVE + 8), (is_cut_off, 45)]
)
def test_a_page_that_is_left_in_the_middle_of_a_run_leaves_nothing(
    public: Server, leaves: Callable[[Visitor], Awaitable[None]], limit: float
):
    async def try_it() -> float:
        visitor = Visitor(public.address)
        await start_long_run(visitor, public)
        of_the_run = runs(public.pid)
        await leaves(visitor)
        took = await until(lambda: not kernels(public.pid))
        await until(lambda: not any(alive(one) for one in of_the_run), 2)
        if hasattr(visitor, "dead"):
            visitor.dead.close()
        return took

    took = asyncio.run(try_it())
    print(f"{leaves.__name__}: freed after {took:.1f} s")
    assert took < limit


def alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def test_a_page_that_never_connects_is_freed_when_its_request_is_broken_off(public: Server):
    head = f"GET / HTTP/1.1\r\nHost: {public.host}\r\nAuthorization: token {public.token}\r\n\r\n"
    host, _, port = public.host.rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
        wait_until(lambda: len(kernels(public.pid)) == 1, 30)
    print(
        f"broken off: freed after {wait_until(lambda: not kernels(public.pid), LEAVE_LIMIT):.1f} s"
    )


def test_a_kernel_that_dies_frees_its_place_and_its_page_is_told(public: Server):
    async def try_it() -> None:
        visitor = Visitor(public.address)
        await visitor.arrive()
        kernels(public.pid)[0].kill()
        assert visitor._reader is not None
        await asyncio.wait_for(visitor._reader, 30)
        assert (await visitor.fetch(f"{visitor.home}/api/kernels/{visitor.kernel}")).code == 404
        assert kernels(public.pid) == []
        await visitor.leave()

    asyncio.run(try_it())


@pytest.mark.slow
def test_who_finds_all_places_taken_is_told_and_gets_in_when_somebody_leaves(start: Start):
    async def try_it(server: Server) -> None:
        first, second, third = (Visitor(server.address) for _ in range(3))
        await asyncio.gather(first.arrive(), second.arrive())
        answer = await third.fetch(server.address)
        assert answer.code == 503
        assert answer.headers["Retry-After"] == "10"
        page = answer.body.decode()
        assert "2 pages are open" in page
        assert 'http-equiv="refresh"' in page
        with pytest.raises(Busy):
            await third.arrive()
        assert len(kernels(server.pid)) == 2
        await second.leave(beacon=True)
        await until(lambda: len(kernels(server.pid)) == 1)
        await asyncio.sleep(1.5)
        await third.arrive()
        await first.leave(beacon=True)
        await third.leave(beacon=True)

    with start("--kernels", "2") as server:
        asyncio.run(try_it(server))


@pytest.mark.slow
def test_a_page_that_is_open_and_not_used_is_ended_where_that_is_wanted(start: Start):
    async def try_it(server: Server) -> None:
        visitor = Visitor(server.address)
        await visitor.arrive()
        for _ in range(4):
            await asyncio.sleep(1)
            await visitor.say("comm_info_request", {})
        assert len(kernels(server.pid)) == 1
        assert visitor._reader is not None
        await asyncio.wait_for(visitor._reader, 20)
        await until(lambda: not kernels(server.pid))
        await visitor.leave()

    with start("--idle", "3") as server:
        asyncio.run(try_it(server))


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_kernel_and_no_run_outlives_the_server(start: Start, signum: int):
    async def try_it(server: Server) -> list[psutil.Process]:
        visitor = Visitor(server.address)
        await start_long_run(visitor, server)
        of_the_server = psutil.Process(server.pid).children(recursive=True)
        os.kill(server.pid, signum)
        assert visitor._reader is not None
        await asyncio.wait_for(visitor._reader, 20)
        await visitor.leave()
        return of_the_server

    with start() as server:
        left = asyncio.run(try_it(server))
        wait_until(lambda: not any(alive(one) for one in left), 5)


@pytest.mark.slow
def test_at_home_too_a_page_that_is_left_is_freed(long_lived: set[int], tmp_path):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    from benchmarks.server import MPVIZ

    command = [MPVIZ, "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    long_lived.add(process.pid)
    try:
        assert process.stdout is not None
        assert re.search(rf"http://localhost:{port}/ ", process.stdout.readline())
        with urllib.request.urlopen(f"http://localhost:{port}/", timeout=60) as answer:
            assert answer.status == 200
        assert len(kernels(process.pid)) == 1

        async def come_and_go() -> float:
            visitor = Visitor(f"http://localhost:{port}/")
            await visitor.arrive()
            await visitor.leave()
            return await until(lambda: len(kernels(process.pid)) == 1)

        assert asyncio.run(come_and_go()) < LEAVE + 8
        print(
            f"never connected: freed after {wait_until(lambda: not kernels(process.pid), 60):.1f} s"
        )
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
        long_lived.discard(process.pid)
