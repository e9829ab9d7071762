"""How one server bears a class: visitors who run, cancel, reload and leave.

    python benchmarks/soak.py [--visitors 20] [--seconds 300]

Each visitor is a real websocket client that does what a browser does: it loads the page, joins its
kernel, asks for the widgets, sets them, presses their buttons. Measured: from a press to the first
change that the page would show; whether kernels stay behind, and how the server's own memory grows.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import signal
import socket
import statistics
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import psutil
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

PROTOCOL = "v1.kernel.websocket.jupyter.org"
VERSION = {"version": "1.0.0"}  # of the control channel that is opened; others ignore it
MPVIZ = str(Path(sys.executable).parent / "mpviz")
PATIENCE = 120.0  # seconds that anything may take
ASK_AGAIN = 10.0  # seconds without an answer
LEAVE_LIMIT = 60.0  # seconds within which a kernel nobody looks at must be gone
SETTLE = 45.0  # seconds for timers in the server to let go of what they hold
GROWTH = 0.10  # of the server's own memory


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


@dataclass
class Report:
    """What was seen."""

    visitors: int
    seconds: float
    answers: list[float] = field(default_factory=list)  # seconds from a press to a change
    runs: int = 0
    cancels: int = 0
    arrivals: int = 0
    busy: int = 0
    failures: list[str] = field(default_factory=list)
    unfinished: int = 0
    kernels_left: int = 0
    freed_s: float = 0.0
    memory_before: int = 0
    memory_after: int = 0

    @property
    def growth(self) -> float:
        """Of the server's own memory, as a share."""
        return self.memory_after / self.memory_before - 1

    def percentile(self, share: float) -> float:
        """Seconds within which that share of presses was answered."""
        ordered = sorted(self.answers)
        return ordered[min(len(ordered) - 1, round(share * len(ordered)))]

    def __str__(self) -> str:
        """The figures, a line each."""
        arrived = f"{self.arrivals} arrivals, {self.busy} times all places taken"
        done = f"{self.runs} runs to their end, {self.cancels} cancelled"
        p50, p99 = 1000 * statistics.median(self.answers), 1000 * self.percentile(0.99)
        before, after = self.memory_before / 2**20, self.memory_after / 2**20
        lines = (
            f"{self.visitors} visitors, {self.seconds:.0f} s: {arrived}, {done}",
            f"press to answer: p50 {p50:.0f} ms, p99 {p99:.0f} ms, of {len(self.answers)}",
            f"unfinished runs: {self.unfinished}; failures: {len(self.failures)}",
            *self.failures[:3],
            f"kernels left {self.freed_s:.0f} s after the last visitor: {self.kernels_left}",
            f"the server's own memory: {before:.1f} MiB, then {after:.1f} MiB ({self.growth:+.1%})",
        )
        return "\n".join(lines)


async def soak(
    address: str,
    server: int,
    visitors: int,
    seconds: float,
    *,
    settle: float = SETTLE,
    seed: int = 0,
) -> Report:
    """Send visitors to a server, and see what becomes of it.

    Parameters
    ----------
    address
        The page's, with its token.
    server
        The server's process number.
    visitors, seconds
        How many, for how long.
    settle
        Seconds that the server gets, before and after, to let go of what it holds.
    seed
        Of what they do.
    """
    # Once all at a time: modules are loaded, and memory is taken for as many at once.
    first = Report(visitors, seconds)
    comers = (_one_visit(address, first, random.Random(seed - n), 0.0) for n in range(visitors))
    await asyncio.gather(*comers)
    await _all_gone(server)
    await asyncio.sleep(settle)
    report = Report(visitors, seconds, memory_before=own_memory(server))
    end = time.monotonic() + seconds
    tasks = [_visitor(address, report, random.Random(seed + n), end) for n in range(visitors)]
    await asyncio.gather(*tasks)
    began = time.monotonic()
    report.kernels_left = await _all_gone(server)
    report.freed_s = time.monotonic() - began
    settled = time.monotonic() + settle
    report.memory_after = own_memory(server)
    while report.growth > GROWTH and time.monotonic() < settled:
        await asyncio.sleep(2)
        report.memory_after = own_memory(server)
    return report


