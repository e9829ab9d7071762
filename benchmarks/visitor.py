"""A visitor of the page: a real websocket client that does what a browser does.

It loads the page, joins its kernel, asks for the widgets, sets them and presses their buttons.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import struct
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

PROTOCOL = "v1.kernel.websocket.jupyter.org"
VERSION = {"version": "1.0.0"}  # of the control channel that is opened; others ignore it
PATIENCE = 120.0  # seconds that anything may take
ASK_AGAIN = 10.0  # seconds without an answer


def packed(kind: str, content: object, *, channel: str = "shell", session: str = "") -> bytes:
    """A message as a page sends it."""
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "session": session or uuid.uuid4().hex,
        "username": "",
        "version": "5.3",
        "date": "2026-01-01T00:00:00Z",
    }
    return wire(channel, *(json.dumps(part).encode() for part in (header, {}, VERSION, content)))


def wire(channel: str, *parts: bytes) -> bytes:
    """Parts in the binary form of the protocol."""
    pieces = [channel.encode(), *parts]
    offsets = [8 * (len(pieces) + 2)]
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece))
    return struct.pack(f"<Q{len(offsets)}Q", len(offsets), *offsets) + b"".join(pieces)


def unpacked(message: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and content of a message."""
    (count,) = struct.unpack_from("<Q", message)
    offsets = struct.unpack_from(f"<{count}Q", message, 8)
    parts = [message[a:b] for a, b in itertools.pairwise(offsets)]
    return json.loads(parts[1]), json.loads(parts[4])


class Busy(Exception):
    """All places are taken."""


