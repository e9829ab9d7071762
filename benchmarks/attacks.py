"""What hostile clients do to a server on this machine, each for a while. Knows no measuring.

Every client connects to 127.0.0.1 only, from an address of its own in 127.0.0.0/8, holds no more
than `MOST_HELD` connections and ends by itself.

    python -m benchmarks.attacks frames http://localhost:8866/?token=… --seconds 60 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

from tornado.httpclient import HTTPClientError

from benchmarks.visitor import PROTOCOL, Busy, Visitor, packed, wire

RANDOM, CRAFTED = 10_000, 2_000  # frames of an hour
LEAST_FRAMES = 40  # a second's worth of work also in a short run
MOST_HELD = 150
HOLD = 5.0  # seconds that a connection is held
Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter


class Attacker:
    """A client that obeys nothing.

    Parameters
    ----------
    address
        The page's, with its token.
    seconds
        For how long it may go on.
    seed
        Of what it does, and of where it comes from.
    """

    def __init__(self, address: str, seconds: float, seed: int) -> None:
        parts = urlsplit(address)
        self.address, self.host, self.port = address, parts.netloc, parts.port or 80
        self.token = parse_qs(parts.query)["token"][0]
        self.source = f"127.0.1.{seed % 200 + 1}"
        self.rng = random.Random(seed)
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def going_on(self) -> bool:
        """Whether its time is not over."""
        return time.monotonic() < self._end

    async def connect(self) -> tuple[Reader, Writer]:
        """A connection."""
        return await asyncio.wait_for(
            asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.source, 0)), 10
        )

    def request(self, path: str, method: str = "GET", *more: str, host: str = "") -> bytes:
        """A request with the token."""
        lines = (f"{method} {path} HTTP/1.1", f"Host: {host or self.host}", *more)
        return ("\r\n".join(lines) + f"\r\nAuthorization: token {self.token}\r\n\r\n").encode()

    async def say(self, raw: bytes, read: int = 65_536) -> bytes:
        """Send something on a connection of its own; what is answered at first."""
        answer = b""
        with suppress(OSError, TimeoutError):
            reader, writer = await self.connect()
            with suppress(OSError, TimeoutError):
                writer.write(raw)
                answer = await asyncio.wait_for(reader.read(read), 10)
            writer.close()
        return answer


def frame(code: int, payload: bytes = b"", *, first: int = 0x80, mask: bool = True) -> bytes:
    """A frame of the websocket protocol, right or wrong; `first` holds FIN and the RSV bits."""
    size, masked = len(payload), 0x80 * mask
    head = bytes([first | code])
    if size < 126:
        head += bytes([masked | size])
    elif size < 2**16:
        head += bytes([masked | 126]) + struct.pack("!H", size)
    else:
        head += bytes([masked | 127]) + struct.pack("!Q", size)
    return head + (b"\0" * 4 if mask else b"") + payload  # a mask of zeros changes nothing


def crafted(rng: random.Random, comms: list[str], largest: int = 2**20) -> Iterator[bytes]:
    """Frames that each try something, over and over."""

    def told(data: object) -> bytes:
        return frame(2, packed("comm_msg", {"comm_id": rng.choice(comms), "data": data}))

    def update(**state: object) -> bytes:
        return told({"method": "update", "state": state, "buffer_paths": []})

    header, big = b'{"msg_type": "comm_msg"}', "x" * (largest - 2000)
    utf_16 = wire("shell", header.decode().encode("utf-16"), b"{}", b"{}", b"{}")
    layout = ("width", "height", "grid_area", "margin", "padding", "border_top", "max_width")
    tries: list[Callable[[], bytes]] = [
        lambda: frame(2, struct.pack("!iI", 2**30, 1) + b"{}"),
        lambda: frame(2, (2**62).to_bytes(8, "little") * 4),
        lambda: frame(2, struct.pack("<Q6Q", 6, 56, 2**62, 1, 2**63, 0, 7)),
        lambda: frame(2, wire("shell", header, b"{}", b"{}", b"[" * 200_000)),
        lambda: frame(2, wire("shell", header, b"{}", b"{}", b'"\\' * 200_000)),
        lambda: frame(2, utf_16),
        lambda: frame(2, wire("shell", header, b"{}", b"{}", b"{}", *[b"x"] * 50)),
        lambda: frame(1, json.dumps({"header": {"msg_type": "execute_request"}}).encode()),
        lambda: frame(1, b"\xff\xfe"),
        lambda: update(**{rng.choice(layout): big}),
        lambda: update(value=big),
        lambda: update(value=rng.choice([10**300, -1, "x", None, [1]])),
        lambda: update(index=rng.randint(-5, 99)),
        lambda: told({"method": "request_states"}) * 20,
        lambda: told({"method": "custom", "content": {"type": "bokehjs"}}) * 50,
        lambda: told({"method": "custom", "content": {"event": "click"}}),
        lambda: frame(2, packed("execute_request", {"code": "1", "silent": False})),
        lambda: frame(2, packed("comm_open", {"comm_id": "1", "target_name": "x", "data": {}})),
        lambda: frame(2, packed("comm_close", {"comm_id": rng.choice(comms), "data": {}})),
        lambda: frame(9, b"x" * 125) * 500,
        lambda: frame(10) * 500,
        lambda: frame(2, b"x", first=0) + frame(0, b"", first=0) * 500,
        lambda: frame(2, b"\xec\xc1\x01\x01\x00" * 100, first=0xC0),
        lambda: frame(2, b"x", mask=False),
        lambda: frame(11, b"x"),
        lambda: frame(9, b"x" * 200),
        lambda: frame(8, b"\x00"),
        lambda: bytes([0x82, 0xFF]) + struct.pack("!Q", 2**63 - 1),
        lambda: bytes([0x82, 0xFE]) + struct.pack("!H", 60_000) + b"half of it",
    ]
    for one in itertools.cycle(tries):
        yield one()


async def frames(attacker: Attacker) -> None:
    """Random and crafted frames over a page's own websocket; a new page, where it was ended."""
    share = max(LEAST_FRAMES, int(attacker.seconds / 3600 * (RANDOM + CRAFTED)))
    pause, sent, shaped = attacker.seconds / share, 0, 0
    while attacker.going_on():
        visitor = Visitor(attacker.address, source=attacker.source)
        try:
            await visitor.arrive()
        except (Busy, OSError, ValueError, TimeoutError, HTTPClientError):
            await asyncio.sleep(1)
            continue
        comms = [comm for comm in visitor.states if comm] or ["x"]
        tries = crafted(attacker.rng, comms)
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        while attacker.going_on() and sent < share:
            answer = b""
            with suppress(OSError, TimeoutError):
                reader, writer = await attacker.connect()
                path = f"/api/kernels/{visitor.kernel}/channels?session_id=x{sent}"
                writer.write(_upgrade(attacker, path, cookies))
                answer = await asyncio.wait_for(reader.read(1000), 20)
                heard = asyncio.create_task(reader.read(-1))
                while not heard.done() and attacker.going_on() and sent < share:
                    size = attacker.rng.randint(0, 300)
                    framed = attacker.rng.random() < 0.95  # what is not ends the connection
                    noise = frame(2, os.urandom(size)) if framed else os.urandom(size)
                    crafty = attacker.rng.random() < CRAFTED / (RANDOM + CRAFTED)
                    writer.write(next(tries) if crafty else noise)
                    sent += 1
                    shaped += crafty
                    await asyncio.wait_for(writer.drain(), 5)
                    await asyncio.sleep(pause)
                heard.cancel()
                writer.close()
            if answer and b" 101 " not in answer[:20]:
                break  # its kernel was ended
        with suppress(OSError, ValueError, TimeoutError, HTTPClientError):
            await visitor.leave(beacon=True)
    print(json.dumps({"random": sent - shaped, "crafted": shaped}))


