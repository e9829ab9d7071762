"""How much a test tries: a sample in ``make test``, all of it with ``MPVIZ_FULL=1``."""

import os
from typing import TypeVar

T = TypeVar("T")
FULL = os.environ.get("MPVIZ_FULL") == "1"


def sampled(sample: T, everything: T) -> T:
    """The one or the other."""
    return everything if FULL else sample
