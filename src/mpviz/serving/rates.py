"""How often anything may happen: so many at once, then so many a second. Knows no server.

Pure bookkeeping over a clock that is handed in. For each network that asks there is one bucket, and
no more buckets than a limit: whoever comes from many networks can't fill the memory with them.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

Clock = Callable[[], float]
MOST_NETWORKS = 10_000


class Rate:
    """A bucket that fills again by itself.

    Parameters
    ----------
    burst
        How many at once.
    each_second
        How many a second after that.
    clock
        Seconds, only ever growing.
    """

    __slots__ = ("_at", "_burst", "_clock", "_each_second", "_left")

    def __init__(self, burst: float, each_second: float, clock: Clock = time.monotonic) -> None:
        self._burst, self._each_second, self._clock = burst, each_second, clock
        self._left, self._at = burst, clock()

    @property
    def left(self) -> float:
        """How many there may be now; below 0 where there were too many."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._each_second)
        self._at = now
        return self._left

    def take(self, amount: float = 1.0) -> float:
        """Count something that happens; the seconds to wait until it would have been in time."""
        # No deeper than a burst: what went on for hours is forgotten in a moment, too.
        self._left = max(self.left - amount, -self._burst)
        return max(0.0, -self._left / self._each_second)


class Rates:
    """A bucket for each network.

    Parameters
    ----------
    burst, each_second, clock
        As in `Rate`.
    """

    def __init__(self, burst: float, each_second: float, clock: Clock = time.monotonic) -> None:
        self._given = (burst, each_second, clock)
        self._rates: OrderedDict[str, Rate] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rates)

    def of(self, address: str | None) -> Rate:
        """The bucket of the network that an address is in."""
        key = network(address)
        rate = self._rates.pop(key, None) or Rate(*self._given)
        self._rates[key] = rate  # the last one asked for is the last one dropped
        if len(self._rates) > MOST_NETWORKS:
            self._rates.popitem(last=False)
        return rate


def network(address: str | None) -> str:
    """What counts as one visitor: an IPv4 address, or the 64 bits that a home has in IPv6."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
