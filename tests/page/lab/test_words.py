"""The fault lab's words: one for each outcome, and how far a run of cells is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.running import DEADLINES
from mpviz.page.lab import words


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        (replace, "raised"),
        (lambda c: replace(c, seen=Seen.LOST, lost=2), "lost 2"),
        (lambda c: replace(c, seen=Seen.LEFT, left_behind=1), "left 1"),
        (lambda c: replace(c, seen=Seen.HUNG, lost=7), "hung"),
    ],
)
def test_a_word_says_what_was_seen_and_how_many(
    real: Cell, seen: Callable[[Cell], Cell], shown: str
) -> None:
    assert words.word_of(seen(real)).text == shown


def test_every_outcome_has_a_look_and_a_word_of_its_own() -> None:
    assert set(words.SEEN) == set(Seen)
    looks = [look for seen, look in words.SEEN.items() if seen is not Seen.CANCELLED]
    assert len(set(looks)) == len(looks)
    assert all(
        str(seen) in words.legend(())
        for seen in Seen
        if seen not in (*words.BRIEFLY, Seen.CANCELLED)
    )


def test_progress_is_said_with_what_hung_and_how_long_it_may_take() -> None:
    assert words.progress(37, 272, 12, 60.0) == (
        "37 of 272 cells, 12 hung so far; about 7 min more."
    )
    assert words.progress(0, 1, 0, 0.0) == "0 of 1 cell."
    assert words.summary(17, 17, 12.3, False) == "Done: 17 cells in 15 s."


def test_the_legend_counts_the_cells_that_show_a_word(real: Cell) -> None:
    legend = words.legend([real, real, replace(real, seen=Seen.HUNG)])
    assert "raised</span> the call raised <b>2</b>" in legend
    assert legend.count("<b>") == 2
    assert legend.count("<li>") == len(Seen) - 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_head_says_what_pressing_it_does(fault: str) -> None:
    head = words.column_head(fault)
    assert head.description == f"Run every mechanism with this fault: {FAULTS[fault].title}"
    assert head.title == f"{head.description}. {FAULTS[fault].about}"


def test_before_a_run_its_usual_time_and_the_deadline_are_said() -> None:
    deadline = DEADLINES["fork"]
    text = words.forecast(17, "fork", 300)
    assert text.startswith("17 cells, ")
    assert "usually within about " in text
    assert f"its deadline, {deadline:g} s for most faults" in text
    assert words.forecast(272, "fork", 17).startswith("A row or a column at a time")


def test_what_was_cut_short_says_how_many_cells_were_done() -> None:
    assert words.summary(3, 17, 9.0, True) == (
        "Cancelled after 3 of 17 cells; what was seen is kept."
    )
    assert words.summary(3, 17, 9.0, False).startswith("Ended after 3 of 17 cells")
