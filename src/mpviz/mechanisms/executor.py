"""concurrent.futures.ProcessPoolExecutor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

Pair = tuple[int, Any]


def executor_map(
    task: Callable[[Pair], Pair],
    inputs: Sequence[Pair],
    *,
    workers: int,
    context: Any,
    chunk_size: int,
) -> Iterator[Pair]:
    """ProcessPoolExecutor.map: results in the order of the inputs, each as soon as it is its turn.

    A worker that dies breaks the pool: the call raises BrokenProcessPool instead of waiting for
    ever. Each chunk costs more than with Pool.
    """
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        yield from executor.map(task, inputs, chunksize=chunk_size)
