"""A hostile hour: what clients that obey nothing do to a public server, and to an honest visitor.

    python -m benchmarks.hostile [SECONDS]      (in the checkout)

The server, the honest visitor and each attacker (`benchmarks/attacks.py`) run in processes of their
own. "The page served" is, for a visitor without a cookie at an address that attacks nothing, the
time from the connection to the first byte of the page itself: `GET /?token=…`, the redirect, and
`GET /` with its cookie, for which the server has started a kernel. It is asked for every few
seconds; the visitor reads the whole page and says goodbye.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import psutil

from benchmarks.attacks import ATTACKS
from benchmarks.server import all_gone, kernels, own_memory, server

TWICE = ("frames", "strangers")  # attacks that two clients make
VISIT_EVERY = 4.0  # seconds between two pages of the honest visitor
LOOK_EVERY = 2.0
SETTLE = 45.0  # seconds for timers in the server to let go of what they hold
SERVED = 1.0  # seconds within which the page must be served
GROWTH = 0.10  # of the server's memory
PLACES = "12"
MOST_LOG = 10**8  # bytes that are read of it
MIB = 2**20


@dataclass
class Report:
    """What was seen."""

    seconds: float
    served: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)  # of the server: before, during, after
    kernel_memory: list[int] = field(default_factory=list)  # of the largest kernel
    files: list[int] = field(default_factory=list)
    random: int = 0  # websocket frames sent
    crafted: int = 0
    log: bytes = b""
    kernels_left: int = 0

    @property
    def growth(self) -> float:
        """Of the server's own memory, as a share."""
        return self.memory[-1] / self.memory[0] - 1

    @property
    def well(self) -> bool:
        """Whether what is claimed was so."""
        quick = bool(self.served) and max(self.served) <= SERVED
        return quick and not self.failed and self.growth <= GROWTH and not self.kernels_left

    def __str__(self) -> str:
        """A small table."""
        ordered = sorted(self.served) or [float("nan")]
        p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
        first, peak, last = self.memory[0], max(self.memory), self.memory[-1]
        spread = f"{statistics.median(ordered):.2f} s, {p99:.2f} s, {ordered[-1]:.2f} s"
        memory = f"{first / MIB:.0f} MiB, {peak / MIB:.0f} MiB, {last / MIB:.0f} MiB"
        memory += f" ({self.growth:+.1%})"
        rows = (
            ("seconds", f"{self.seconds:.0f}"),
            ("pages asked for, not served", f"{len(self.served)}, {len(self.failed)}"),
            ("page served: median, p99, max", spread),
            (f"pages after more than {SERVED:.0f} s", f"{sum(s > SERVED for s in self.served)}"),
            ("server's memory: start, peak, end", memory),
            ("largest kernel", f"{max(self.kernel_memory, default=0) / MIB:.0f} MiB"),
            ("open files: start, peak, end",
             f"{self.files[0]}, {max(self.files)}, {self.files[-1]}"),
            ("websocket frames: random, crafted", f"{self.random}, {self.crafted}"),
            ("bytes of log", f"{len(self.log)}"),
            ("kernels left", f"{self.kernels_left}"),
        )  # fmt: skip
        table = [f"| {what} | {figure} |" for what, figure in rows]
        return "\n".join(["| what | figure |", "|---|---|", *table, *self.failed[:5]])


async def served(address: str) -> float:
    """Be an honest visitor once: the seconds until the page's first byte.

    Raises
    ------
    OSError
        When there was no page.
    """
    parts = urlsplit(address)
    began = time.monotonic()
    head, _ = await _asked(parts.port or 80, f"/?{parts.query}", parts.netloc, "")
    cookies = dict(re.findall(r"Set-Cookie: ([^=]+)=([^;\r]*)", head))
    reader, writer = await _connect(parts.port or 80)
    writer.write(_request("/", parts.netloc, cookies))
    start = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    first = await asyncio.wait_for(reader.read(1), 30)
    seconds = time.monotonic() - began
    body = first + await asyncio.wait_for(reader.read(), 60)
    writer.close()
    cookies |= dict(re.findall(r"Set-Cookie: ([^=]+)=([^;\r]*)", start.decode()))
    if b" 200 " not in start[:20] or b"kernelId" not in body:
        raise OSError(f"no page: {start[:40]!r}")
    kernel = re.search(rb'"kernelId":\s*"([0-9a-f-]{36})"', body)
    path = f"/voila/api/shutdown/{kernel[1].decode() if kernel else ''}?_xsrf={cookies['_xsrf']}"
    await _asked(parts.port or 80, path, parts.netloc, cookies, "POST")
    return seconds


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 30)


