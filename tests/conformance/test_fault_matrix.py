"""The fault matrix, observed afresh: in time, nothing left, every task known, as committed.

A sample with each fault and each outcome; all of it where MPVIZ_FULL is 1. That nothing stays
behind is held by the fixture that every test has.
"""

import pytest

from mpviz.core.plan import START_METHODS
from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.committed import committed, key_of, this_python
from mpviz.faults.lab.report import LATE, line
from mpviz.faults.lab.running import run_cells
from mpviz.mechanisms import MECHANISMS
from tests.sampling import sampled

SAMPLE = {
    "raises": ["pool.map", "pipe"],
    "bad_exception": ["executor.submit", "threads"],
    "os._exit": ["process", "sequential"],
    "sigkill": ["pool.imap_unordered", "executor.map", "queue"],
    "segfault": ["threads", "pipe"],
    "loop": ["threads"],
    "sleep": ["pipe", "pipe.lesson"],
    "sigstop": ["pool.apply_async"],
    "bad_argument": ["executor.map", "threads"],
    "bad_result": ["pool.starmap", "process"],
    "big_result": ["pipe"],
    "big_results": ["queue"],
    "killed_sending": ["pool.map_async", "process"],
    "sys.exit": ["pool.imap", "executor.submit"],
    "interrupt": ["pipe"],
    "grandchild": ["process", "process.lesson"],
    "memory": ["sequential"],
}
ALL = [(method, fault, list(MECHANISMS)) for method in START_METHODS for fault in FAULTS]
SAMPLED = [
    *(("fork", fault, SAMPLE[fault]) for fault in FAULTS),
    ("spawn", "bad_argument", ["process", "pool.map"]),
    ("forkserver", "sigkill", ["pipe", "executor.submit"]),
]
CASES = sampled(SAMPLED, ALL)


@pytest.mark.parametrize(
    ("start_method", "fault", "mechanisms"),
    CASES,
    ids=[f"{method}-{fault}" for method, fault, _ in CASES],
)
def test_the_matrix_is_as_committed(start_method: str, fault: str, mechanisms: list[str]) -> None:
    seen = list(run_cells(mechanisms, [fault], start_method=start_method))
    assert {cell.mechanism for cell in seen} == set(mechanisms)
    late = [line(cell) for cell in seen if cell.over_s > LATE]
    assert not late
    assert all(cell.accounted for cell in seen)
    assert [wrong for cell in seen if (wrong := unlike(cell))] == []


def unlike(cell: Cell) -> str:
    """What is not as committed; nothing can be said of a Python for which there is no matrix."""
    known = committed().get(key_of(cell), frozenset(Seen))
    return "" if cell.seen in known else f"{line(cell)}; committed: {sorted(known)}"


def test_the_sample_has_every_fault_and_every_outcome_that_was_ever_seen() -> None:
    assert list(SAMPLE) == list(FAULTS)
    python = this_python() if any(key[0] == this_python() for key in committed()) else "3.11"
    sampled_outcomes = {
        seen
        for fault, mechanisms in SAMPLE.items()
        for mechanism in mechanisms
        for seen in committed()[python, "fork", mechanism, fault]
    }
    assert sampled_outcomes == {seen for outcomes in committed().values() for seen in outcomes}
