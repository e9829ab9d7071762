"""Rate limits: token buckets, one for each network. Knows no server.

Pure bookkeeping over a clock that is passed in. The number of buckets is limited, so a client that
comes from many networks can't fill the memory with them.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

Clock = Callable[[], float]
MOST_NETWORKS = 10_000


class Rate:
    """A token bucket.

    Parameters
    ----------
    burst
        Events allowed at once.
    each_second
        Events allowed per second after that.
    clock
        Monotonic seconds.
    """

    __slots__ = ("_at", "_burst", "_clock", "_each_second", "_left")

    def __init__(self, burst: float, each_second: float, clock: Clock = time.monotonic) -> None:
        self._burst, self._each_second, self._clock = burst, each_second, clock
        self._left, self._at = burst, clock()

    @property
    def left(self) -> float:
        """Events allowed right now; below 0 if there were too many."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._each_second)
        self._at = now
        return self._left

    def take(self, amount: float = 1.0) -> float:
        """Count an event; the seconds by which it came too early."""
        # No lower than minus a burst, so that even a long flood is soon forgotten.
        self._left = max(self.left - amount, -self._burst)
        return max(0.0, -self._left / self._each_second)


class Rates:
    """A token bucket for each network.

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
        """The bucket of an address's network."""
        key = network(address)
        rate = self._rates.pop(key, None) or Rate(*self._given)
        self._rates[key] = rate  # least recently used are dropped first
        if len(self._rates) > MOST_NETWORKS:
            self._rates.popitem(last=False)
        return rate


def network(address: str | None) -> str:
    """What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
