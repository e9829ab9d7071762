"""A digest of a value that is the same in every process for the same value. Knows no run.

The same is: of the same type, and equal part by part. So 1, 1.0 and True differ, as do a list and a
tuple; a dict and a set have no order, an OrderedDict has one. Floats are compared by their bits,
except that one NaN is like another: 0.0 and -0.0 differ, if by less than `close` sees. Arrays,
frames and series are compared by value, with shape, labels and types; what else has no form of its
own here, by what pickle would take of it. Numpy and pandas are known, but never imported.

What can't be compared says why: a lambda, a generator, a lock, what is too large for the time it
gets. An object that keeps what differs from process to process (an address, a hash of a text) is
not known as such, and differs.
"""

from __future__ import annotations

import copyreg
import marshal
import math
import struct
import sys
import time
from array import array
from collections import OrderedDict, deque
from collections.abc import Collection, Iterable
from hashlib import blake2b
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from mpviz.core.record import Answer

SIZE = 16  # bytes of a digest
PIECE = 1 << 24  # bytes digested between two looks at the clock
SCALARS = {int, bool, str, type(None), type(...)}
NEAR = 1e-9  # of the larger of two floats: then they are close
_NAN = struct.pack("=d", math.nan)


class CannotCompare(Exception):
    """Its text says what can't be compared, or why not."""


def answer(value: Any, *, seconds: float = 1.0, room: int = 1 << 16) -> Answer:
    """What to compare a value by.

    Parameters
    ----------
    value
        Anything.
    seconds
        How long that may take, about.
    room
        Bytes of its floats that may be kept; when there are more, none are.
    """
    walk = _Walk(time.monotonic() + seconds, room)
    try:
        walk.visit(value)
    except CannotCompare as error:
        return Answer("", why=str(error))
    except RecursionError:
        return Answer("", why="what is nested too deeply")
    except BaseException as error:
        return Answer("", why=f"{_a(value)} (asked for its parts, it raised {_name(error)})")
    shape, numbers = walk.shape.digest(), walk.numbers.digest()
    whole = blake2b(shape + numbers, digest_size=SIZE).hexdigest()
    return Answer(whole, shape.hex(), bytes(walk.floats or b""))


def close(one: bytes, other: bytes) -> bool:
    """Whether the floats of two answers differ by a billionth of the larger, at most."""
    first, second = array("d", one), array("d", other)
    return len(first) == len(second) and all(map(near, first, second))


def near(one: float, other: float) -> bool:
    """Whether two floats differ by a billionth of the larger, at most; NaN is near NaN."""
    return math.isclose(one, other, rel_tol=NEAR) or (one != one and other != other)


