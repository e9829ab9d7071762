"""What is shown is text, whatever stands in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from mpviz.page.markup import MOST_LINES, code, element, hint, listing, prose

EVIL = "<script>\"'&"
ESCAPED = "&lt;script&gt;&#34;&#39;&amp;"


def test_an_element_has_its_classes_and_attributes() -> None:
    made = element("p", "one & two", "a b", role="status", aria_label="x")
    assert made == '<p class="a b" role="status" aria-label="x">one &amp; two</p>'


def test_texts_are_escaped_and_markup_is_not() -> None:
    assert element("p", EVIL) == f"<p>{ESCAPED}</p>"
    assert element("p", [EVIL, element("b", "x")]) == f"<p>{ESCAPED}<b>x</b></p>"
    assert element("p", Markup("<b>x</b>")) == "<p><b>x</b></p>"
    assert element("p", "", css='"><script>') == '<p class="&#34;&gt;&lt;script&gt;"></p>'


@given(st.text())
def test_whatever_is_written_reads_back_as_itself(text: str) -> None:
    assert element("b", text)[3:-4].unescape() == text


@pytest.mark.parametrize("made", [code(EVIL, EVIL), listing([EVIL], EVIL), prose(EVIL), hint(EVIL)])
def test_no_text_becomes_an_element(made: Markup) -> None:
    assert "<script" not in made


def test_a_docstring_becomes_paragraphs_and_its_backticks_code() -> None:
    text = """Takes ``Pool`` and `map`.

    It
    waits.
    """
    assert prose(text) == (
        '<div class="mpviz-prose"><p>Takes <code>Pool</code> and <code>map</code>.</p>'
        "<p>It waits.</p></div>"
    )


def test_a_long_listing_is_cut_and_says_so() -> None:
    made = listing(["x"] * (MOST_LINES + 7), "printed")
    assert made.count("x\n") == MOST_LINES
    assert "… and 7 entries more" in made
    assert 'tabindex="0" role="region" aria-label="printed"' in made


def test_where_there_is_nothing_to_explain_there_is_no_hint() -> None:
    assert hint("") == ""
