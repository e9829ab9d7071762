"""One process, one task after the other: what everything else is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

Pair = tuple[int, Any]


def sequential(
    task: Callable[[Pair], Pair],
    inputs: Sequence[Pair],
    *,
    workers: int,
    context: Any,
    chunk_size: int,
) -> Iterator[Pair]:
    """One task after the other, in one process: the baseline.

    Nothing to start, nothing to send, nothing to lose; and one CPU does all the work.
    """
    for item in inputs:
        yield task(item)
