"""What a blocking generator gives, on the kernel's loop as it comes. Knows no cell, no widget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import TypeVar

T = TypeVar("T")


async def arriving(
    stream: Generator[T, None, None], pause: float
) -> AsyncGenerator[T | None, None]:
    """Each item of a generator that blocks; it is closed at the end.

    Parameters
    ----------
    stream
        Is advanced in a thread, so that the loop goes on meanwhile. None is not among its items.
    pause
        Seconds after which None is given, where no item came.
    """
    coming: asyncio.Task[T | None] | None = None
    try:
        while True:
            coming = coming or asyncio.create_task(asyncio.to_thread(next, stream, None))
            await asyncio.wait({coming}, timeout=pause)
            if not coming.done():
                yield None
                continue
            item, coming = coming.result(), None
            if item is None:
                return
            yield item
    finally:
        if coming is not None:  # a generator that is at work can't be closed
            await asyncio.wait({coming})
        await asyncio.to_thread(stream.close)
