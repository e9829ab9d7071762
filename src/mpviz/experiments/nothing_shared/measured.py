"""A dict that others fill, in six ways. Standard library only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.shared_memory import SharedMemory
from time import perf_counter
from typing import Any

# Fork, whatever the default: the child begins with the dict in its memory, and fills a copy.
context = get_context("fork")


def fill(squares: Any, numbers: range) -> None:
    """What each worker does, with the dict or with what stands for it."""
    for number in numbers:
        squares[number] = number * number


def send_by_queue(queue: Any, numbers: range) -> None:
    """Put each pair; the parent fills the dict."""
    for number in numbers:
        queue.put((number, number * number))


def send_by_pipe(sender: Any, numbers: range) -> None:
    """Send each pair; the parent fills the dict."""
    with sender:
        for number in numbers:
            sender.send((number, number * number))


def fill_memory(memory: Any, numbers: range) -> None:
    """Write each square at its place."""
    with memory.buf.cast("q") as cells:
        fill(cells, numbers)


def start(kind: Any, target: Callable[..., None], one: Any, shares: list[range]) -> list[Any]:
    """Start a worker for each share of the numbers."""
    crew = [kind(target=target, args=(one, share), daemon=True) for share in shares]
    for worker in crew:
        worker.start()
    return crew


def finish(crew: list[Any]) -> None:
    """Wait for all of them."""
    for worker in crew:
        worker.join()


def threads(shares: list[range]) -> dict[int, int]:
    """Threads: one memory, one dict."""
    squares: dict[int, int] = {}
    finish(start(threading.Thread, fill, squares, shares))
    return squares


def processes(shares: list[range]) -> dict[int, int]:
    """Processes: each fills its own copy, which ends with it."""
    squares: dict[int, int] = {}
    finish(start(context.Process, fill, squares, shares))
    return squares


def queue(shares: list[range]) -> dict[int, int]:
    """A Queue: the pairs are pickled, sent and unpickled."""
    pairs, keys = context.Queue(), sum(map(len, shares))
    crew = start(context.Process, send_by_queue, pairs, shares)
    squares = dict(pairs.get() for _ in range(keys))
    finish(crew)
    pairs.close()
    return squares


def pipe(shares: list[range]) -> dict[int, int]:
    """A Pipe for each process: the same, without the Queue's lock and thread."""
    readers, crew = [], []
    for share in shares:
        receiver, sender = context.Pipe(duplex=False)
        crew += start(context.Process, send_by_pipe, sender, [share])
        sender.close()
        readers.append(receiver)
    squares: dict[int, int] = {}
    for receiver, share in zip(readers, shares, strict=True):
        with receiver:
            squares |= dict(receiver.recv() for _ in share)
    finish(crew)
    return squares


def manager(shares: list[range]) -> dict[int, int]:
    """A Manager: the dict lives in a third process, and each access is a message to it."""
    with context.Manager() as server:
        squares = server.dict()
        finish(start(context.Process, fill, squares, shares))
        return squares.copy()


def shared_memory(shares: list[range]) -> dict[int, int]:
    """Shared memory: bytes that all see; no dict, but a place for each square."""
    keys = sum(map(len, shares))
    memory: Any = SharedMemory(create=True, size=8 * keys)
    try:
        finish(start(context.Process, fill_memory, memory, shares))
        with memory.buf.cast("q") as cells:
            return {number: cells[number] for number in range(keys)}
    finally:
        memory.close()
        memory.unlink()


WAYS = (threads, processes, queue, pipe, manager, shared_memory)


def nothing_shared(keys: int, workers: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Fill a dict in each way, and look at it from the parent."""
    shares = [range(worker, keys, workers) for worker in range(workers)]
    for turn in range(rounds):
        for way in WAYS:
            began = perf_counter()
            squares = way(shares)
            took = perf_counter() - began
            right = sum(squares.get(number) == number * number for number in range(1, keys))
            seen = right + (0 in squares)
            yield {"way": way.__name__, "round": turn, "keys": seen, "of": keys, "took_s": took}
