"""What a link may do: set what is fit, and have the rest named; never more, never an exception."""

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mpviz.page import links

CHECKS = {
    "mechanism": links.one_of("mechanism", {"pool.map": 1, "queue": 2}),
    "workers": links.whole("workers", 1, 16),
    "deadline": links.number("the deadline", 0.1, 600),
}
values = st.one_of(
    st.text(), st.integers().map(str), st.floats().map(str), st.sampled_from(["queue", "16", "1e9"])
)


def test_fit_values_are_given_with_their_type() -> None:
    link = links.read("?mechanism=queue&workers=4&deadline=2.5", CHECKS)
    assert link == links.Link({"mechanism": "queue", "workers": 4, "deadline": 2.5})


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            "workers=99999",
            "The link's workers=99999 was ignored: workers must be a whole number from 1 to 16.",
        ),
        ("workers=", "The link's workers= was ignored: workers must be a whole number from 1"),
        ("workers=-1", "The link's workers=-1 was ignored"),
        ("workers=%D9%A4", "The link's workers=٤ was ignored"),  # a four, to int()
        ("mechanism=magic", "The link's mechanism=magic was ignored: there is no such mechanism."),
        ("deadline=nan", "The link's deadline=nan was ignored: the deadline must be a number"),
        ("deadline=1e2", "The link's deadline=1e2 was ignored"),
        ("workers=a%00%0Ab", "The link's workers=a��b was ignored"),
    ],
)
def test_a_value_that_is_not_fit_is_named_in_one_sentence(query: str, sentence: str) -> None:
    link = links.read(query, CHECKS)
    assert link.values == {}
    assert [text[: len(sentence)] for text in link.ignored] == [sentence]


def test_what_others_put_into_an_address_is_not_looked_at() -> None:
    assert links.read("?token=secret&reset&lang=de", CHECKS) == links.Link({})


@pytest.mark.parametrize("query", ["workers=2&" + "a" * 3000, "workers=2&" * 60])
def test_a_link_beyond_measure_is_ignored_as_a_whole(query: str) -> None:
    link = links.read(query, CHECKS)
    assert link.values == {}
    assert len(link.ignored) == 1


@given(st.text(max_size=3000))
@example("workers=\ud800")
@example("&".join(f"workers={n}" for n in range(100)))
def test_any_text_gives_values_or_sentences(query: str) -> None:
    check(links.read(query, CHECKS))


@given(st.lists(st.tuples(st.sampled_from([*CHECKS, "other"]), values), max_size=8))
def test_each_known_key_gives_a_value_or_a_sentence(pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{key}={quote(value, errors='replace')}" for key, value in pairs)
    link = links.read(query, CHECKS)
    check(link)
    if len(query) <= links.LONGEST:
        known = [key for key, _ in pairs if key in CHECKS]
        assert len(link.values) + len(link.ignored) <= len(known)
        assert bool(known) == bool(link.values or link.ignored)


def check(link: links.Link) -> None:
    assert set(link.values) <= set(CHECKS)
    assert link.values.get("mechanism", "queue") in ("pool.map", "queue")
    assert 1 <= int(link.values.get("workers", 1)) <= 16
    assert 0.1 <= float(link.values.get("deadline", 1)) <= 600
    for sentence in link.ignored:
        assert sentence.isprintable()
        assert len(sentence) < 200


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "mechanism": st.sampled_from(["pool.map", "queue"]),
            "workers": st.integers(1, 16),
            "deadline": st.integers(1, 600).map(float),
        },
    )
)
def test_a_query_reads_back_as_what_it_was_made_of(asked: dict[str, links.Value]) -> None:
    assert links.read(links.query(asked), CHECKS) == links.Link(asked)
