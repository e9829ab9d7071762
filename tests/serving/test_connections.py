"""Connections: which are closed to make room, and which because their client does not read."""

import asyncio
import resource
import socket
import subprocess
import sys

import pytest
from tornado.iostream import StreamClosedError

from mpviz.serving import connections, streams
from mpviz.serving.connections import Connections
from mpviz.serving.streams import BoundedStream


class Connection:
    """A stream, as far as `Connections` knows it."""

    def __init__(self) -> None:
        self.gone = False

    def closed(self) -> bool:
        return self.gone

    def close(self) -> None:
        self.gone = True


def added(known: Connections, address: str, count: int = 1) -> list[Connection]:
    found = [Connection() for _ in range(count)]
    assert all(known.add(one, address) for one in found)
    return found


def test_the_oldest_stranger_of_an_address_makes_room_for_the_next():
    known = Connections(most=100, each=3)
    first = added(known, "192.0.2.1", 3)
    other = added(known, "192.0.2.2")
    added(known, "192.0.2.1")
    assert [one.gone for one in first + other] == [True, False, False, False]
    assert len(known) == 4


def test_who_was_let_in_makes_no_room():
    known = Connections(most=100, each=2)
    first = added(known, "192.0.2.1", 2)
    for one in first:
        known.trust(one, "192.0.2.1")
    assert not known.add(Connection(), "192.0.2.1")
    assert not any(one.gone for one in first)
    first[0].close()
    added(known, "192.0.2.1")


def test_where_all_is_full_the_address_with_most_connections_makes_room():
    known = Connections(most=10, each=9)
    many = added(known, "192.0.2.1", 9)
    few = added(known, "192.0.2.2", 1)
    added(known, "192.0.2.3", 1)
    assert [one.gone for one in many] == [True] + [False] * 8
    assert not few[0].gone
    assert len(known) == 10


def test_what_is_closed_is_not_counted():
    known = Connections(most=10, each=9)
    for one in added(known, "192.0.2.1", 9):
        one.close()
    known.forget_closed()
    assert len(known) == 0


def pair() -> tuple[BoundedStream, socket.socket]:
    here, there = socket.socketpair()
    here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return BoundedStream(here), there


def test_a_connection_that_is_not_read_is_closed_before_it_holds_much():
    async def try_it() -> None:
        stream, there = pair()
        with there:
            while stream.unread <= streams.MOST_UNREAD + 2**20:
                stream.write(b"x" * 2**20).cancel()
            with pytest.raises(StreamClosedError):
                stream.write(b"x")
            assert stream.closed()
        assert stream.unread == 0

    asyncio.run(try_it())


def test_one_message_may_be_large():
    async def try_it() -> int:
        stream, there = pair()
        there.setblocking(False)
        with there:
            written = stream.write(b"x" * 4 * streams.MOST_UNREAD)
            read = 0
            while not written.done():
                read += len(await asyncio.get_running_loop().sock_recv(there, 2**20))
                await asyncio.sleep(0)
            stream.close()
            return read

    assert asyncio.run(try_it()) > streams.MOST_UNREAD


def test_what_follows_a_large_message_does_not_close_its_connection():
    async def try_it() -> None:
        stream, there = pair()
        with there:
            stream.write(b"x" * 4 * streams.MOST_UNREAD).cancel()
            for _ in range(100):
                stream.write(b"that was all").cancel()
            assert not stream.closed()
            stream.write(b"x" * 4 * streams.MOST_UNREAD).cancel()
            with pytest.raises(StreamClosedError):
                stream.write(b"x")
            assert stream.closed()

    asyncio.run(try_it())


def test_what_reads_nothing_for_long_is_stuck_and_what_reads_slowly_is_not():
    async def try_it() -> None:
        stream, there = pair()
        with there:
            stream.write(b"x" * 2**20).cancel()
            now = stream._read_at
            assert not stream.is_stuck(now + 1)
            assert stream.is_stuck(now + 1 + streams.READ_TIMEOUT + 1)
            there.recv(2**16)
            await asyncio.sleep(0.1)
            assert not stream.is_stuck(now + 2 + streams.READ_TIMEOUT + 1)
            stream.close()

    asyncio.run(try_it())


PROGRAM = """
import asyncio, resource, socket, sys
from mpviz.serving.connections import BoundedServer, Connections
from mpviz.serving.log import install
async def main():
    install()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    listener.setblocking(False)
    server = BoundedServer(lambda request: None)
    server.open(listener, Connections(10_000, 10_000))
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    print(listener.getsockname()[1], flush=True)
    await asyncio.sleep(4)
    print("alive", flush=True)
asyncio.run(main())
"""


def test_without_file_descriptors_it_says_so_once_and_accepts_again_later():
    server = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    port = int(server.stdout.readline())
    made = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    said, errors = server.communicate(timeout=30)
    for one in made:
        one.close()
    assert said.strip() == "alive"
    assert errors.count("No connection can be accepted (EMFILE)") == 1
    assert len(errors) < 300


def test_the_limit_of_open_files_is_raised_and_leaves_room_for_kernels():
    program = (
        "import resource; hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1];"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, min(hard, 4096)));"
        "from mpviz.serving.connections import connections_beside;"
        "found = connections_beside(20); print(found.most, found.each,"
        " resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096:
        pytest.skip("this system allows few open files")
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    most, each, limit = map(int, out.stdout.split())
    assert limit == 4096
    assert most + 20 * connections.EACH_KERNEL <= limit
    assert each <= most / 4
