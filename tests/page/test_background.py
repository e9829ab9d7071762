"""What a blocking generator gives arrives on the loop, which goes on meanwhile."""

import asyncio
import time
from collections.abc import Generator
from contextlib import aclosing

import pytest

from mpviz.page.background import in_background


def slowly(closed: list[bool], *, fails: bool = False) -> Generator[int, None, None]:
    try:
        for number in range(3):
            time.sleep(0.05)
            yield number
        if fails:
            raise OSError("no more")
    finally:
        closed.append(True)


async def collected(stream: Generator[int, None, None], most: int = 100) -> list[int | None]:
    found: list[int | None] = []
    async with aclosing(in_background(stream, 0.02)) as items:
        async for item in items:
            found.append(item)
            if len(found) == most:
                break
    return found


def test_items_come_in_order_with_pauses_between_and_it_is_closed() -> None:
    closed: list[bool] = []
    found = asyncio.run(collected(slowly(closed)))
    assert [item for item in found if item is not None] == [0, 1, 2]
    assert None in found
    assert closed == [True]


def test_what_the_generator_raises_is_raised() -> None:
    closed: list[bool] = []
    with pytest.raises(OSError, match="no more"):
        asyncio.run(collected(slowly(closed, fails=True)))
    assert closed == [True]


def test_whoever_stops_early_closes_it_even_while_it_is_at_work() -> None:
    closed: list[bool] = []
    assert asyncio.run(collected(slowly(closed), most=1)) == [None]
    assert closed == [True]
