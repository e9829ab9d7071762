"""Which pipe waits for its deadline."""

from __future__ import annotations

from collections.abc import Callable

from mpviz.experiments.finding import Finding

Find = Callable[[str], Finding]


def test_the_lessons_pipe_waits_for_its_deadline_and_the_other_does_not(finding: Find) -> None:
    frame = finding("waiting_pipe").frame
    ending = frame.groupby("mechanism")["ending"].first()
    assert ending["pipe.lesson"] == "deadline"
    assert ending["pipe"] == "finished"
    assert (frame.groupby("mechanism")["received_s"].count() == 3).all()
    assert (frame["outcome"] == "died").sum() == 2
    assert frame["ended_s"].notna().all()
