"""A press makes the file, and every press is answered."""

import pytest

from mpviz.page.widgets.download_button import DownloadButton
from tests.page.widgets.messages import ODD, receive, sent_by


def test_a_press_makes_the_file_and_answers_the_view_that_asked():
    button = DownloadButton("CSV", lambda: ("runs.zip", b"PK"))
    sent = sent_by(button)
    receive(button, {"type": "make", "ask": "a1"})
    assert sent == [({"type": "file", "ask": "a1", "name": "runs.zip"}, [b"PK"])]


def test_what_make_raises_is_errors_and_the_button_is_free_again():
    errors = []
    button = DownloadButton("CSV", lambda: 1 / 0, on_error=errors.append)
    sent = sent_by(button)
    receive(button, {"type": "make", "ask": "a1"})
    assert isinstance(errors[0], ZeroDivisionError)
    assert sent == [({"type": "failed", "ask": "a1"}, None)]


def test_nothing_is_made_while_it_is_disabled_and_the_view_that_asked_is_errors():
    button = DownloadButton("CSV", lambda: ("x", b""), disabled=True)
    sent = sent_by(button)
    receive(button, {"type": "make", "ask": "a1"})
    assert sent == [({"type": "failed", "ask": "a1"}, None)]


@pytest.mark.parametrize("content", [*ODD, {"type": "make"}, {"type": "make", "ask": "a" * 65}])
def test_odd_messages_are_ignored(content):
    button = DownloadButton("CSV", lambda: ("x", b""))
    sent = sent_by(button)
    receive(button, content)
    assert sent == []


def test_the_browser_cannot_enable_it():
    button = DownloadButton("CSV", lambda: ("x", b""), disabled=True)
    button.set_state({"disabled": False, "label": "other"})
    assert (button.disabled, button.label) == (True, "CSV")