async def _visitor(address: str, report: Report, rng: random.Random, end: float) -> None:
    await asyncio.sleep(rng.uniform(0, 3))
    while time.monotonic() < end:
        try:
            await _one_visit(address, report, rng, end)
        except Busy:
            report.busy += 1
            await asyncio.sleep(1)
        except (OSError, HTTPClientError, TimeoutError, ValueError) as error:
            report.failures.append(f"{type(error).__name__}: {error}")


async def _one_visit(address: str, report: Report, rng: random.Random, end: float) -> None:
    """Arrive, run a few times, sometimes cancel, and leave in one of three ways."""
    visitor = Visitor(address)
    try:
        await visitor.arrive()
    except BaseException:
        await visitor.leave()
        raise
    report.arrivals += 1
    try:
        await visitor.choose("Workload", "sleep")
        await visitor.choose("Input set", "Paste numbers…")
        await visitor.wait_for(lambda: visitor.find("Your numbers, one a line") is not None)
        await visitor.set("Your numbers, one a line", value="5\n5\n5\n5\n")
        await visitor.choose("Mechanism", rng.choice(["pool.map", "threads", "queue"]))
        await asyncio.sleep(0.3)
        for _ in range(rng.randint(1, 4)):
            before = visitor.ended
            report.answers.append(await visitor.press("Run"))
            cancel = rng.random() < 0.3
            if cancel:
                await asyncio.sleep(rng.uniform(0, 0.5))
                report.answers.append(await visitor.press("Cancel"))
            elif end and rng.random() < 0.15:
                break  # leaves in the middle of it
            try:
                await visitor.wait_for(lambda before=before: visitor.ended > before)  # type: ignore[misc]
            except TimeoutError:
                report.unfinished += 1
                break
            report.cancels += cancel
            report.runs += not cancel
            await asyncio.sleep(rng.uniform(0.2, 2.0))
            if end and time.monotonic() > end:
                break
    finally:
        await visitor.leave(beacon=rng.random() < 0.4)


async def _all_gone(server: int) -> int:
    """Wait until the server has no kernel; how many it has if that takes too long."""
    end = time.monotonic() + LEAVE_LIMIT
    while (left := len(kernels(server))) and time.monotonic() < end:  # noqa: ASYNC110  of another
        await asyncio.sleep(0.5)
    return left


def kernels(server: int) -> list[psutil.Process]:
    """The kernels of a server."""
    found = []
    for child in psutil.Process(server).children(recursive=True):
        with suppress(psutil.Error):
            if any("ipykernel_launcher" in part for part in child.cmdline()):
                found.append(child)
    return found


def runs(server: int) -> list[psutil.Process]:
    """The processes of runs that a server's kernels have started."""
    found = []
    for child in psutil.Process(server).children(recursive=True):
        with suppress(psutil.Error):
            if "MPVIZ_RUN" in child.environ():
                found.append(child)
    return found


def own_memory(server: int) -> int:
    """Bytes that are the server's alone."""
    return int(psutil.Process(server).memory_full_info().uss)


@contextmanager
def server(
    *options: str, environment: dict[str, str] | None = None, errors: IO[bytes] | None = None
) -> Iterator[tuple[str, int]]:
    """A public server on this machine alone: its address, and its process number."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [MPVIZ, "serve", "--public", "--ip", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--port", str(port), *options],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env=os.environ | (environment or {}),
        # A shell has its background jobs, and so what they start, ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"http\S+", said)
        if not found:
            raise OSError("the server did not start")
        yield found[0], process.pid
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def main() -> None:
    """Print the figures; the exit status is 1 if a claim does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    with server("--kernels", str(2 * options.visitors)) as (address, process):
        report = asyncio.run(soak(address, process, options.visitors, options.seconds))
    print(report)
    well = not (report.unfinished or report.kernels_left or report.failures)
    sys.exit(0 if well and report.growth <= GROWTH else 1)


if __name__ == "__main__":
    main()
