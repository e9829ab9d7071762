"""Input sets: what is taken, what is refused and in which words."""

import math
import sys
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpviz.core.errors import Refused
from mpviz.core.resources import data_folder
from mpviz.inputs import InputSet, generate, input_set, input_sets, parse
from mpviz.serving.limits import USUAL

SMALL = replace(USUAL, tasks=3, digits=4, upload=64)


def refusal(text: str | bytes, **options: object) -> str:
    with pytest.raises(Refused) as caught:
        parse(text, name="my.txt", **options)
    return str(caught.value)


def test_the_lesson_has_ten_numbers_in_their_order() -> None:
    lesson = input_set("prime_mixture")
    assert lesson.values == (
        *(15492781, 15492787, 15492803, 15492811, 15492810),
        *(15492833, 15492859, 15502547, 15520301, 15527509),
    )
    assert (lesson.name, lesson.count) == ("prime_mixture", 10)
    assert (lesson.smallest, lesson.largest) == (15492781, 15527509)


def test_the_waits_are_ten_between_50_and_400() -> None:
    waits = input_set("milliseconds")
    assert (waits.count, waits.smallest, waits.largest) == (10, 50, 400)


def test_every_set_in_the_folder_is_listed_and_can_be_read() -> None:
    assert input_sets() == [
        *("large_results", "longest_first", "milliseconds", "prime_mixture"),
        *("skewed", "tiny", "uniform"),
    ]
    assert [input_set(name).name for name in input_sets()] == input_sets()


@pytest.mark.parametrize("name", input_sets())
def test_a_set_is_one_number_a_line_and_nothing_else_and_told_of_in_the_readme(name: str) -> None:
    text = (data_folder() / f"{name}.txt").read_text("utf-8")
    assert text == "".join(f"{value}\n" for value in input_set(name))
    readme = (data_folder() / "README.md").read_text("utf-8")
    assert sum(line.startswith(f"| `{name}` |") for line in readme.splitlines()) == 1


def test_uniform_holds_equal_tasks_and_no_number_twice() -> None:
    uniform = input_set("uniform")
    assert uniform.count == len(set(uniform)) == 24
    assert uniform.largest < 1.001 * uniform.smallest


def test_skewed_ends_with_a_few_long_tasks_that_are_half_of_the_work() -> None:
    values = input_set("skewed").values
    assert len(values) == 43
    assert max(values[:-3]) * 10 < min(values[-3:])
    assert 0.4 < sum(values[-3:]) / sum(values) < 0.7


def test_longest_first_holds_the_numbers_of_skewed_in_falling_order() -> None:
    assert input_set("longest_first").values == tuple(sorted(input_set("skewed"), reverse=True))


def test_tiny_holds_thousands_of_small_tasks() -> None:
    tiny = input_set("tiny")
    assert tiny.count == 4000
    assert tiny.largest < 1200


def test_large_results_are_a_few_mebibytes_each() -> None:
    large = input_set("large_results")
    assert all(2**20 <= size <= 8 * 2**20 for size in large)
    assert sum(large) <= 128 * 2**20


def test_an_input_set_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        input_set("prime_mixture").values = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "prime_mixture.txt", "../data/prime_mixture", "README", ""],
)
def test_a_name_is_looked_up_and_never_becomes_a_path(name: str) -> None:
    with pytest.raises(Refused, match=r"^There is no input set '"):
        input_set(name)


@pytest.mark.parametrize("name", [None, 3, ["prime_mixture"], {"a": 1}, "\n" * 9, "x" * 10**6])
def test_a_name_of_any_kind_is_refused_in_one_short_line(name: object) -> None:
    with pytest.raises(Refused) as caught:
        input_set(name)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 200


def test_a_misspelt_name_gets_an_offer() -> None:
    with pytest.raises(
        Refused, match=r"^There is no .* 'prime_mix'; did you mean 'prime_mixture'\?"
    ):
        input_set("prime_mix")