def _request(path: str, host: str, cookies: object, method: str = "GET") -> bytes:
    pairs = cookies.items() if isinstance(cookies, dict) else ()
    shown = "; ".join(f"{name}={value}" for name, value in pairs)
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {shown}\r\nConnection: close\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


async def _asked(
    port: int, path: str, host: str, cookies: object, method: str = "GET"
) -> tuple[str, bytes]:
    reader, writer = await _connect(port)
    writer.write(_request(path, host, cookies, method))
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode("latin-1"), body


async def visit(address: str, seconds: float) -> None:
    """An honest visitor, for a while: a line of JSON for each page."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            print(json.dumps({"served": await served(address)}), flush=True)
        except (OSError, TimeoutError, EOFError, KeyError) as error:
            print(json.dumps({"failed": f"{type(error).__name__}: {error}"}), flush=True)
        await asyncio.sleep(VISIT_EVERY)


def started(module: str, *options: str) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """A process that ends by itself, and what it says: a file, since nobody reads it meanwhile."""
    said = tempfile.TemporaryFile()  # noqa: SIM115  closed by whoever reads it
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *options],
        cwd=Path(__file__).parents[1],
        stdout=said,
        stderr=subprocess.DEVNULL,
    )
    return process, said


def hour(seconds: float, *, settle: float = SETTLE, environment: dict[str, str] | None = None,
         on_start: object = None) -> Report:  # fmt: skip
    """Attack a public server for so long.

    Parameters
    ----------
    seconds
        How long.
    settle
        Seconds that the server gets, before and after, to let go of what it holds.
    environment
        More of it, for the server.
    on_start
        Called with the server's process number.
    """
    report = Report(seconds)
    with tempfile.TemporaryFile() as errors:
        options = ("--kernels", PLACES)
        with server(*options, environment=environment, errors=errors) as (address, process):
            if callable(on_start):
                on_start(process)
            _measured(report, address, process, settle)
        errors.seek(0)
        report.log = errors.read(MOST_LOG)
    return report


def _measured(report: Report, address: str, process: int, settle: float) -> None:
    # Once before it counts: modules are loaded, and memory is taken for as many pages at once.
    asyncio.run(_first(address))
    asyncio.run(all_gone(process))
    time.sleep(settle)
    _look(report, process)
    seconds = str(report.seconds)
    visitor = started("hostile", seconds, "--visit", address)
    attackers = [
        started("attacks", name, address, "--seconds", seconds, "--seed", str(seed))
        for seed, name in enumerate([*ATTACKS, *TWICE], 1)
    ]
    end = time.monotonic() + report.seconds + 120
    while any(one.poll() is None for one, _ in (visitor, *attackers)) and time.monotonic() < end:
        time.sleep(LOOK_EVERY)
        _look(report, process)
    for one, said in (visitor, *attackers):
        with suppress(ProcessLookupError):
            one.kill()
        one.wait()
        _hear(report, said)
    report.kernels_left = asyncio.run(all_gone(process))
    settled = time.monotonic() + settle
    _look(report, process)
    while report.growth > GROWTH and time.monotonic() < settled:
        time.sleep(2)
        _look(report, process)


async def _first(address: str) -> None:
    await asyncio.gather(*(served(address) for _ in range(int(PLACES) // 2)))


def _hear(report: Report, said: IO[bytes]) -> None:
    """What a client has said, a line of JSON each."""
    with said:
        said.seek(0)
        for line in said:
            one = json.loads(line)
            if "crafted" in one:
                report.random += one["random"]
                report.crafted += one["crafted"]
            elif "served" in one:
                report.served.append(one["served"])
            else:
                report.failed.append(one["failed"])


def _look(report: Report, process: int) -> None:
    report.memory.append(own_memory(process))
    report.files.append(psutil.Process(process).num_fds())
    for kernel in kernels(process):
        with suppress(psutil.Error):
            report.kernel_memory.append(kernel.memory_info().rss)


def main() -> None:
    """Print the table; the exit status is 1 if a claim does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=3600)
    parser.add_argument("--visit", metavar="ADDRESS", help="be the honest visitor only")
    parser.add_argument("--log", type=Path, help="where to put what the server has logged")
    options = parser.parse_args()
    if options.visit:
        asyncio.run(visit(options.visit, options.seconds))
        return
    report = hour(options.seconds)
    print(report)
    if options.log:
        options.log.write_bytes(report.log)
    sys.exit(0 if report.well else 1)


if __name__ == "__main__":
    main()
