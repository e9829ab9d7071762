"""A program of a user's, run as a script or cell by cell: what plain Pool.map carries, and mpviz.

    python carried.py START_METHOD MECHANISM [START_METHOD_OF_THE_PLAIN_POOL]

Prints a line for each case in which mpviz gives something else, then how many it tried.
"""

import abc
import collections
import dataclasses
import decimal
import enum
import functools
import multiprocessing
import sys
import threading
import typing

import settings  # type: ignore[import-not-found]  # beside this file; its globals are set below

import mpviz
from mpviz.core.text import as_text


@dataclasses.dataclass
class Point:
    x: int
    y: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Slotted:
    x: int


class Color(enum.Enum):
    RED = 1
    BLUE = "blue"

    def label(self):
        return f"{self.name}!"


class Access(enum.IntFlag):
    READ = enum.auto()
    WRITE = enum.auto()


Pair = collections.namedtuple("Pair", "left right")


class Typed(typing.NamedTuple):
    left: int
    right: str = "r"


class Wrong(Exception):
    def __init__(self, code, text):
        super().__init__(code, text)
        self.code = code


class Worse(Wrong):
    pass


class Outer:
    class Inner:
        def __init__(self, value):
            self.value = value

        def __repr__(self):
            return f"Inner({self.value})"


T = typing.TypeVar("T")


class Box(typing.Generic[T]):
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return f"Box({self.value})"


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...


class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side**2

    @functools.cached_property
    def twice(self):
        return 2 * self.side

    def __repr__(self):
        return f"Square({self.side})"


class Reduced:
    def __init__(self, value):
        self.value = value

    def __reduce__(self):
        return make_reduced, (self.value,)

    def __repr__(self):
        return f"Reduced({self.value})"


def make_reduced(value):
    return Reduced(value)


class Counter(dict):
    def __missing__(self, key):
        return 0


class Scaler:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, value):
        return self.factor * value

    def scale(self, value):
        return self.factor * value

    @staticmethod
    def double(value):
        return 2 * value

    @classmethod
    def named(cls, value):
        return f"{cls.__name__} {value}"


def same(value):
    return value


def call(function):
    return function(3)


def make(value):
    return [
        Point(value, [value]), Slotted(value), Color.RED, Access.READ | Access.WRITE,
        Pair(value, 2), Typed(value), Outer.Inner(value), Box(value), Square(value),
        dataclasses.asdict(Point(value)), dataclasses.replace(Slotted(value), x=9),
        Color("blue") is Color.BLUE, Counter(a=1)["b"], type(Outer.Inner(1)).__qualname__,
    ]  # fmt: skip


def is_same_class(value):
    return isinstance(value, (Point, Slotted, Color, Pair, Typed, Outer.Inner, Square))


def fails(value):
    raise Worse(value, "as asked")


def catches(value):
    try:
        raise value
    except Wrong as error:
        return f"{type(error).__name__} {error.code}"


@functools.lru_cache
def fibonacci(value):
    return value if value < 2 else fibonacci(value - 1) + fibonacci(value - 2)


@functools.cache
def kept(value):
    return value


def cached_inside(value):
    return kept(value) + kept(value)


@functools.singledispatch
def kind(value):
    return "thing"


@kind.register
def _(value: int):
    return "int"


@kind.register
def _(value: Point):
    return "point"


def decorated(function):
    @functools.wraps(function)
    def around(value):
        return ["around", function(value)]

    return around


@decorated
def wrapped(value):
    return value


LOCK = threading.Lock()
limit = -1
total = 0


def locked(value):
    global total  # noqa: PLW0603  as a user does
    with LOCK:
        total += value
        return total - total + value


def limited(value):
    return limit, value


def set_elsewhere(value):
    return settings.limit, settings.chosen, settings.limited(value), sorted(settings.names)


def set_in_place(value):
    return settings.options["depth"], settings.current.level


def precise(value):
    return str(decimal.Decimal(value) / settings.DIVISOR)


def arguments(value):
    return sys.argv[1:]


def values():
    return [
        Point(1), Slotted(2), Color.RED, Color.BLUE, Access.WRITE, Pair(1, 2), Typed(3),
        Outer.Inner(4), Box(5), Square(6), Reduced(7), Counter(a=1), Point, Color, same,
        functools.partial(same, 1), Scaler(2).scale, [Point(1), {"a": Slotted(2)}],
    ]  # fmt: skip


def cases():
    yield same, values()
    yield make, [1, 2]
    yield is_same_class, values()[:10]
    yield catches, [Wrong(1, "a"), Worse(2, "b")]
    yield call, [fibonacci, same, Scaler(4), Scaler(5).scale, Scaler.double, Scaler.named]
    for function in (fibonacci, cached_inside, kind, wrapped, locked, Scaler(3), Scaler(3).scale,
                     Scaler.double, functools.partial(max, 4), functools.partial(same),
                     abs, Point, str.upper):  # fmt: skip
        yield function, {str.upper: ["a", "b"], functools.partial: [3, 5]}.get(function, [3, 5])
    for function in (precise, arguments):
        yield function, [3, 5]
    yield fails, [3]
    if METHOD == PLAIN:
        for function in (set_elsewhere, set_in_place):
            yield function, [3, 5]
    if PLAIN == "fork":  # spawned, plain multiprocessing imports the script anew, without this
        yield limited, [3, 5]


def plainly(function, inputs):
    try:
        with multiprocessing.get_context(PLAIN).Pool(2) as pool:
            return [as_text(result) for result in pool.map(function, inputs, 1)]
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def through_mpviz(function, inputs):
    trace = mpviz.run(function, inputs, mechanism=MECHANISM, start_method=METHOD, timeout=20)
    if (trace.tasks["outcome"] == "error").any():
        return list(trace.tasks["result"][trace.tasks["outcome"] == "error"])
    if not (trace.tasks["outcome"] == "ok").all():
        return [trace.sentence, *(line.text for line in trace.output)]
    return list(trace.tasks["result"])


def main():
    global limit  # noqa: PLW0603  as a user does
    limit = 100
    settings.limit = 200
    settings.choose("b")
    settings.names.add("one more")
    settings.options["depth"] = 7
    settings.current.level = 9
    tried = 0
    for function, inputs in cases():
        expected, seen = plainly(function, inputs), through_mpviz(function, inputs)
        tried += 1
        if expected != seen:
            print("DIFFERS", function, expected, seen)
    print("tried", tried)


if __name__ == "__main__":
    METHOD, MECHANISM, PLAIN = [*sys.argv[1:], sys.argv[1]][:3]
    main()