def _upgrade(attacker: Attacker, path: str, cookies: str, protocol: str = PROTOCOL) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {attacker.host}",
        f"Cookie: {cookies}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Extensions: permessage-deflate",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def unread(attacker: Attacker) -> None:
    """Ask for large files, and for the state of all widgets, and read nothing of it."""
    asked = attacker.request("/voila/static/voila.js")
    held: list[Writer] = []
    while attacker.going_on():
        with suppress(OSError, TimeoutError):
            _, writer = await attacker.connect()
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(asked * 20)
            held.append(writer)
        if len(held) >= MOST_HELD:
            await asyncio.sleep(HOLD)
            _close(held)
        await asyncio.sleep(0.05)
    _close(held)


async def deaf(attacker: Attacker) -> None:
    """Join a kernel, ask for everything again and again, and read nothing; answer no ping."""
    while attacker.going_on():
        visitor = Visitor(attacker.address, source=attacker.source)
        try:
            await visitor.arrive()
            comms = list(visitor.states)
            cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
            path = f"/api/kernels/{visitor.kernel}/channels?session_id=deaf"
            _, writer = await attacker.connect()
            writer.write(_upgrade(attacker, path, cookies))
            await asyncio.sleep(0.5)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            data = {"method": "request_states"}
            asked = frame(2, packed("comm_msg", {"comm_id": comms[0], "data": data}))
            for _ in range(100):
                writer.write(asked * 3 + frame(10))
                await asyncio.wait_for(writer.drain(), 5)
                await asyncio.sleep(0.1)
            writer.close()
        except (Busy, OSError, ValueError, TimeoutError, IndexError, HTTPClientError):
            await asyncio.sleep(1)
        with suppress(OSError, ValueError, TimeoutError, HTTPClientError):
            await visitor.leave(beacon=True)


