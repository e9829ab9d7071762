"""What it costs to start a thread and a process. Standard library only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any


def wait_in_process(connection: Any) -> None:
    """Send the time of the first instruction, then stay until told to go."""
    connection.send(perf_counter())
    connection.recv()


def in_processes(start_method: str, workers: int) -> list[tuple[float, float | None]]:
    """Start processes one after the other: seconds to the first instruction, own bytes of each."""
    context: Any = get_context(start_method)
    crew, found = [], []
    for _ in range(workers):
        ours, theirs = context.Pipe()
        process = context.Process(target=wait_in_process, args=(theirs,), daemon=True)
        started = perf_counter()
        process.start()
        took = ours.recv() - started
        crew.append((process, ours))
        found.append((took, own_bytes(str(process.pid))))
    for process, ours in crew:
        ours.send(None)
        process.join()
    return found


def in_threads(workers: int) -> list[tuple[float, float | None]]:
    """Start threads one after the other: seconds to the first instruction, bytes that each adds."""
    crew, found, leave = [], [], threading.Event()

    def wait_in_thread() -> None:
        times.append(perf_counter())
        here.set()
        leave.wait()

    for _ in range(workers):
        times: list[float] = []
        before, here = own_bytes("self"), threading.Event()
        thread = threading.Thread(target=wait_in_thread, daemon=True)
        started = perf_counter()
        thread.start()
        here.wait()
        crew.append(thread)
        after = own_bytes("self")
        grown = None if before is None or after is None else max(0.0, after - before)
        found.append((times[0] - started, grown))
    leave.set()
    for thread in crew:
        thread.join()
    return found


def own_bytes(pid: str) -> float | None:
    """Memory that no other process shares (unique set size); None where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    private = [line.split()[1] for line in lines if line.startswith("Private_")]
    return 1024.0 * sum(map(int, private))


def worker_cost(start_methods: list[str], workers: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Threads, then processes by each start method; all of it in several rounds, so luck shows."""
    for turn in range(rounds):
        for kind in ("thread", *start_methods):
            found = in_threads(workers) if kind == "thread" else in_processes(kind, workers)
            for number, (took, size) in enumerate(found):
                row = {"kind": kind, "round": turn, "number": number}
                yield row | {"first_instruction_s": took, "own_bytes": size}
