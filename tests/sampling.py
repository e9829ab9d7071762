"""How much a test tries: a sample in ``make test``, all of it with ``MPVIZ_FULL=1``."""

import os
from typing import TypeVar

T = TypeVar("T")
FULL = os.environ.get("MPVIZ_FULL") == "1"
# The lesson's numbers at a tenth: nine primes and one that is none, in the lesson's order.
TENTH = (1549003, 1549033, 1549049, 1549061, 1549060, 1549081, 1549087, 1549099, 1549129, 1549139)


def sampled(sample: T, everything: T) -> T:
    """The one or the other."""
    return everything if FULL else sample