async def half_open(attacker: Attacker) -> None:
    """Connections that say nothing, half a header, or half a body."""
    halves = (
        b"",
        b"GET / HTTP/1.1\r\nHost: ",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 10_000,
        attacker.request("/voila/api/shutdown/" + "0" * 8, "POST", "Content-Length: 60000"),
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nx",
        b"\x16\x03\x01\x02\x00\x01",
    )
    held: list[Writer] = []
    for number in itertools.count():
        if not attacker.going_on():
            break
        with suppress(OSError, TimeoutError):
            _, writer = await attacker.connect()
            writer.write(halves[number % len(halves)])
            held.append(writer)
        if len(held) >= MOST_HELD:
            await asyncio.sleep(HOLD)
            _close(held)
        await asyncio.sleep(0.02)
    _close(held)


async def strangers(attacker: Attacker) -> None:
    """Wrong hosts, wrong tokens, wrong paths, wrong headers, one after the other."""
    rng = attacker.rng
    host = f"Host: {attacker.host}\r\n"
    tries: list[Callable[[], bytes]] = [
        partial(attacker.request, "/", host="evil.example"),
        lambda: bytes(f"GET /?token=guess{rng.random()} HTTP/1.1\r\n{host}\r\n", "ascii"),
        lambda: attacker.request(f"/voila/static/{rng.random()}.js"),
        lambda: attacker.request(f"/voila/labextensions/anywidget/static/{rng.random()}.js"),
        lambda: attacker.request("/voila/templates/mpviz/static/nothing.css"),
        lambda: attacker.request("/voila/files/%2e%2e/%2e%2e/etc/passwd"),
        lambda: attacker.request("/api/kernels/" + "0" * 36 + "/channels"),
        lambda: attacker.request("/", "GET", "Origin: http://evil.example"),
        lambda: attacker.request("/", "GET", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: image"),
        lambda: f"GET / HTTP/1.1\r\n{host}X: ".encode() + "x".encode("utf-16") * 900 + b"\r\n\r\n",
        lambda: f"GET / HTTP/1.1\r\n{host}Cookie: ".encode() + b'a="\\0' * 3000 + b"\r\n\r\n",
        lambda: os.urandom(300) + b"\r\n\r\n",
        lambda: b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        lambda: f"POST / HTTP/1.1\r\n{host}Content-Length: 99999999\r\n\r\n".encode() + b"x" * 9999,
    ]
    for number in itertools.count():
        if not attacker.going_on():
            return
        await attacker.say(tries[number % len(tries)]())
        await asyncio.sleep(0.02)


def _close(held: list[Writer]) -> None:
    for writer in held:
        writer.transport.abort()
    held.clear()


ATTACKS: dict[str, Callable[[Attacker], Awaitable[None]]] = {
    "frames": frames,
    "unread": unread,
    "deaf": deaf,
    "half-open": half_open,
    "strangers": strangers,
}


def main() -> None:
    """Do one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attack", choices=sorted(ATTACKS))
    parser.add_argument("address")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.nice(10)  # attackers have machines of their own; here they share the server's processors
    attacker = Attacker(options.address, options.seconds, options.seed)
    asyncio.run(asyncio.wait_for(_all(attacker, options.attack), options.seconds + 90))


async def _all(attacker: Attacker, attack: str) -> None:
    await ATTACKS[attack](attacker)


if __name__ == "__main__":
    main()
