"""Values, times and numbers as short texts."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpviz.core.text import (
    LONGEST,
    LONGEST_QUOTE,
    as_text,
    clipped,
    counted,
    digits,
    listed,
    quoted,
    seconds,
    size,
)


class Silent:
    """Its repr is the default one, with an address."""


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Two(int):
    """An int that JSON writes as one."""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (0, "0"),
        (-7, "-7"),
        (10**18 - 1, "9" * 18),
        (10**18, "1" + "0" * 18),
        (10**30, "1" + "0" * 30),
        (Two(2), "2"),
        (0.1, "0.1"),
        (math.inf, "Infinity"),
        ("a", '"a"'),
        ('say "a"\n', r'"say \"a\"\n"'),
        ([1, "b", None], '[1, "b", null]'),
        ({"a": 1}, '{"a": 1}'),
        ((1, 2), "[1, 2]"),
        (1j, "1j"),
        ({1}, "{1}"),
        (b"x", "b'x'"),
        (len, "<built-in function len>"),
    ],
)
def test_a_value_is_json_where_it_can_be_else_its_repr(value: object, text: str) -> None:
    assert as_text(value) == text


def test_two_objects_of_a_class_without_a_repr_read_the_same() -> None:
    assert as_text(Silent()) == as_text(Silent())
    assert "0x" not in as_text(Silent())


def test_a_repr_that_raises_is_said_and_not_raised() -> None:
    assert as_text(Rude()) == "<Rude whose repr raises RuntimeError>"
    assert as_text([Rude()]) == "<list whose repr raises RuntimeError>"


def test_a_list_in_itself_has_a_text() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert as_text(loop) == "[[...]]"


def test_a_number_of_ten_thousand_digits_has_a_text() -> None:
    assert as_text(10**10_000)  # Python refuses to print it


def test_a_long_value_is_cut_and_two_that_differ_at_the_end_stay_different() -> None:
    one, other = as_text("x" * 10_000 + "a"), as_text("x" * 10_000 + "b")
    assert one != other
    assert "10,003 characters" in one
    assert len(one) <= LONGEST
    assert as_text("x" * 10_000 + "a") == one


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_a_short_json_value_can_be_read_back(value: object) -> None:
    text = as_text(value)
    assert len(text) <= LONGEST
    if "characters, " not in text:
        assert json.loads(text) == value


@given(st.text())
def test_the_text_of_a_text_is_ascii_on_one_line(value: str) -> None:
    assert as_text(value).replace("…", "").isascii()
    assert len(as_text(value).splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (1e-9, "1.00 ns"),
        (21.34e-6, "21.3 µs"),
        (999.4e-6, "999 µs"),
        (999.6e-6, "1.00 ms"),
        (0.0123, "12.3 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.338, "1.34 s"),
        (13.38, "13.4 s"),
        (119.4, "119 s"),
        (120, "2 min 0 s"),
        (125.4, "2 min 5 s"),
        (3600, "60 min 0 s"),
        (-0.5, "-500 ms"),
        (math.nan, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_a_time_is_written_in_the_unit_it_is_read_in(value: float, text: str) -> None:
    assert seconds(value) == text


@given(st.floats(1e-9, 119, allow_nan=False))
def test_a_written_time_is_within_half_a_percent_and_has_no_exponent(value: float) -> None:
    number, unit = seconds(value).split(" ")
    assert "e" not in number
    factor = {"s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[unit]
    assert math.isclose(float(number) * factor, value, rel_tol=0.0051)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1.00"),
        (9.996, "10.0"),
        (12.34, "12.3"),
        (1234.5, "1230"),
        (0.01234, "0.0123"),
    ],
)
def test_a_number_is_written_to_three_digits(value: float, text: str) -> None:
    assert digits(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (64 * 2**20, "64 MiB"),
        (3 * 2**29, "1.5 GiB"),
        (200 * 2**20, "200 MiB"),
        (2**40, "1024 GiB"),
    ],
)
def test_a_number_of_bytes_is_written_in_the_unit_it_is_read_in(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("five", "'five'"),
        ("it's", '"it\'s"'),
        ("a\n\x1b[2J", r"'a\n\x1b[2J'"),
        ("x" * 99, "'" + "x" * LONGEST_QUOTE + "…'"),
        (1234567, "1,234,567"),
        (-5, "-5"),
        (True, "True"),
        (None, "None"),
        (math.nan, "nan"),
        ([1, "a"], "[1, 'a']"),
        (["\x1b"], r"['\x1b']"),
        (list(range(99)), str(list(range(99)))[:LONGEST_QUOTE] + "…"),
        (Rude(), "<Rude whose repr raises RuntimeError>"),
    ],
)
def test_a_value_in_a_sentence_is_a_literal(value: object, text: str) -> None:
    assert quoted(value) == text


def test_how_much_of_a_value_is_quoted_can_be_chosen() -> None:
    assert quoted("abcdef", 3) == "'abc…'"
    assert quoted(12345, 3) == quoted(10**5000) == "one that long"


@given(st.text() | st.integers() | st.binary() | st.lists(st.text()) | st.floats())
def test_a_quoted_value_is_one_printable_line_of_a_bounded_length(value: object) -> None:
    text = quoted(value)
    assert text.isprintable()
    assert len(text) < 11 * (LONGEST_QUOTE + 10)


@pytest.mark.parametrize(
    ("parts", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_parts_are_joined_as_a_sentence_does(parts: list[str], text: str) -> None:
    assert listed(parts) == text


@pytest.mark.parametrize(
    ("number", "what", "text"),
    [
        (1, "worker", "1 worker"),
        (0, "worker", "0 workers"),
        (2000, "task", "2,000 tasks"),
        (2, "process", "2 processes"),
        (1.0, "CPU", "1 CPU"),
        (4 / 3, "CPU", "1.33 CPUs"),
        (1024.0, "CPU", "1,024 CPUs"),
    ],
)
def test_a_number_of_things_has_its_plural(number: float, what: str, text: str) -> None:
    assert counted(number, what) == text


@pytest.mark.parametrize(("text", "cut"), [("abc", "abc"), ("abcd", "ab…")])
def test_a_text_is_cut_at_its_end(text: str, cut: str) -> None:
    assert clipped(text, 3) == cut
