"""What is returned, raised or handed in: it hangs, raises, lies or kills when it is touched."""

import os
import signal
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from tests.chaos.ground import MIB, asleep, for_ever, is_ours


def hang(*_: Any) -> Any:
    asleep()


def spin(*_: Any) -> Any:
    for_ever()


def fail(*_: Any) -> Any:
    raise ValueError("touched")


def leave(*_: Any) -> Any:
    raise SystemExit(0)


def interrupt(*_: Any) -> Any:
    raise KeyboardInterrupt


def vanish(*_: Any) -> Any:
    os._exit(0)


def die(*_: Any) -> Any:
    """Die, but only where a run is: the test's own process may touch it too."""
    if is_ours(os.getpid()):
        os.kill(os.getpid(), signal.SIGKILL)


def seven(*_: Any) -> Any:
    return 7


def overflow(*_: Any) -> Any:
    return overflow()


def when_unpickled(deed: Callable[..., Any]) -> Any:
    """What does this where it is unpickled."""
    return _Unpickled(deed)


class _Unpickled:
    def __init__(self, deed: Callable[..., Any]) -> None:
        self.deed = deed

    def __reduce__(self) -> Any:
        return self.deed, ()


def when(method: str, deed: Callable[..., Any]) -> Any:
    """What does this when it is asked so; it is made again by name where it is unpickled."""
    return type("Trap", (_Trap,), {method: deed})((method, deed))


class _Trap:
    def __init__(self, made: tuple[str, Callable[..., Any]]) -> None:
        self.made = made

    def __reduce__(self) -> Any:
        return when, self.made


def when_pickled(deed: Callable[..., Any]) -> Any:
    return type("Trap", (), {"__reduce_ex__": deed})()


def nested(depth: int, make: Callable[[Any], Any] = lambda inner: [inner]) -> Any:
    value: Any = None
    for _ in range(depth):
        value = make(value)
    return value


def circle() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def local_class() -> Any:
    class Local:
        pass

    return Local()


class Kept(BaseException):
    """Not an Exception: what catches those does not catch it."""


class Stubborn(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} {two}")


class Touchy(Exception):
    """What it does when it is shown comes with it."""

    def __init__(self, deed: Callable[..., Any]) -> None:
        super().__init__(deed)
        self.deed = deed

    def __str__(self) -> str:
        return self.deed()

    __repr__ = __str__


class Carrier(Exception):
    """Pickled as something else."""

    def __reduce__(self) -> Any:
        return self.args[0], ()


class Heavy(Exception):
    def __reduce__(self) -> Any:
        asleep()
        return Heavy, ()


def throw(error: BaseException) -> None:
    raise error


def chained(length: int) -> BaseException:
    error: BaseException = ValueError(0)
    for number in range(length):
        outer = ValueError(number)
        outer.__cause__ = error
        error = outer
    return error


def in_circle() -> BaseException:
    one, two = ValueError(1), ValueError(2)
    one.__context__, two.__context__ = two, one
    return one


def noted() -> BaseException:
    error = ValueError("see notes")
    for number in range(100_000):
        error.add_note(f"note {number}")
    return error


def grouped(depth: int) -> BaseException:
    error: Exception = ValueError("inmost")
    for _ in range(depth):
        error = ExceptionGroup("group", [error])
    return error


class Lying(int):
    """A number that says it is a text of another length."""

    __class__ = str  # type: ignore[assignment]

    def __len__(self) -> int:
        return 2**40


class Text(str):
    def __str__(self) -> str:
        return "x" * 10**8

    def __len__(self) -> int:
        return -1

    def encode(self, *_: Any) -> bytes:
        raise ValueError("not to be encoded")