@dataclass
class Visitor:
    """Somebody with a browser.

    Parameters
    ----------
    address
        The page's, with its token.
    source
        The address on this machine to come from; any, if none is given.
    """

    address: str
    source: str | None = None
    cookies: dict[str, str] = field(default_factory=dict)
    kernel: str = ""
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    page: str = ""
    ended: int = 0  # how often Run could be pressed again
    _socket: WebSocketClientConnection | None = None
    _reader: asyncio.Task[None] | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _session: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def home(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    async def fetch(self, url: str, **options: Any) -> HTTPResponse:
        """Ask for a page, as a browser with its cookies does; redirects are followed."""
        for _ in range(3):
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers = {"Cookie": cookies, **options.pop("headers", {})}
            request = HTTPRequest(
                *(url, options.pop("method", "GET"), headers),
                network_interface=self.source,
                **{"follow_redirects": False, "request_timeout": PATIENCE, **options},
            )
            answer = await AsyncHTTPClient(max_clients=100).fetch(request, raise_error=False)
            for line in answer.headers.get_list("Set-Cookie"):
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            if answer.code != 302:
                return answer
            url = self.home + answer.headers["Location"]
        raise ValueError("sent around in circles")

    async def arrive(self) -> None:
        """Load the page, join its kernel, and get the widgets' states.

        Raises
        ------
        Busy
            When all places are taken.
        """
        answer = await self.fetch(self.address if not self.cookies else f"{self.home}/")
        if answer.code == 503:
            raise Busy
        answer.rethrow()
        self.page = answer.body.decode()
        found = re.search(r'"kernelId":\s*"([0-9a-f-]{36})"', self.page)
        if not found:
            raise ValueError(f"no kernel in the page: {self.page[:500]}")
        self.kernel = found[1]
        await self.join()
        comm = uuid.uuid4().hex
        content = {"comm_id": comm, "target_name": "jupyter.widget.control", "data": {}}
        await self.say("comm_open", content)
        for limit in (ASK_AGAIN, PATIENCE):  # a page, too, asks again when no answer comes
            await self.say("comm_msg", {"comm_id": comm, "data": {"method": "request_states"}})
            with suppress(TimeoutError):
                await self.wait_for(lambda: self.find("Run", "ButtonModel") is not None, limit)
                return
        raise TimeoutError("the kernel does not tell its widgets")

    async def join(self) -> None:
        """Open the websocket."""
        url = f"{self.home}/api/kernels/{self.kernel}/channels?session_id={self._session}"
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "Origin": self.home}
        request = HTTPRequest(
            url.replace("http", "ws", 1), headers=headers, network_interface=self.source
        )
        self._socket = await websocket_connect(
            request, subprotocols=[PROTOCOL], max_message_size=2**30
        )
        self._reader = asyncio.create_task(self._read(self._socket))

    async def _read(self, connection: WebSocketClientConnection) -> None:
        while (message := await connection.read_message()) is not None:
            if isinstance(message, bytes):
                self._hear(*unpacked(message))

    def _hear(self, header: dict[str, Any], content: dict[str, Any]) -> None:
        data = content.get("data", {})
        if header["msg_type"] == "comm_open":
            self.states.setdefault(content["comm_id"], {}).update(data.get("state", {}))
        elif header["msg_type"] == "comm_msg" and data.get("method") == "update_states":
            for comm, entry in data["states"].items():
                self.states.setdefault(comm, {}).update(entry["state"])
        elif header["msg_type"] == "comm_msg" and data.get("method") == "update":
            state = self.states.setdefault(content["comm_id"], {})
            if state.get("description") == "Run" and data["state"].get("disabled") is False:
                self.ended += 1
            state.update(data["state"])
        else:
            return
        self._changed.set()

    async def say(self, kind: str, content: object) -> None:
        """Send a message to the kernel."""
        assert self._socket is not None
        await self._socket.write_message(packed(kind, content, session=self._session), binary=True)

    async def send(self, raw: bytes | str) -> None:
        """Send anything at all."""
        assert self._socket is not None
        await self._socket.write_message(raw, binary=isinstance(raw, bytes))

    async def wait_for(self, so: Callable[[], bool], limit: float = PATIENCE) -> float:
        """Wait until a change of state makes something so; the seconds that took."""
        began = time.perf_counter()
        while not so():
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), limit - (time.perf_counter() - began))
        return time.perf_counter() - began

    def find(self, label: str, model: str = "") -> str | None:
        """The id of the widget with a label; its state says of what kind it is."""
        for comm, state in self.states.items():
            right = not model or state.get("_model_name") == model
            if right and state.get("description") == label:
                return comm
        return None

    def state(self, label: str) -> dict[str, Any]:
        """The state of the widget with a label."""
        return self.states[self.find(label) or ""]

    async def set(self, label: str, **state: object) -> None:
        """Set what a widget shows, as a page does."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        await self.say("comm_msg", {"comm_id": self.find(label), "data": data})

    async def choose(self, label: str, value: str) -> None:
        """Choose one of a widget's options."""
        options = list(self.state(label)["_options_labels"])
        await self.set(label, index=options.index(value))

    async def press(self, label: str) -> float:
        """Press a button; the seconds to the first change on the page."""
        data = {"method": "custom", "content": {"event": "click"}}
        self._changed.clear()
        began = time.perf_counter()
        await self.say("comm_msg", {"comm_id": self.find(label, "ButtonModel"), "data": data})
        await asyncio.wait_for(self._changed.wait(), PATIENCE)
        return time.perf_counter() - began

    @property
    def busy(self) -> bool:
        """Whether the page shows that something is under way or waited for."""
        return bool(self.state("Run").get("disabled"))

    async def leave(self, *, beacon: bool = False) -> None:
        """Close the tab; a browser may or may not get to say goodbye."""
        try:
            if beacon:
                url = f"{self.home}/voila/api/shutdown/{self.kernel}?_xsrf={self.cookies['_xsrf']}"
                answer = await self.fetch(url, method="POST", body="")
                if answer.code not in (204, 404):
                    raise ValueError(f"the goodbye was answered with {answer.code}")
        finally:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            if self._reader is not None:
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._reader, 10)
            self.states.clear()
