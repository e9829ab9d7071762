"""The trace table: where its words lie, and what happens when its rows run out."""

import os
from pathlib import Path

import pytest

from mpviz.engine.recording.table import (
    CALLED,
    CLAIMED,
    DONE,
    EXITCODE,
    FAILED,
    FINISHED,
    HEADER_WORDS,
    LANE,
    LOADING,
    LOST,
    NAME,
    NAME_WORDS,
    NO_EXITCODE,
    PID,
    REQUESTED,
    RUNNING,
    STARTED,
    STATE,
    TASK_WORDS,
    TASKS,
    WORD,
    WORKER_WORDS,
    WORKERS,
    TableFile,
    TraceTable,
    stamp_loading,
)


@pytest.fixture
def table(tmp_path: Path):
    made = TraceTable.create(tmp_path / "table", tasks=3, workers=2)
    yield made
    made.close()


def test_the_file_holds_header_tasks_and_workers_and_begins_all_zero(table: TraceTable) -> None:
    size = (HEADER_WORDS + 3 * TASK_WORDS + 2 * WORKER_WORDS) * WORD
    assert table.path.stat().st_size == size
    assert (table.words[TASKS], table.words[WORKERS]) == (3, 2)
    assert not any(table.words[2:])


def test_a_task_row_lies_at_the_task_s_index(table: TraceTable) -> None:
    assert [table.task(index) for index in range(3)] == [16, 21, 26]
    assert table.worker(0) == 31
    assert table.worker(1) - table.worker(0) == WORKER_WORDS


def test_what_one_process_writes_another_reads_at_once(table: TraceTable) -> None:
    other = TraceTable(table.path)
    table.words[table.task(1) + STARTED] = -(2**63)
    assert other.words[other.task(1) + STARTED] == -(2**63)
    other.close()


@pytest.mark.process
def test_rows_written_by_a_process_that_ends_at_once_are_there(table: TraceTable) -> None:
    child = os.fork()
    if not child:
        try:
            table.words[table.task(2) + FINISHED] = 42
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert table.words[table.task(2) + FINISHED] == 42


def test_a_claimed_row_has_name_lane_and_moment_and_no_exit_code(table: TraceTable) -> None:
    row = table.claim(name="ForkProcess-1", lane=1, requested=99)
    at = table.worker(row)
    assert (row, table.claimed) == (0, 1)
    assert (table.words[at + LANE], table.words[at + REQUESTED]) == (1, 99)
    assert table.words[at + EXITCODE] == NO_EXITCODE
    name = bytes(table.words[at + NAME : at + NAME + NAME_WORDS])
    assert name.rstrip(b"\0") == b"ForkProcess-1"


@pytest.mark.parametrize("name", ["x" * 100, "ü" * 100, ""])
def test_a_long_name_is_cut_and_stays_in_its_row(table: TraceTable, name: str) -> None:
    table.claim(name=name, lane=0, requested=1)
    table.claim(name="next", lane=7, requested=2)
    assert table.words[table.worker(1) + LANE] == 7
    written = bytes(table.words[table.worker(0) + NAME : table.worker(1)])
    assert written.rstrip(b"\0") == name.encode()[:32]


def test_a_worker_for_which_no_row_is_left_is_counted(table: TraceTable) -> None:
    claimed = [table.claim(name="w", lane=0, requested=1) for _ in range(5)]
    assert claimed == [0, 1, -1, -1, -1]
    assert (table.words[CLAIMED], table.words[LOST]) == (2, 3)
    assert len(table.worker_bytes()) == 2 * WORKER_WORDS * WORD


def test_only_claimed_worker_rows_are_given(table: TraceTable) -> None:
    assert table.worker_bytes() == b""
    table.claim(name="w", lane=0, requested=1)
    assert len(table.worker_bytes()) == WORKER_WORDS * WORD
    assert len(table.task_bytes()) == 3 * TASK_WORDS * WORD


def test_finished_counts_what_is_done_or_failed_not_what_runs(table: TraceTable) -> None:
    assert table.finished == 0
    for index, state in enumerate((RUNNING, DONE, FAILED)):
        table.words[table.task(index) + STATE] = 5 << 2 | state
    assert table.finished == 2


def test_finished_counts_tasks_of_a_worker_without_a_row_too(table: TraceTable) -> None:
    table.words[table.task(0) + STATE] = -1 << 2 | DONE
    table.words[table.task(1) + STATE] = -1 << 2 | RUNNING
    assert table.finished == 1


def test_a_row_that_was_given_does_not_change_afterwards(table: TraceTable) -> None:
    before = table.task_bytes()
    table.words[table.task(0) + STARTED] = 1
    assert before != table.task_bytes()
    assert before == bytes(len(before))


@pytest.fixture
def watched(table: TraceTable):
    made = TableFile(table.path)
    yield made
    made.close()


def test_who_watches_sees_what_is_written_at_once(table: TraceTable, watched: TableFile) -> None:
    table.claim(name="w", lane=0, requested=1)
    table.words[table.task(1) + STATE] = DONE
    assert (watched.tasks, watched.workers, watched.claimed, watched.finished) == (3, 2, 1, 1)
    assert watched.task_bytes() == table.task_bytes()
    assert watched.worker_bytes() == table.worker_bytes()
    watched.words[watched.worker(0) + EXITCODE] = -9
    assert table.words[table.worker(0) + EXITCODE] == -9


@pytest.mark.parametrize("length", [0, 8, 200, 333])
def test_a_table_that_was_cut_short_is_zero_where_nothing_is(
    table: TraceTable, watched: TableFile, length: int
) -> None:
    table.claim(name="w", lane=0, requested=1)
    os.truncate(table.path, length)
    assert len(watched.task_bytes()) == 3 * TASK_WORDS * WORD
    assert watched.finished == 0
    assert not watched.booted
    assert watched.pid(0) == 0
    watched.words[watched.worker(1)] = 7
    assert watched.words[watched.worker(1)] == 7


@pytest.mark.parametrize("lie", [2**62, -1, -(2**63), 2**63 - 1])
def test_what_cannot_be_is_not_believed(table: TraceTable, watched: TableFile, lie: int) -> None:
    for word in (TASKS, WORKERS, CLAIMED, LOST, CALLED):
        table.words[word] = lie
    table.words[table.worker(0) + PID] = lie
    assert (watched.tasks, watched.workers) == (3, 2)
    assert 0 <= watched.claimed <= 2
    assert 0 <= watched.lost < 2**31
    assert watched.stamp(CALLED) == 0
    assert watched.pid(0) == 0
    assert len(watched.worker_bytes()) <= 2 * WORKER_WORDS * WORD
    for word, value in ((TASKS, 3), (WORKERS, 2)):
        table.words[word] = value


def test_a_stamp_is_believed_from_the_file_s_making_until_now(
    table: TraceTable, watched: TableFile
) -> None:
    stamp_loading(table.path)
    assert watched.stamp(LOADING) == table.words[LOADING] > 0
