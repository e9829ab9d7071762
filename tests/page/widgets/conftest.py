"""What a handler's failure writes goes to a text, not to the terminal."""

import io
import sys

import pytest


@pytest.fixture(autouse=True)
def stderr(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", stream)
    return stream
