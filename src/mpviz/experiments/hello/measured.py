# ruff: noqa: T201  greeting is what it is about
"""One named process, from Process(…) to close(). Standard library only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from multiprocessing import current_process, get_context
from time import perf_counter
from typing import Any


def greet(sender: Any, work_s: float) -> None:
    """All that the process does: say hello, and send the moments at which it did what."""
    first = perf_counter()
    time.sleep(work_s)
    print(f"Hello, I am {current_process().name}.", flush=True)
    said = perf_counter()
    sender.send({"first instruction": first, "it prints": said, "it ends": perf_counter()})


def hello(start_method: str, work_s: float) -> Iterator[dict[str, Any]]:
    """Make, start, join and close a process; then leave out join, close, or both."""
    context: Any = get_context(start_method)
    for variant in ("start, join, close", "without join", "without close", "close, not joined"):
        receiver, sender = context.Pipe(duplex=False)
        moments = {}
        zero = perf_counter()
        process = context.Process(target=greet, name="Ada", args=(sender, work_s))
        moments["object made"] = perf_counter()
        process.start()
        moments["start() returned"] = perf_counter()
        if variant in ("start, join, close", "without close"):
            process.join()
            moments["join() returned"] = perf_counter()
        said = ""
        if variant in ("start, join, close", "close, not joined"):
            try:
                process.close()
                moments["close() returned"] = perf_counter()
            except ValueError as error:
                said = f"ValueError: {error}"
                moments["close() raised"] = perf_counter()
        moments["parent's next line"] = perf_counter()
        said = said or state_of(process)
        moments |= receiver.recv()
        if "close() returned" not in moments:  # leave nothing behind
            process.join()
            process.close()
        for moment, at in moments.items():
            yield {"variant": variant, "moment": moment, "at_s": at - zero, "afterwards": said}


def state_of(process: Any) -> str:
    """What the parent can still learn from the object."""
    try:
        code, alive = process.exitcode, process.is_alive()
    except ValueError as error:
        return f"closed for good: to ask it anything raises ValueError, {error}"
    life = "alive" if alive else "ended"
    return f"exitcode {code}, {life}, sentinel {process.sentinel} still open"
