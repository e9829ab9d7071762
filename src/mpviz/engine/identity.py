"""What makes two workloads the same: a hash that is equal in every process, on every machine.

It is of what a workload does, not of where it lies: the code with its constants and the names it
uses, functions inside it, default values, what it closes over, a partial's arguments, the method's
object, a callable object's class and attributes. Sets have no order here, and no address or `repr`
of the user's own is ever asked for. Not in it: the module globals and the other functions that the
code refers to by name, and what an object among the values holds, which counts by its class alone.
Other versions of Python make other code, and so another hash. Knows no run. Standard library only.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

DIGITS = 12
# Flags that say how a function is called; others say where it was defined, or how compiled.
CALLED = 0x04 | 0x08 | 0x20 | 0x80 | 0x200  # *args, **kwargs, generator, coroutine, both
# Of a class, what says nothing of what it does, and differs from process to process in some Python.
UNSAID = {"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__firstlineno__"} | {
    *("__static_attributes__", "__annotations__", "__annotate__", "__annotate_func__"),
    *("__annotations_cache__", "__annotate_cache__", "_abc_impl", "__slots__"),
}
EXACT = (bool, complex, float, bytes, str, type(None), type(...), type(NotImplemented), range)
LONG = 10**300
CONTAINERS = (tuple, list, set, frozenset, dict, slice)


def workload_hash(function: Callable[..., Any]) -> str:
    """Twelve hexadecimal digits of what a workload does; of its name where it tells no more."""
    try:
        return _Reader().of_callable(function).hex()[:DIGITS]
    except Exception:  # of what the user's object raises when it is looked at; or nested too deep
        return _digest("class", _name(type(function))).hex()[:DIGITS]


def _digest(*parts: str | bytes) -> bytes:
    """One digest of several parts, each kept apart from the next."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        found.update(b"%d:" % len(data))
        found.update(data)
    return found.digest()


def _name(thing: Any) -> str:
    """The name by which one imports it."""
    module = getattr(thing, "__module__", None)
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    return f"{module if isinstance(module, str) else ''}.{name if isinstance(name, str) else ''}"


class _Reader:
    """Reads one workload; what refers to itself is read once."""

    def __init__(self) -> None:
        self._reading: list[int] = []

    def of_callable(self, function: Any) -> bytes:
        """What the workload itself does."""
        if isinstance(function, type):
            return self._class(function)
        if not any(isinstance(vars(one).get("__call__"), FunctionType) for one in _kinds(function)):
            return self.of(function)
        state = getattr(function, "__dict__", {})
        slots = {
            name: getattr(function, name)
            for kind in _kinds(function)
            for name in _slots(kind)
            if hasattr(function, name)
        }
        return _digest("object", self._class(type(function)), self.of({**slots, **state}))

    def of(self, value: Any) -> bytes:
        """A value, or a function among the values."""
        if id(value) in self._reading:
            return _digest("again", str(self._reading[::-1].index(id(value))))
        self._reading.append(id(value))
        try:
            return self._of(value)
        finally:
            self._reading.pop()

    def _of(self, value: Any) -> bytes:
        kind = type(value)
        if kind in EXACT:
            return _digest(kind.__name__, repr(value))
        if kind is int:
            return _digest("int", hex(value))  # which has no limit on its digits, as repr has
        if kind in CONTAINERS:
            return self._container(value)
        if kind is CodeType:
            return self._code(value)
        if kind is FunctionType:
            return self._function(value)
        if kind is MethodType:
            # The method itself, not its object's attribute of that name.
            return _digest("method", self.of(value.__func__), self.of_owner(value.__self__))
        if isinstance(value, functools.partial):
            bound = (value.func, value.args, value.keywords)
            return _digest("partial", *map(self._argument, bound))
        return self._other(value)

    def _container(self, value: Any) -> bytes:
        name = type(value).__name__
        if isinstance(value, (list, tuple)) and _flat(value):
            return _digest(name, "flat", repr(value))  # a million numbers in 0.1 s, not in 4 s
        if isinstance(value, slice):
            return _digest(name, *map(self.of, (value.start, value.stop, value.step)))
        if isinstance(value, dict):
            pairs = (self.of(key) + self.of(item) for key, item in value.items())
            return _digest(name, *sorted(pairs))
        inside = map(self.of, value)
        return _digest(name, *(sorted(inside) if isinstance(value, (set, frozenset)) else inside))

    def _argument(self, value: Any) -> bytes:
        return self.of_callable(value) if callable(value) else self.of(value)

    def of_owner(self, owner: Any) -> bytes:
        """The object of a bound method: its class, and its attributes."""
        if isinstance(owner, type):
            return self._class(owner)
        return _digest(_name(type(owner)), self.of(getattr(owner, "__dict__", None) or owner))

    def _other(self, value: Any) -> bytes:
        """What has a name, wraps another function, or is an array; of all else the kind."""
        if isinstance(value, type):
            return _digest("class", _name(value))
        if isinstance(value, ModuleType):
            return _digest("module", value.__name__)
        kind = _name(type(value))
        if isinstance(value, BuiltinFunctionType):
            owner = value.__self__
            bound = b"" if owner is None or isinstance(owner, ModuleType) else self.of_owner(owner)
            return _digest("builtin", _name(value), bound)
        if isinstance(value, (staticmethod, classmethod)):
            return _digest(kind, self.of(value.__func__))
        if isinstance(value, property):
            return _digest(kind, *map(self.of, (value.fget, value.fset, value.fdel)))
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is not None:
            return _digest("wrapper", kind, self.of(wrapped))
        return _digest("object", kind, _name(value) if callable(value) else "", _memory(value))

    def _function(self, function: FunctionType) -> bytes:
        cells = (_content(cell) for cell in function.__closure__ or ())
        given = (function.__defaults__, function.__kwdefaults__, *cells)
        return _digest("function", self._code(function.__code__), *map(self.of, given))

    def _code(self, code: CodeType) -> bytes:
        """What code does, without where it lies in memory or in a file."""
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
        numbers = [*counts, code.co_flags & CALLED]
        return _digest(
            "code",
            code.co_code,
            getattr(code, "co_exceptiontable", b""),
            repr(numbers),
            repr(code.co_names),
            *map(self.of, code.co_consts),
        )

    def _class(self, kind: type) -> bytes:
        """A class with the code of its methods, and of those it inherits."""
        parts: list[bytes] = []
        for one in kind.__mro__:
            members: Iterable[tuple[str, Any]] = ()
            if one.__flags__ & 1 << 9:  # made by a class statement, not built in
                members = sorted((name, item) for name, item in vars(one).items() if _said(name))
            parts += [_digest(_name(one)), *(_digest(n, self.of(item)) for n, item in members)]
        return _digest("class", *parts)


def _said(name: str) -> bool:
    return name not in UNSAID


def _flat(values: list[Any] | tuple[Any, ...]) -> bool:
    """Whether the `repr` of so many says all: no number in it is too long to be written."""
    return all(type(one) in EXACT or (type(one) is int and -LONG < one < LONG) for one in values)


def _kinds(value: Any) -> tuple[type, ...]:
    return type(value).__mro__


def _slots(kind: type) -> list[str]:
    slots = vars(kind).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing yet
        return NotImplemented


def _memory(value: Any) -> bytes:
    """The bytes of an array; nothing where there are none, or addresses among them."""
    try:
        view = memoryview(value)
    except (TypeError, ValueError, BufferError):
        return b""
    with view:
        if "O" in view.format:
            return _digest(repr(view.shape))
        return _digest(view.format, repr(view.shape), view.tobytes())
