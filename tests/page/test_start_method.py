"""The choice of a start method presets this Python's own default, and says so."""

import multiprocessing
import platform

import pytest

from mpviz.core.plan import DEFAULT_START_METHOD
from mpviz.page import start_method
from mpviz.page.start_method import start_method_buttons


def test_the_default_is_chosen_and_named_and_its_value_is_the_bare_name() -> None:
    buttons = start_method_buttons()
    assert buttons.value == DEFAULT_START_METHOD
    version = ".".join(platform.python_version_tuple()[:2])
    labels = {value: label for label, value in buttons.options}
    assert list(labels) == multiprocessing.get_all_start_methods()
    assert labels.pop(DEFAULT_START_METHOD) == (
        f"{DEFAULT_START_METHOD} (default of Python {version})"
    )
    assert all(label == value for value, label in labels.items())


def test_on_another_python_it_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_method, "DEFAULT_START_METHOD", "forkserver")
    monkeypatch.setattr(platform, "python_version_tuple", lambda: ("3", "14", "0rc1"))
    buttons = start_method_buttons()
    assert buttons.value == "forkserver"
    assert ("forkserver (default of Python 3.14)", "forkserver") in buttons.options
    assert ("fork", "fork") in buttons.options
