"""What makes two workloads the same."""

import functools
import operator
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpviz.engine.identity import workload_hash

# Each is a workload whose hash was, or might be, another in each process.
SOURCES = {
    "sets": "lambda x: x in {'a', 'b', 'c', 'd', 'e', 'f'}",
    "sets in sets": "lambda x: x in {('a', 'b'), ('c', 'd'), frozenset, 'e'}",
    "a set inside": "lambda x: [y in {'a', 'b', 'c', 'd', 'e'} for y in x]",
    "a default": "lambda x, known={'a', 'b', 'c', 'd', 'e'}: x in known",
    "a closure": "(lambda known: lambda x: x in known)({'a', 'b', 'c', 'd', 'e'})",
    "a closure of itself": "make_recursive()",
    "a partial": "functools.partial(named, {'a', 'b', 'c', 'd'}, other=object())",
    "a partial of an object": "functools.partial(Callable(3), 1)",
    "an object": "Callable({'a', 'b', 'c', 'd'})",
    "an object with slots": "Slotted()",
    "an object that holds others": "Callable([object(), threading.Lock(), Callable(3)])",
    "a method": "Callable(3).method",
    "a class method": "Callable.of_class",
    "a static method": "Callable.static",
    "a class": "Callable",
    "a built-in class": "int",
    "a built-in": "abs",
    "a built-in method": "{'a': 1, 'b': 2}.get",
    "a method of a type": "str.upper",
    "a wrapper of a method": "'abc'.__len__",
    "a cached function": "functools.lru_cache(named)",
    "a cached function with a limit": "functools.lru_cache(maxsize=3)(lambda x: x)",
    "a getter": "operator.itemgetter(1)",
    "an abstract class's": "Abstract()",
    "what raises when it is shown": "Hostile()",
    "what lies about itself": "Liar()",
    "numpy's": "numpy.sqrt",
    "numpy's vectorised": "numpy.vectorize(named)",
    "an array of objects": "Callable(numpy.array([object(), 'a']))",
    "a huge number": "lambda x, big=10**5000: x + big",
    "nested without end": "Callable(endless())",
}
NAMES = '''
import abc, functools, operator, sys, threading
import numpy
def named(known, x=0, other=None):
    """Known."""
    return x in known
def make_recursive():
    def again(n):
        return again(n - 1) if n else {"a", "b"}
    return again
def endless():
    nested = []
    for _ in range(100_000):
        nested = [nested]
    return nested
class Callable:
    known = {"a", "b", "c", "d"}
    def __init__(self, state):
        self.state = state
        self.more, self.yet_more = state, "x"
    def __call__(self, x):
        return x in {"a", "b", "c", "d"}
    def method(self, x):
        return self.state
    @classmethod
    def of_class(cls, x):
        return x
    @staticmethod
    def static(x):
        return x
class Slotted:
    __slots__ = ("a", "b", "never_set")
    def __init__(self):
        self.a, self.b = {"a", "b", "c"}, object()
    def __call__(self, x):
        return x
class Abstract(abc.ABC):
    def __call__(self, x):
        return x
class Hostile:
    def __call__(self, x):
        return x
    def __repr__(self):
        raise SystemExit(3)
    def __getattribute__(self, name):
        raise RuntimeError(name)
class Liar:
    def __call__(self, x):
        return x
    @property
    def __dict__(self):
        raise ValueError
    @property
    def __code__(self):
        raise ValueError
'''
PRINT = f"""
import sys
sys.path.insert(0, sys.argv[1])
{NAMES}
from mpviz.engine.identity import workload_hash
ballast = [object() for _ in range(int(sys.argv[2]))]
for source in {list(SOURCES.values())!r}:
    print(workload_hash(eval(source)))
"""


