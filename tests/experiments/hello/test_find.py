"""What hello finds, on any machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.experiments.finding import Finding

Find = Callable[[str], Finding]


def test_hello_greets_and_without_join_the_parent_does_not_wait(finding: Find) -> None:
    one = finding("hello")
    assert one.printed == ("Hello, I am Ada.",) * 4
    at = one.frame.set_index(["variant", "moment"])["at_s"]
    taught = at["start, join, close"]
    assert taught["it prints"] <= taught["it ends"] <= taught["join() returned"]
    assert taught["join() returned"] <= taught["close() returned"] <= taught["parent's next line"]
    assert at["without join", "parent's next line"] < at["without join", "it prints"]
    said = one.frame.drop_duplicates("variant").set_index("variant")["afterwards"]
    assert said["start, join, close"].startswith("closed")
    assert said["without join"].startswith("exitcode None, alive")
    assert said["without close"].startswith("exitcode 0, ended")
    assert said["close, not joined"].startswith("ValueError: Cannot close")


@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
def test_a_greeting_comes_home_by_each_start_method(start_method: str) -> None:
    found = EXPERIMENTS["hello"].function(start_method=start_method)
    assert found.printed == ("Hello, I am Ada.",) * 4