FAMILIES: dict[str, dict[str, Callable[[], Any]]] = {
    "raising": {
        "a BaseException": lambda: throw(Kept("kept")),
        "GeneratorExit": lambda: throw(GeneratorExit()),
        "KeyboardInterrupt": lambda: throw(KeyboardInterrupt()),
        "StopIteration": lambda: throw(StopIteration(1)),
        "StopAsyncIteration": lambda: throw(StopAsyncIteration()),
        "MemoryError": lambda: throw(MemoryError()),
        "RecursionError": overflow,
        "with 50 MB": lambda: throw(ValueError("x" * 50_000_000)),
        "with a lock": lambda: throw(ValueError(threading.Lock())),
        "with half characters": lambda: throw(ValueError("\ud800")),
        "of a class of its own": lambda: throw(type("Local", (Exception,), {})("here")),
        "not to be unpickled": lambda: throw(Stubborn(1, 2)),
        "hangs when shown": lambda: throw(Touchy(hang)),
        "raises when shown": lambda: throw(Touchy(fail)),
        "leaves when shown": lambda: throw(Touchy(leave)),
        "interrupts when shown": lambda: throw(Touchy(interrupt)),
        "hangs when pickled": lambda: throw(Heavy()),
        "hangs when unpickled": lambda: throw(Carrier(hang)),
        "kills when unpickled": lambda: throw(Carrier(die)),
        "vanishes when unpickled": lambda: throw(Carrier(vanish)),
        "with 100,000 causes": lambda: throw(chained(100_000)),
        "with a circle of contexts": lambda: throw(in_circle()),
        "with 100,000 notes": lambda: throw(noted()),
        "in 500 groups": lambda: throw(grouped(500)),
        "OSError of a full disk": lambda: throw(OSError(28, "No space left on device")),
        "EOFError": lambda: throw(EOFError("from the task")),
        "BrokenPipeError": lambda: throw(BrokenPipeError(32, "from the task")),
        "what is no exception": lambda: throw("a text"),
    },
    "results": {
        "hangs when pickled": lambda: when_pickled(hang),
        "raises when pickled": lambda: when_pickled(fail),
        "leaves when pickled": lambda: when_pickled(leave),
        "vanishes when pickled": lambda: when_pickled(vanish),
        "hangs when unpickled": lambda: when_unpickled(hang),
        "spins when unpickled": lambda: when_unpickled(spin),
        "raises when unpickled": lambda: when_unpickled(fail),
        "leaves when unpickled": lambda: when_unpickled(leave),
        "interrupts when unpickled": lambda: when_unpickled(interrupt),
        "vanishes when unpickled": lambda: when_unpickled(vanish),
        "kills when unpickled": lambda: when_unpickled(die),
        "hangs when shown": lambda: when("__repr__", hang),
        "spins when shown": lambda: when("__repr__", spin),
        "raises when shown": lambda: when("__repr__", fail),
        "leaves when shown": lambda: when("__repr__", leave),
        "interrupts when shown": lambda: when("__repr__", interrupt),
        "vanishes when shown": lambda: when("__repr__", vanish),
        "kills when shown": lambda: when("__repr__", die),
        "overflows when shown": lambda: when("__repr__", overflow),
        "shown as a number": lambda: when("__repr__", seven),
        "raises when compared": lambda: when("__eq__", fail),
        "hangs when compared": lambda: when("__eq__", hang),
        "raises when hashed": lambda: when("__hash__", fail),
        "raises when deleted": lambda: when("__del__", fail),
        "hangs when deleted": lambda: when("__del__", hang),
        "raises when asked": lambda: when("__getattribute__", fail),
        "neither true nor false": lambda: when("__bool__", fail),
    },
    "odd results": {
        "nested 1,000 deep": lambda: nested(1000),
        "nested a million deep": lambda: nested(10**6),
        "a million tuples deep": lambda: nested(10**6, lambda inner: (inner,)),
        "dicts in dicts": lambda: nested(5000, lambda inner: {"a": inner}),
        "in itself": circle,
        "an int of 100,000 digits": lambda: 10**100_000,
        "32 MiB": lambda: bytes(32 * MIB),
        "a text of 32 MiB": lambda: "x" * (32 * MIB),
        "half a character": lambda: "\ud800",
        "not a number": lambda: float("nan"),
        "a generator": lambda: (n for n in range(3)),
        "a lambda": lambda: lambda: 1,
        "a lock": threading.Lock,
        "a file": lambda: open("/dev/null"),
        "a module": lambda: sys,
        "a frame": sys._getframe,
        "a local class's": local_class,
        "a code object": lambda: local_class.__code__,
        "another class than it says": lambda: Lying(3),
        "a text that is none": lambda: Text("x"),
        "an exception": lambda: ValueError("as a result"),
        "a BaseException": lambda: SystemExit(3),
        "None of its kind": lambda: NotImplemented,
        "a mapping that is none": lambda: types.MappingProxyType({}),
        "half a million objects": lambda: [object() for _ in range(500_000)],
    },
}

# Handed in instead of a task. Made where the plan is, so none of them may be touched there.
INPUTS: dict[str, Callable[[], Any]] = {
    "hangs when unpickled": lambda: when_unpickled(hang),
    "spins when unpickled": lambda: when_unpickled(spin),
    "raises when unpickled": lambda: when_unpickled(fail),
    "leaves when unpickled": lambda: when_unpickled(leave),
    "vanishes when unpickled": lambda: when_unpickled(vanish),
    "kills when unpickled": lambda: when_unpickled(die),
    "interrupts when unpickled": lambda: when_unpickled(interrupt),
    "raises when deleted": lambda: when("__del__", fail),
}
