"""A run of cells as few blocks, and what of it is done."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.mechanisms import MECHANISMS
from mpviz.page.lab.batch import Batch, blocks_of
from mpviz.page.lab.tab import ALL


@given(st.lists(st.sampled_from(ALL), unique=True))
def test_blocks_are_the_cells_asked_for_each_once(keys: list[tuple[str, str]]) -> None:
    made = [(m, f) for mechanisms, faults in blocks_of(keys) for f in faults for m in mechanisms]
    assert sorted(made) == sorted(keys)


def test_all_cells_are_one_block() -> None:
    assert blocks_of(ALL) == [(list(MECHANISMS), list(FAULTS))]


def test_what_was_started_and_not_seen_yet_is_under_way(real: Cell) -> None:
    keys = [("queue", "raises"), ("pipe", "raises"), ("pipe", "loop")]
    batch = Batch(keys)
    batch.begin()
    batch.started |= set(keys[:2])
    assert batch.under_way() == set(keys[:2])
    batch.seen[keys[0]] = replace(real, seen=Seen.HUNG)
    assert batch.under_way() == {keys[1]}
    assert batch.progress() == "1 of 3 cells, 1 hung so far."
    assert batch.summary(True).startswith("Cancelled after 1 of 3 cells")