@pytest.mark.parametrize(
    "text",
    [
        "1\n-2\n+3",
        "1\n-2\n3\n",
        "1\r\n-2\r\n3\r\n",
        "1\r-2\r3",
        "\ufeff1\n-2\n3",
        "\n\n  1\t\n \t\n-2\n\n3   ",
        b"1\n-2\n3",
        b"\xef\xbb\xbf1\r\n-2\r\n3",
        "0001\n-002\n3",
    ],
)
def test_line_ends_blank_lines_and_spaces_do_not_matter(text: str | bytes) -> None:
    assert parse(text, name="three") == InputSet("three", (1, -2, 3))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1\n2\ntwelve", "my.txt, line 3: 'twelve' is not a whole number."),
        ("\r\n\r\n1_000", "my.txt, line 3: '1_000' is not a whole number."),
        ("1,000", "my.txt, line 1: '1,000' is not a whole number."),
        ("1\n# two\n3", "my.txt, line 2: '# two' is not a whole number."),
        ("12.5", "my.txt, line 1: '12.5' is not a whole number."),
        ("1e3", "my.txt, line 1: '1e3' is not a whole number."),
        ("3 4", "my.txt, line 1: '3 4' is not a whole number."),
        ("- 3", "my.txt, line 1: '- 3' is not a whole number."),
        ("٣", "my.txt, line 1: '٣' is not a whole number."),
        ("1\n\ufeff2", r"my.txt, line 2: '\ufeff2' is not a whole number."),
        ("1\x0b2", r"my.txt, line 1: '1\x0b2' is not a whole number."),
        ("1\u20282", r"my.txt, line 1: '1\u20282' is not a whole number."),
        ("\ud800", r"my.txt, line 1: '\ud800' is not a whole number."),
        ("\x1b[2J", r"my.txt, line 1: '\x1b[2J' is not a whole number."),
        ("x" * 99, f"my.txt, line 1: '{'x' * 24}…' is not a whole number."),
        (
            "1\n1234567890123",
            "my.txt, line 2: '1234567890123' has 13 digits, more than the 12 allowed.",
        ),
        ("9" * 5000, f"my.txt, line 1: '{'9' * 24}…' has 5,000 digits, more than the 12 allowed."),
        ("", "my.txt has no numbers."),
        ("\ufeff \n\t\r\n", "my.txt has no numbers."),
        (b"1\n2\n\xff", "my.txt, line 3: the byte 0xff is not UTF-8 text."),
        ("1\n2".encode("utf-16"), "my.txt, line 1: the byte 0xff is not UTF-8 text."),
    ],
)
def test_bad_input_gets_one_sentence_with_line_reason_and_quote(
    text: str | bytes, sentence: str
) -> None:
    assert refusal(text, limits=USUAL) == sentence


def test_without_limits_a_set_may_be_as_large_as_it_is() -> None:
    assert parse("7\n" * 100_001).count == 100_001
    assert parse("1234567890123\n" + " " * 3 * 2**20).values == (1_234_567_890_123,)
    made = generate(count=100_001, size=10**14, spread=0.5, seed=1)
    assert made.count == 100_001
    assert made.largest > 10**12


def test_digits_that_python_does_not_read_are_refused_whatever_the_limits() -> None:
    most = sys.get_int_max_str_digits()
    assert parse("9" * most).count == 1
    assert refusal("9" * (most + 1)).endswith(
        f"{most + 1:,} digits, more than the {most:,} allowed."
    )


def test_as_many_numbers_as_allowed_are_taken_and_one_more_is_not() -> None:
    assert parse("1\n2\n3", limits=SMALL).count == 3
    assert refusal("1\n2\n\n3\n4", limits=SMALL) == (
        "my.txt, line 5: there are more than the 3 numbers that a set may have."
    )


def test_as_many_digits_as_allowed_are_taken_whatever_the_sign() -> None:
    assert parse("-9999\n+1234", limits=SMALL).values == (-9999, 1234)


def test_as_large_a_text_as_allowed_is_taken_and_one_byte_more_is_not() -> None:
    assert parse("1".ljust(64), limits=SMALL).values == (1,)
    assert refusal("x" * (3 * 2**20), limits=USUAL) == (
        "my.txt has 3,145,728 bytes of text, more than the 2 MiB that are allowed."
    )
    assert "more than" in refusal("1".ljust(65), limits=SMALL)
    assert "more than" in refusal("é" * 33, limits=SMALL)


def test_a_page_takes_a_hundred_thousand_numbers() -> None:
    assert parse("7\n" * 100_000, limits=USUAL).count == 100_000
    assert "more than the 100,000 numbers" in refusal("7\n" * 100_001, limits=USUAL)


@pytest.mark.parametrize("name", ["a\nb.txt", "x" * 999, "", "\x1b[2J"])
def test_a_hostile_file_name_is_quoted_too(name: str) -> None:
    with pytest.raises(Refused) as caught:
        parse("twelve", name=name)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 120


