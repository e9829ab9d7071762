"""The far side: a `__main__` like the caller's, and the workload, in a host or a worker.

Knows no run. Standard library only; cloudpickle is imported by what it pickled.
"""

from __future__ import annotations

import functools
import io
import pickle
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

MAIN = "__main__"


def fresh_main() -> ModuleType:
    """Put an empty module in the place of `__main__`, for the names of the caller's.

    What runs as `__main__` here is ours. The caller's classes belong there, so that pickle, which
    stores a class as its module and name, finds them in every process of the run. It has no
    ``__file__`` and no ``__spec__``: a spawned worker then looks for no main module to run again.
    """
    main = sys.modules[MAIN] = ModuleType(MAIN)
    return main


def load_code(data: bytes) -> Callable[[Any], Any]:
    """The workload, as `carrying.pack.pack_code` packed it; its names in `__main__`."""
    main = fresh_main()
    unpickler = pickle.Unpickler(io.BytesIO(data))
    function: Callable[[Any], Any] = unpickler.load()
    while names := unpickler.load():
        vars(main).update(names)
    for path, kind in unpickler.load().items():
        kind.__qualname__ = path  # which a class that travels by value has lost
    return function


def cached(function: Callable[..., Any], parameters: dict[str, Any]) -> Callable[..., Any]:
    """A function with `functools.lru_cache`, its cache empty."""
    wrapped: Callable[..., Any] = functools.lru_cache(**parameters)(function)
    return wrapped


def view(data: bytes, kind: str, shape: tuple[int, ...]) -> memoryview:
    """A memoryview of that format and shape."""
    flat = memoryview(data)
    return flat if kind == "B" and len(shape) == 1 else flat.cast(kind, shape)  # type: ignore[call-overload]
