"""Which queue may lose numbers."""

from __future__ import annotations

from collections.abc import Callable

from mpviz.experiments.finding import Finding

Find = Callable[[str], Finding]


def test_the_queue_without_the_race_loses_nothing(finding: Find) -> None:
    frame = finding("losing_queue").frame
    assert (frame["came"] + frame["lost"] == frame["items"]).all()
    assert (frame["lost"][frame["mechanism"] == "queue"] == 0).all()
    assert frame.groupby("mechanism").size().tolist() == [3, 3]