LINES = st.one_of(
    st.integers().map(str),
    st.integers(min_value=-(10**12), max_value=10**12).map(str),
    st.text(max_size=20),
    st.sampled_from(["", " ", "\t7 ", "+1", "--1", "1_0", "\ufeff1", "#"]),
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
TEXTS = st.one_of(
    st.text(),
    st.binary(),
    st.builds(lambda lines, end: end.join(lines), st.lists(LINES), ENDS),
    st.builds(lambda lines, end: end.join(lines).encode("utf-8", "replace"), st.lists(LINES), ENDS),
)


@given(TEXTS, st.text(max_size=60))
def test_any_text_gives_a_whole_set_or_one_line_of_refusal(text: str | bytes, name: str) -> None:
    values: tuple[int, ...]
    try:
        found = parse(text, name=name, limits=replace(USUAL, tasks=5, upload=200))
    except Refused as refused:
        said, values = str(refused), (0,)
    else:
        said, values = "a set", found.values
    assert said.isprintable()  # no line end and nothing that a terminal obeys
    assert len(said) < 250
    assert 1 <= len(values) <= 5
    assert all(abs(value) < 10**12 for value in values)


@given(st.lists(st.integers(-(10**12) + 1, 10**12 - 1), min_size=1), ENDS)
def test_what_is_written_is_what_is_read(values: list[int], end: str) -> None:
    assert parse(end.join(map(str, values))).values == tuple(values)


def test_the_generator_gives_the_same_numbers_everywhere() -> None:
    made = generate(count=5, size=1000, spread=0.1, seed=7)
    assert made.values == (983, 939, 1001, 1067, 913)
    assert made.name == "5 around 1000, spread 0.1, seed 7"
    assert generate(count=5, size=1000, spread=0.1, seed=7) == made
    assert generate(count=5, size=1000, spread=0.1, seed=8) != made


@given(
    st.integers(1, 50), st.integers(1, 10**11), st.floats(0, 1), st.integers(-(2**63), 2**63 - 1)
)
def test_generated_numbers_lie_within_the_spread_and_are_odd_where_they_can_be(
    count: int, size: int, spread: float, seed: int
) -> None:
    made = generate(count=count, size=size, spread=spread, seed=seed)
    low, high = round(size * (1 - spread)), round(size * (1 + spread))
    assert made.count == count
    assert low <= made.smallest <= made.largest <= high
    assert all(value % 2 for value in made.values) or set(made.values) == {size}
    assert parse("\n".join(map(str, made.values))).values == made.values


def test_without_a_spread_every_number_is_the_size() -> None:
    assert set(generate(count=9, size=100, spread=0, seed=1).values) == {100}


GOOD: dict[str, object] = {"count": 3, "size": 100, "spread": 0.5, "seed": 0}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"count": 0}, "The count must be a whole number from 1 to 100,000, not 0."),
        ({"count": 100_001}, "The count must be a whole number from 1 to 100,000, not 100,001."),
        ({"count": 2.5}, "The count must be a whole number from 1 to 100,000, not 2.5."),
        ({"count": "3"}, "The count must be a whole number from 1 to 100,000, not '3'."),
        ({"size": -5}, "The size must be a whole number from 1 to 999,999,999,999, not -5."),
        (
            {"size": 10**9999},
            "The size must be a whole number from 1 to 999,999,999,999, not one that long.",
        ),
        ({"spread": 1.01}, "The spread must be a number from 0 to 1, not 1.01."),
        ({"spread": -0.1}, "The spread must be a number from 0 to 1, not -0.1."),
        ({"spread": math.nan}, "The spread must be a number from 0 to 1, not nan."),
        ({"spread": math.inf}, "The spread must be a number from 0 to 1, not inf."),
        ({"spread": "much"}, "The spread must be a number from 0 to 1, not 'much'."),
        (
            {"size": 999_999_999_999},
            (
                "With a spread of 0.5 numbers would have more than the 12 digits that are allowed;"
                " take a smaller size."
            ),
        ),
    ],
)
def test_an_impossible_wish_is_refused_in_one_sentence(
    wrong: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Refused) as caught:
        generate(**(GOOD | wrong), limits=USUAL)
    assert str(caught.value) == sentence


def test_without_limits_what_is_too_little_or_no_number_is_refused_all_the_same() -> None:
    for wrong in ({"count": 0}, {"count": 2.5}, {"size": -5}, {"size": 10**9999}):
        with pytest.raises(Refused):
            generate(**(GOOD | wrong))


@pytest.mark.parametrize("seed", [2**63, -(2**63) - 1, 0.5, None])
def test_a_seed_that_no_column_can_keep_is_refused(seed: object) -> None:
    with pytest.raises(Refused, match=r"^The seed must be a whole number"):
        generate(**(GOOD | {"seed": seed}))
