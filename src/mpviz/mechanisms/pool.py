"""multiprocessing.Pool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

Pair = tuple[int, Any]


def pool_map(
    task: Callable[[Pair], Pair],
    inputs: Sequence[Pair],
    *,
    workers: int,
    context: Any,
    chunk_size: int,
) -> Iterator[Pair]:
    """Pool.map: chunks of tasks to a fixed crew, all results at once, in order.

    One line, and the least cost a task with a good chunk size. Nothing is in hand before the last
    task is done; one exception loses the other results; a worker that is killed means waiting for
    ever.
    """
    with context.Pool(workers) as pool:
        yield from pool.map(task, inputs, chunk_size)
        pool.close()
        pool.join()
