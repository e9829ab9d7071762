"""A blocking generator, consumed on the kernel's loop. Knows no cell and no widget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import TypeVar

T = TypeVar("T")


async def in_background(
    stream: Generator[T, None, None], pause: float
) -> AsyncGenerator[T | None, None]:
    """Advance a blocking generator in a thread, and give each of its items.

    The generator is closed at the end.

    Parameters
    ----------
    stream
        The generator; None is not among its items.
    pause
        None is given after so many seconds without an item.
    """
    following: asyncio.Task[T | None] | None = None
    try:
        while True:
            following = following or asyncio.create_task(asyncio.to_thread(next, stream, None))
            await asyncio.wait({following}, timeout=pause)
            if not following.done():
                yield None
                continue
            item, following = following.result(), None
            if item is None:
                return
            yield item
    finally:
        if following is not None:  # a generator that is running can't be closed
            await asyncio.wait({following})
        await asyncio.to_thread(stream.close)
