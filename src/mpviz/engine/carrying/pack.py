"""The caller's side: a function and its inputs as bytes that a clean process can load.

What lives in an importable module travels by name. What lives in `__main__`, a script's or a
notebook's, travels by value, and is given its name there again: pickle stores a class, an
exception or a function as its module and name, so without it no input or result of such a class
could go between host and workers.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import pickle
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, NamedTuple

import cloudpickle

from mpviz.core.errors import Refused
from mpviz.core.text import as_text, size
from mpviz.engine.carrying.state import Global, globals_of, pack_state
from mpviz.engine.carrying.unpack import MAIN, cached, view

CACHED = type(functools.lru_cache(lambda: None))
LOCKS = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}
WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
STREAMS = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
LARGEST = 64 * 2**20  # bytes of one module's global that are carried
OPEN_FILES = (io.FileIO, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.TextIOWrapper)


class Packed(NamedTuple):
    """What a host needs to run a plan's function over its inputs."""

    code: bytes  # for `mpviz.engine.carrying.unpack.load_code`
    state: list[Global]  # for `mpviz.engine.carrying.state.restore`
    inputs: bytes  # for `pickle.loads`


def pack(function: Callable[[Any], Any], inputs: Iterable[Any]) -> Packed:
    """The function, the globals it names and its inputs, for a clean process.

    Warns
    -----
    UserWarning
        When a global of a module is too large to travel: the run has what a fresh import gives.

    Raises
    ------
    Refused
        When something can't travel; the sentence names it.
    """
    names: dict[str, None] = {}

    def dump(value: Any, most: float = math.inf) -> bytes:
        file = _Bounded(most)
        pickler = InputPickler(file)
        pickler.dump(value)
        names.update(pickler.names)
        return file.getvalue()

    try:
        packed = dump(inputs)
    except Exception as error:
        raise Refused(f"The inputs can't be carried to a clean process: {_said(error)}.") from error
    state = pack_state(function, lambda value: dump(value, LARGEST))
    for one in state:
        if one.why == _Bounded.FULL:
            warnings.warn(
                f"{one.module}.{one.name} {one.why} and is not carried to the run: it has there"
                " what a fresh import gives it.",
                stacklevel=2,
            )
    try:
        return Packed(pack_code(function, names), state, packed)
    except Exception as error:
        why = f"{_culprit(function)}{_said(error)}"
        raise Refused(f"The workload can't be carried to a clean process: {why}.") from error


def pack_code(function: Callable[[Any], Any], names: Iterable[str] = ()) -> bytes:
    """The function by value, then the names of `__main__` that it and its inputs need."""
    file = io.BytesIO()
    pickler = CodePickler(file)
    pickler.dump(function)
    pickler.names.update(dict.fromkeys(names))
    sent, main = set[str](), sys.modules[MAIN]
    while new := {name: getattr(main, name) for name in pickler.names if name not in sent}:
        sent |= new.keys()
        pickler.dump(new)  # which may come upon more
    pickler.dump({})
    pickler.dump(pickler.paths)
    return file.getvalue()


class InputPickler(cloudpickle.Pickler):  # type: ignore[misc]  # ships no types
    """Pickles inputs: what has a name in `__main__` by that name.

    Attributes
    ----------
    names
        The names in `__main__` that it came upon.
    paths
        The classes that it pickled by value, by their place in `__main__`.
    """

    by_name = True

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.names: dict[str, None] = {}
        self.paths: dict[str, type] = {}

    def reducer_override(self, value: Any) -> Any:
        """What a value becomes; NotImplemented for what pickle does by itself."""
        if isinstance(value, (type, FunctionType, CACHED)) and (path := path_in_main(value)):
            self.names[path.partition(".")[0]] = None
            if self.by_name:
                return NotImplemented
            if isinstance(value, type):
                self.paths[path] = value
        return special(value) or super().reducer_override(value)


class CodePickler(InputPickler):
    """Pickles a workload: what has a name in `__main__` by value."""

    by_name = False


def special(value: Any) -> tuple[Any, ...] | None:
    """What becomes of values that cloudpickle can't carry, or would change in silence.

    Raises
    ------
    pickle.PicklingError
        For an open file: another process could not have the same one.
    """
    if isinstance(value, CACHED) and not has_a_module(value):
        return cached, (value.__wrapped__, value.cache_parameters())
    if (lock := LOCKS.get(type(value))) is not None:
        return lock, ()  # nobody holds it in a process that has just begun
    if type(value) in WEAK:  # in a function of functools.singledispatch, say
        return type(value), (dict(value),)
    if type(value) is memoryview:
        return view, (value.tobytes(), value.format, value.shape)
    if isinstance(value, OPEN_FILES):
        for name in STREAMS:
            if value is getattr(sys, name, None):
                return getattr, (sys, name)
        name = getattr(value, "name", "?")
        raise pickle.PicklingError(f"the open file {name!r} is this process's own")
    return None


def path_in_main(value: Any) -> str:
    """The place in the caller's `__main__` where a class or function is found, or ""."""
    if getattr(value, "__module__", None) != MAIN:
        return ""
    path = getattr(value, "__qualname__", "")
    return path if _found(sys.modules[MAIN], path) is value else ""


def has_a_module(value: Any) -> bool:
    """Whether a function is found by its name in a module other than `__main__`."""
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    if module is None or module is sys.modules[MAIN]:
        return False
    return _found(module, getattr(value, "__qualname__", "")) is value


def _found(module: Any, path: str) -> Any:
    found = module
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def check_sendable(inputs: Iterable[Any], mechanism: str) -> None:
    """Refuse an input that plain pickle can't send to a worker.

    Raises
    ------
    Refused
        With the first such input.
    """
    inputs = tuple(inputs)
    if _sendable(inputs) is None:
        return
    for index, value in enumerate(inputs):
        if error := _sendable(value):
            raise Refused(
                f"Input {index} ({as_text(value)}) can't be sent to a worker, for {mechanism}"
                f" pickles it: {_said(error)}."
            )


def _sendable(value: Any) -> Exception | None:
    """What plain pickle has against a value; its bytes are not kept."""
    try:
        pickle.Pickler(_Nowhere(), 5, buffer_callback=lambda _buffer: None).dump(value)
    except Exception as error:
        return error
    return None


class _Bounded(io.BytesIO):
    """A file in memory that takes so many bytes."""

    FULL = f"takes more than {size(LARGEST)}"

    def __init__(self, most: float) -> None:
        super().__init__()
        self._most = most

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self._most:
            raise OSError(self.FULL)
        return super().write(data)


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, data: Any) -> int:
        return len(data)


def _said(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _culprit(function: Callable[[Any], Any]) -> str:
    """Which global of the function can't be carried, as the beginning of a clause."""
    for _, name, value in globals_of(function):
        with contextlib.suppress(RecursionError):
            try:
                CodePickler(io.BytesIO()).dump(value)
            except Exception:
                return f"its global {name}: "
    return ""