@pytest.fixture(scope="module")
def printed() -> list[list[str]]:
    """The hashes of all sources in three processes: other seeds, other addresses."""
    place = str(Path(__file__).parents[2] / "src")
    found = []
    for seed in ("0", "1", "2"):
        command = [sys.executable, "-c", PRINT, place, str(int(seed) * 12_345)]
        said = subprocess.run(
            command, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        found.append(said.stdout.split())
    return found


@pytest.mark.process
@pytest.mark.parametrize("what", SOURCES)
def test_the_hash_is_the_same_in_every_process(printed: list[list[str]], what: str) -> None:
    number = list(SOURCES).index(what)
    found = {hashes[number] for hashes in printed}
    assert len(found) == 1
    assert re.fullmatch("[0-9a-f]{12}", found.pop())


@pytest.mark.process
def test_different_workloads_have_different_hashes(printed: list[list[str]]) -> None:
    assert len(set(printed[0])) == len(SOURCES)


@pytest.fixture
def made() -> Callable[[str], Any]:
    """What an expression gives, with names of its own."""

    def make(source: str) -> Any:
        space: dict[str, Any] = {}
        exec(NAMES, space)
        return eval(source, space)

    return make


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lambda x: x + 1", "lambda x: x + 2"),
        ("lambda x: x", "lambda *x: x"),
        ("lambda x, y=1: x + y", "lambda x, y=2: x + y"),
        ("lambda x, *, y=1: x + y", "lambda x, *, y=2: x + y"),
        ("lambda x, y=1: x + y", "lambda x, y=1.0: x + y"),
        ("lambda x: x in (0.0,)", "lambda x: x in (-0.0,)"),
        ("(lambda n: lambda x: x + n)(1)", "(lambda n: lambda x: x + n)(2)"),
        ("functools.partial(pow, 2)", "functools.partial(pow, 3)"),
        ("functools.partial(pow, 2)", "functools.partial(divmod, 2)"),
        ("functools.partial(pow, exp=2)", "functools.partial(pow, base=2)"),
        ("Callable(1)", "Callable(2)"),
        ("functools.partial(Callable(1), 1)", "functools.partial(Callable(2), 1)"),
        ("Callable(1).method", "Callable(2).method"),
        ("Callable(1).method", "Callable(1).__call__"),
        ("{'a': 1}.get", "{'a': 2}.get"),
        ("functools.lru_cache(lambda x: x)", "functools.lru_cache(lambda x: x + 1)"),
        ("lambda x: {'a', 'b'}", "lambda x: {'a', 'c'}"),
        ("lambda x, y=('ab', 'c'): x", "lambda x, y=('a', 'bc'): x"),
        ("Callable(numpy.arange(5))", "Callable(numpy.arange(5) * 2)"),
        ("Callable(numpy.arange(6))", "Callable(numpy.arange(6).reshape(2, 3))"),
        ("abs", "len"),
        ("operator.add", "operator.sub"),
    ],
)
def test_what_does_another_thing_has_another_hash(
    made: Callable[[str], Any], one: str, other: str
) -> None:
    assert workload_hash(made(one)) != workload_hash(made(other))


@pytest.mark.parametrize("source", SOURCES.values())
def test_what_is_made_again_has_the_same_hash(made: Callable[[str], Any], source: str) -> None:
    assert workload_hash(made(source)) == workload_hash(made(source))


def test_another_method_of_an_object_s_class_is_another_workload() -> None:
    def of(code: str) -> Any:
        space: dict[str, Any] = {}
        exec(f"class Same:\n    def __call__(self, x): return {code}", space)
        return space["Same"]()

    assert workload_hash(of("x + 1")) == workload_hash(of("x + 1")) != workload_hash(of("x + 2"))


def test_the_names_of_a_function_and_of_its_arguments_do_not_matter() -> None:
    def first(x: int) -> int:
        return x + 1

    assert workload_hash(first) == workload_hash(lambda y: y + 1)


def test_having_been_called_changes_nothing() -> None:
    @functools.lru_cache
    def cached(x: int) -> int:
        return x * x + sum(range(x))

    before = workload_hash(cached)
    for number in range(200):  # enough for the interpreter to rewrite its own instructions
        cached(number)
    assert workload_hash(cached) == before


def test_an_array_that_is_not_in_one_piece_is_read_as_one_that_is() -> None:
    spread = functools.partial(operator.add, np.arange(10)[::2])
    whole = functools.partial(operator.add, np.arange(0, 10, 2))
    assert workload_hash(spread) == workload_hash(whole)


def test_a_lock_among_what_it_closes_over_is_known_by_its_kind() -> None:
    def make() -> Callable[[int], int]:
        lock = threading.Lock()

        def locked(x: int) -> int:
            with lock:
                return x

        return locked

    assert workload_hash(make()) == workload_hash(make())


def test_equal_code_has_an_equal_hash_and_other_code_another() -> None:
    def first(x: int) -> int:
        return x + 1

    def second(x: int) -> int:
        return x + 2

    one, other = workload_hash(first), workload_hash(second)
    assert re.fullmatch("[0-9a-f]{12}", one)
    assert one != other
    assert one == workload_hash(lambda x: x + 1)


def test_the_hash_of_a_function_with_one_inside_is_the_same_each_time() -> None:
    def make() -> Callable[[int], int]:
        source = "def outer(x):\n    return sum(y for y in range(x))"
        space: dict[str, Callable[[int], int]] = {}
        exec(source, space)
        return space["outer"]

    assert workload_hash(make()) == workload_hash(make())


def test_what_has_no_code_is_hashed_by_its_name() -> None:
    assert workload_hash(abs) == workload_hash(abs) != workload_hash(len)
