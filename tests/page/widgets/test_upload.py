"""A file is checked before it is handed over, and a refusal is one sentence."""

import pytest

from mpviz.page.widgets.upload import Upload
from tests.page.widgets.messages import ODD, receive


@pytest.fixture
def files():
    return []


@pytest.fixture
def refused():
    return []


@pytest.fixture
def upload(files, refused):
    return Upload("Numbers", 10, on_file=lambda *file: files.append(file), on_error=refused.append)


def test_a_file_is_handed_over_with_its_name_and_text(upload, files):
    receive(upload, {"type": "file", "name": "mine.txt", "text": "1\n2"})
    assert files == [("mine.txt", "1\n2")]


@pytest.mark.parametrize(
    "content",
    [
        {"type": "too large", "name": "big.txt"},
        {"type": "file", "name": "big.txt", "text": "1" * 11},
        {"type": "file", "name": "big.txt", "text": "é" * 6},
    ],
)
def test_a_file_that_is_too_large_is_refused_in_one_sentence(upload, files, refused, content):
    receive(upload, content)
    assert files == []
    assert refused == ["big.txt is larger than the 10 bytes that are allowed."]


def test_a_file_that_is_not_text_is_refused_in_one_sentence(upload, refused):
    receive(upload, {"type": "not text", "name": "a.png"})
    assert refused == ["a.png is not a text file in UTF-8."]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\numbers.txt", "numbers.txt"),
        ("a\nb\x00.txt", "ab.txt"),
        ("", "The file"),
        ("x" * 500, "x" * 120),
    ],
)
def test_a_name_is_only_a_short_printable_name(upload, files, given, name):
    receive(upload, {"type": "file", "name": given, "text": "1"})
    assert files == [(name, "1")]


@pytest.mark.parametrize(
    "content",
    [
        *ODD,
        {"type": "file", "name": 3, "text": "1"},
        {"type": "file", "name": "a", "text": ["1"]},
        {"type": "file", "name": "a", "text": None},
        {"type": "file", "text": "1"},
    ],
)
def test_odd_messages_are_ignored(upload, files, refused, content):
    receive(upload, content)
    assert (files, refused) == ([], [])


def test_a_lone_surrogate_is_text_like_any_other(upload, files):
    receive(upload, {"type": "file", "name": "a", "text": "\ud800"})
    assert files == [("a", "\ud800")]


def test_what_the_callback_raises_becomes_a_sentence():
    refused = []

    def fail(name, text):
        raise ValueError(f"{name}: line 1 is no number.")

    upload = Upload("Numbers", 10, on_file=fail, on_error=refused.append)
    receive(upload, {"type": "file", "name": "a.txt", "text": "x"})
    assert refused == ["a.txt: line 1 is no number."]


def test_the_browser_cannot_raise_the_limit(upload):
    upload.set_state({"max_bytes": 10**9})
    assert upload.max_bytes == 10
