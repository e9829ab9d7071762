"""A public server on this machine, and what it has running: kernels, runs, memory."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

MPVIZ = str(Path(sys.executable).parent / "mpviz")
LEAVE_LIMIT = 60.0  # seconds within which a kernel without a page must be gone


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


async def all_gone(server: int) -> int:
    """Wait until the server has no kernel; how many it has if that takes too long."""
    end = time.monotonic() + LEAVE_LIMIT
    while (left := len(kernels(server))) and time.monotonic() < end:  # noqa: ASYNC110  of another
        await asyncio.sleep(0.5)
    return left
