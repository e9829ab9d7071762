"""The canonical digest: equal values have equal digests, in every process; others have not."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import math
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpviz.engine.recording.canonical import answer, close

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.binary(max_size=8)
)
keys = st.integers() | st.text(max_size=5) | st.booleans()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.sets(keys, max_size=5)
        | st.frozensets(keys, max_size=5)
        | st.dictionaries(keys, inner, max_size=5)
    ),
    max_leaves=20,
)


@dataclasses.dataclass
class Point:
    x: float
    y: object


class Slotted:
    __slots__ = ("q",)

    def __init__(self, q: object) -> None:
        self.q = q


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


Pair = collections.namedtuple("Pair", "one two")


def digest(value: object) -> str:
    found = answer(value)
    assert found.digest, found.why
    return found.digest


READ = """
import pickle, sys
from mpviz.engine.recording.canonical import answer
for value in pickle.load(sys.stdin.buffer):
    print(answer(value).digest)
"""


def digests_in_another_process(given_values: list[Any], seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", READ],
        input=pickle.dumps(given_values),
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": seed},
    )
    return done.stdout.decode().split()


@pytest.mark.process
@settings(max_examples=5, deadline=None)
@given(st.lists(values, min_size=20, max_size=60))
def test_equal_values_have_equal_digests_in_processes_that_hash_differently(
    made: list[Any],
) -> None:
    here = [digest(value) for value in made]
    for seed in ("1", "77"):
        assert digests_in_another_process(made, seed) == here


@given(values)
def test_a_copy_has_the_same_digest(value: Any) -> None:
    assert digest(pickle.loads(pickle.dumps(value))) == digest(value)


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=30), st.data())
def test_one_float_changed_by_one_step_changes_the_digest_and_nothing_else(
    floats: list[float], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(floats) - 1))
    other = [*floats]
    other[place] = math.nextafter(other[place], -math.inf if other[place] > 0 else math.inf)
    for form in (list, np.array, pd.Series, lambda f: {"a": f}, lambda f: Point(1.0, f)):
        first, second = answer(form(floats)), answer(form(other))
        assert first.digest != second.digest
        assert first.shape == second.shape


@given(st.permutations(["a", "b", 3, (1, 2), "quite another"]))
def test_sets_and_dicts_have_no_order(order: list[Any]) -> None:
    usual = sorted(order, key=str)
    assert digest(set(order)) == digest(set(usual))
    assert digest(dict.fromkeys(order)) == digest(dict.fromkeys(usual))
    both = collections.OrderedDict.fromkeys(order), collections.OrderedDict.fromkeys(usual)
    assert (digest(both[0]) == digest(both[1])) == (order == usual)


DIFFERENT = [
    *(1, 1.0, True, None, "1", b"1", bytearray(b"1"), 1j, ..., NotImplemented),
    *([1], (1,), {1}, frozenset({1}), {1: 1}, collections.deque([1]), range(1), slice(1)),
    *([], (), [[]], [[], []], [(), ()], "", b"", 0.0, -0.0, math.nan, math.inf, 2**100, 2**100 + 1),
    *(Point(1, 2), Point(1, 2.0), Pair(1, 2), Slotted(1), Slotted(2), Colour.RED, Colour.BLUE),
    *(dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC), decimal.Decimal(1)),
    *(np.int64(1), np.float64(1), np.float32(1), np.array(1), np.array([1]), np.array([[1]])),
    *(
        np.array([1.0]),
        np.array([1.0], "f4"),
        np.array(["1"]),
        np.array([1], object),
        np.array([1j]),
    ),
    *(np.array([(1, 2.0)], [("a", "i1"), ("b", "f8")]), np.ma.array([1.0, 2.0], mask=[0, 1])),
    *(np.array([1.0, 2.0]), np.array(["2020"], "M8[s]"), np.array(["2020"], "M8[D]")),
    *(pd.Series([1, 2]), pd.Series([1.0, 2.0]), pd.Series([1, 2], index=[1, 2])),
    *(pd.Series([1, 2], name="a"), pd.Index([1, 2]), pd.Index([1, 2], name="a"), pd.RangeIndex(2)),
    *(pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"b": [1, 2]}), pd.DataFrame({"a": [1.0, 2.0]})),
    *(pd.DataFrame({"a": [1, None]}), pd.DataFrame({"a": ["x", None]}), pd.Categorical(["a"])),
    *(pd.Categorical(["a"], ["a", "b"]), pd.array([1, None], "Int64"), pd.NA, pd.NaT),
    *(pd.date_range("2020", periods=2), pd.date_range("2020", periods=2, tz="UTC")),
    *(len, sorted, Point, Slotted, ValueError("a"), ValueError("b"), TypeError("a")),
]


def test_different_values_have_different_digests() -> None:
    found: dict[str, Any] = {}
    for value in DIFFERENT:
        assert found.setdefault(digest(value), value) is value


def test_what_is_the_same_though_it_lies_elsewhere_in_memory_is_the_same() -> None:
    whole = np.arange(12.0).reshape(3, 4)
    for one, other in [
        (whole.T, np.ascontiguousarray(whole.T)),
        (np.array([1, 2], ">i8"), np.array([1, 2], "<i8")),
        (whole[:, ::2], np.array([[0.0, 2.0], [4.0, 6.0], [8.0, 10.0]])),
        (-math.nan, math.nan),
        (np.array([-math.nan]), np.array([math.nan])),
        (range(0, 10, 3), range(0, 11, 3)),
        (pd.DataFrame({"a": [1, 2], "b": [3, 4]})[["a"]], pd.DataFrame({"a": [1, 2]})),
    ]:
        assert digest(one) == digest(other)


def test_a_difference_in_the_middle_of_much_is_seen() -> None:
    much = np.zeros(100_000)
    other = much.copy()
    other[50_000] = 1e-300
    assert digest(much) != digest(other)
    assert digest(pd.DataFrame({"a": much})) != digest(pd.DataFrame({"a": other}))
    assert digest("a" * 9999 + "b") != digest("a" * 9998 + "cb")


def test_what_holds_itself_is_gone_through_once() -> None:
    one: list[Any] = [1]
    one.append(one)
    other: list[Any] = [1]
    other.append(other)
    assert digest(one) == digest(other) != digest([1, [1]])


class Quitter:
    def __reduce__(self) -> Any:
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (lambda: 1, "a function made on the spot"),
        ([lambda: 1], "a function made on the spot"),
        ((i for i in ()), "a generator"),
        ({"a": threading.Lock()}, "a lock"),
        (Quitter(), "a Quitter (asked for its parts, it raised SystemExit)"),
    ],
)
def test_what_cannot_be_compared_says_why(value: object, why: str) -> None:
    found = answer(value)
    assert (found.digest, found.why) == ("", why)


def test_what_is_too_deep_or_too_large_is_not_compared_and_takes_its_time_at_most() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert answer(deep).why == "what is nested too deeply"
    wide: Any = []
    for _ in range(60):  # 2 ** 60 ways through it
        wide = [wide, wide]
    began = time.monotonic()
    assert "too large" in answer(wide, seconds=0.2).why
    assert time.monotonic() - began < 10


def test_floats_are_kept_in_their_order_and_none_where_they_are_too_many() -> None:
    value = {"b": [1.0, 2.0], "a": (3.5, "x", {4.0})}
    kept = answer(value)
    assert close(kept.floats, np.array([3.5, 1.0, 2.0]).tobytes())  # those of a set are its shape
    assert answer(np.zeros(100), room=799).floats == b""
    assert len(answer(np.zeros(100), room=800).floats) == 800


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        (1.0, 1.0 + 5e-10, True),
        (1.0, 1.0 + 5e-9, False),
        (1e300, 1e300 * (1 + 5e-10), True),
        (1e-300, 2e-300, False),
        (0.0, -0.0, True),
        (0.0, 1e-12, False),
        (math.nan, math.nan, True),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (math.nan, 1.0, False),
    ],
)
def test_close_is_a_billionth_of_the_larger(one: float, other: float, near: bool) -> None:
    assert close(np.array([7.0, one]).tobytes(), np.array([7.0, other]).tobytes()) is near


@pytest.mark.process
def test_numpy_and_pandas_are_not_imported_for_it(tmp_path: Path) -> None:
    code = (
        "import sys; from mpviz.engine.recording.canonical import answer; answer([1.0]);"
        "print({'numpy', 'pandas'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
