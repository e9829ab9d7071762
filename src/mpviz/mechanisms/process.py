"""One Process a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from multiprocessing.connection import wait
from typing import Any

from mpviz.mechanisms.result import attempt, unwrap

Pair = tuple[int, Any]


def send_result(task: Callable[[Pair], Pair], item: Pair, sender: Any) -> None:
    """All that one process does."""
    with sender:
        sender.send(attempt(task, item))


def process(
    task: Callable[[Pair], Pair],
    inputs: Sequence[Pair],
    *,
    workers: int,
    context: Any,
    chunk_size: int,
) -> Iterator[Pair]:
    """A new Process for each task, at most `workers` alive; each sends its result over a pipe.

    The plainest way, and the dearest: every task pays for the start of a process. A process that
    dies closes its pipe, so its loss is noticed at once and the others go on.
    """
    to_do, alive = iter(inputs), {}
    while True:
        for item in islice(to_do, workers - len(alive)):
            receiver, sender = context.Pipe(duplex=False)
            child = context.Process(target=send_result, args=(task, item, sender), daemon=True)
            child.start()
            sender.close()
            alive[receiver] = child
        if not alive:
            return
        for receiver in wait(list(alive)):
            try:
                result = receiver.recv()
            except EOFError:
                pass  # it died before it could send
            else:
                yield unwrap(result)
            receiver.close()
            alive.pop(receiver).join()