class _Walk:
    """One way through a value: its digests, and its floats where there is room."""

    def __init__(self, end: float, room: int) -> None:
        self.shape, self.numbers = blake2b(digest_size=SIZE), blake2b(digest_size=SIZE)
        self.floats: bytearray | None = bytearray()
        self._end, self._room = end, room
        self._path: dict[int, int] = {}  # the containers we are in, by id -> how deep
        self._steps = self._inner = 0

    def visit(self, value: Any) -> None:
        self._steps += 1
        if not self._steps & 1023:
            self._look_at_the_clock()
        kind = type(value)
        if kind in SCALARS:
            self._put(b"p", marshal.dumps(value, 2))
        elif kind is float:
            self._put(b"f")
            self._take(_NAN if value != value else struct.pack("=d", value))
        elif kind is complex:
            self._put(b"c")
            self.visit(value.real)
            self.visit(value.imag)
        elif kind is bytes or kind is bytearray:
            self._put(b"B" if kind is bytes else b"b", value)
        elif isinstance(value, type):
            self._put(b"t", _path_of(value))
        elif id(value) in self._path:
            self._put(b"^", b"%d" % self._path[id(value)])
        else:
            self._path[id(value)] = len(self._path)
            try:
                self._inside(value, kind)
            finally:
                del self._path[id(value)]

    def _inside(self, value: Any, kind: type) -> None:
        self._put(b"o", _path_of(kind))
        if isinstance(value, (list, tuple)) and kind in (list, tuple):
            self._sequence(value)
        elif isinstance(value, deque) and kind is deque:
            self.visit(value.maxlen)
            self._sequence(list(value))
        elif isinstance(value, range):
            self.visit((len(value), *(value[:1]), *((value.step,) if len(value) > 1 else ())))
        elif isinstance(value, (set, frozenset)):
            self._unordered(value)
            self._state(value)
        elif isinstance(value, dict):
            ordered = isinstance(value, OrderedDict)
            self._pairs(value.items(), ordered=ordered)
            self._state(value)
        elif isinstance(value, tuple):  # of a class of its own, a namedtuple say
            self._sequence(tuple(value))
            self._state(value)
        elif isinstance(value, FunctionType) or (
            isinstance(value, BuiltinFunctionType) and isinstance(value.__self__, ModuleType)
        ):
            self._put(b"n", _found(value))
        elif not (self._of_numpy(value) or self._of_pandas(value)):
            self._reduced(value, kind)

    # The parts of what has parts.

    def _sequence(self, items: Collection[Any]) -> None:
        kinds = set(map(type, items))
        self._put(b"l", b"%d" % len(items))
        if kinds <= SCALARS:
            self._put(b"m", marshal.dumps(list(items), 2))
        elif kinds == {float}:
            if any(item != item for item in items):
                items = [math.nan if item != item else item for item in items]
            self._take(array("d", items).tobytes())
        else:
            for item in items:
                self.visit(item)

    def _unordered(self, items: Collection[Any]) -> None:
        kinds = set(map(type, items))
        if kinds in ({str}, {int}):
            self._sequence(sorted(items))
        else:
            self._sequence(sorted(self._alone(item) for item in items))

    def _pairs(self, pairs: Iterable[tuple[Any, Any]], *, ordered: bool = False) -> None:
        known = list(pairs)
        kinds = {type(key) for key, _ in known}
        if not ordered:
            plain = kinds in ({str}, {int})
            known.sort(key=(lambda pair: pair[0]) if plain else (lambda pair: self._alone(pair[0])))
        # Keys are in the shape: two dicts are close when their values are.
        self._sequence([key if type(key) in SCALARS else self._alone(key) for key, _ in known])
        self._sequence([value for _, value in known])

    def _state(self, value: Any) -> None:
        if state := getattr(value, "__dict__", None):
            self.visit(state)

    def _alone(self, value: Any) -> str:
        """The digest of a part, floats and all."""
        outer = self.shape, self.numbers
        self.shape, self.numbers = blake2b(digest_size=SIZE), blake2b(digest_size=SIZE)
        self._inner += 1
        try:
            self.visit(value)
            return self.shape.hexdigest() + self.numbers.hexdigest()
        finally:
            self.shape, self.numbers = outer
            self._inner -= 1

    def _reduced(self, value: Any, kind: type) -> None:
        """By what pickle takes of it."""
        reduce = copyreg.dispatch_table.get(kind)
        try:
            parts = reduce(value) if reduce else value.__reduce_ex__(4)
        except TypeError as error:
            raise CannotCompare(_a(value)) from error
        if isinstance(parts, str):
            self._put(b"g", parts.encode("utf-8", "surrogatepass"))
            return
        function, arguments, state, items, pairs = (*parts, None, None, None)[:5]
        self.visit(function)
        self.visit(arguments)
        self.visit(state)
        self._sequence(list(items or ()))
        self._pairs(pairs or ())

    # Arrays and frames, where their libraries are loaded.

    def _of_numpy(self, value: Any) -> bool:
        np = sys.modules.get("numpy")
        if np is None or not isinstance(value, (np.ndarray, np.generic)):
            return False
        if isinstance(value, np.ma.MaskedArray):
            mask = np.ma.getmaskarray(value)
            self._array(np, mask)
            value = np.ma.getdata(value).copy()
            value[mask] = np.zeros((), value.dtype)
        self._array(np, np.asarray(value))
        return True

    def _array(self, np: Any, value: Any) -> None:
        dtype = value.dtype
        self._put(b"a", f"{dtype.newbyteorder('=')}{value.shape}".encode())
        if dtype.names is not None:  # not its bytes: there may be some between the fields
            for name in dtype.names:
                self._array(np, value[name])
        elif dtype.kind == "f" and dtype.itemsize <= 8:
            flat = np.ascontiguousarray(value, dtype="=f8").reshape(-1)
            nan = np.isnan(flat)
            self._take(np.where(nan, np.nan, flat) if nan.any() else flat)
        elif dtype.kind == "f":  # of 80 or 128 bits: as two
            high = value.astype("=f8")
            with np.errstate(all="ignore"):
                low = (value - high).astype("=f8")
            self._array(np, high)
            self._array(np, low)
        elif dtype.kind == "c":
            self._array(np, value.real)
            self._array(np, value.imag)
        elif dtype.kind in "biumMSUV" and not dtype.hasobject:
            native = np.ascontiguousarray(value, dtype=dtype.newbyteorder("="))
            if native.nbytes:
                self._put(b"r", memoryview(native.reshape(-1).view("u1")))
        else:
            self._sequence(value.reshape(-1).tolist())

    def _of_pandas(self, value: Any) -> bool:
        pd = sys.modules.get("pandas")
        if pd is None or not hasattr(pd, "DataFrame"):  # or half imported
            return False
        if isinstance(value, pd.DataFrame):
            self.visit(value.index)
            self.visit(value.columns)
            for column in range(value.shape[1]):
                self._values(pd, value.iloc[:, column].array)
        elif isinstance(value, pd.Series):
            self.visit(value.name)
            self.visit(value.index)
            self._values(pd, value.array)
        elif isinstance(value, pd.MultiIndex):
            self.visit(list(value.names))
            for level in range(value.nlevels):
                self._values(pd, value.get_level_values(level).array)
        elif isinstance(value, pd.Index):
            self.visit(value.name)
            self._values(pd, value.array)
        elif isinstance(value, pd.api.extensions.ExtensionArray):
            self._values(pd, value)
        else:
            return False
        return True

    def _values(self, pd: Any, values: Any) -> None:
        np, dtype = sys.modules["numpy"], values.dtype
        self._put(b"v", str(dtype).encode())
        if isinstance(values, pd.Categorical):
            self.visit(values.categories)
            self._array(np, np.asarray(values.codes))
        elif isinstance(dtype, np.dtype):
            self._array(np, np.asarray(values))
        elif hasattr(values, "asi8"):  # times with a zone, periods
            self._array(np, values.asi8)
        else:
            self._sequence(values.to_numpy(dtype=object).tolist())

    # What goes into the digests.

    def _put(self, tag: bytes, data: bytes | bytearray | memoryview = b"") -> None:
        self.shape.update(b"%b%d:" % (tag, len(data)))
        self._digest(self.shape, data)

    def _take(self, floats: Any) -> None:
        data = memoryview(floats).cast("B") if len(floats) else b""
        self.shape.update(b"%d;" % len(data))
        self._digest(self.numbers, data)
        if self._inner or self.floats is None:
            return
        if len(self.floats) + len(data) > self._room:
            self.floats = None
        else:
            self.floats += data

    def _digest(self, into: Any, data: Any) -> None:
        if len(data) <= PIECE:
            into.update(data)
            return
        for start in range(0, len(data), PIECE):
            into.update(data[start : start + PIECE])
            self._look_at_the_clock()

    def _look_at_the_clock(self) -> None:
        if time.monotonic() > self._end:
            raise CannotCompare("what is too large to be compared in the time there is")


def _name(value: Any) -> str:
    return type(value).__name__


def _a(value: Any) -> str:
    """What it is: ``"a generator"``."""
    name = _name(value)
    return f"an {name}" if name[:1] in "aeiouAEIO" else f"a {name}"


def _path_of(kind: type) -> bytes:
    """A class by its name, which a spawned process knows a program's own by too."""
    module = str(kind.__module__)
    module = "__main__" if module == "__mp_main__" else module
    return f"{module}.{kind.__qualname__}".encode("utf-8", "surrogatepass")


def _found(function: Any) -> bytes:
    """A function by the name that it is found by.

    Raises
    ------
    CannotCompare
        Where there is none.
    """
    if "<" in function.__qualname__:
        raise CannotCompare("a function made on the spot")
    return _path_of(function)
