"""The timed task: what is stamped, and in which order."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mpviz
from mpviz.analysis import frames
from mpviz.engine.recording import table as words
from mpviz.engine.recording.output import RAISED, TRACEBACK, Output, ThreadState, read
from mpviz.engine.recording.table import (
    CPU,
    DONE,
    FAILED,
    FINISHED,
    HEADER_WORDS,
    RUNNING,
    STARTED,
    STATE,
    TASK_WORDS,
)
from mpviz.engine.recording.task import here, note_error, state, timed_task


class Tape(list):
    """Words that remember in which order they were written."""

    def __init__(self) -> None:
        super().__init__([0] * 64)
        self.order: list[tuple[int, int]] = []

    def __setitem__(self, at: int, value: int) -> None:  # type: ignore[override]
        self.order.append((at - HEADER_WORDS, value))
        super().__setitem__(at, value)


@pytest.fixture
def tape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = Tape()
    output = Output(tmp_path / "output", here)
    monkeypatch.setattr(state, "words", made, raising=False)
    monkeypatch.setattr(state, "output", output, raising=False)
    monkeypatch.setattr(here, "place", ThreadState())
    here.place.worker = 6
    yield made
    os.close(output._file)


def workload(monkeypatch: pytest.MonkeyPatch, function: Callable[[Any], Any]) -> None:
    monkeypatch.setattr(state, "function", function, raising=False)


def test_the_state_is_written_after_what_it_speaks_of(
    tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    workload(monkeypatch, lambda x: x + 1)
    assert timed_task((0, 41)) == (0, 42)
    assert [cell for cell, _ in tape.order] == [STARTED, STATE, FINISHED, CPU, STATE]
    assert tape.order[1][1] == 6 << 2 | RUNNING
    assert tape.order[-1][1] == 6 << 2 | DONE


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(0), KeyboardInterrupt()])
def test_a_task_that_raises_is_stamped_and_raises_on(
    tape: Tape, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException
) -> None:
    def fail(_: Any) -> None:
        raise error

    workload(monkeypatch, fail)
    with pytest.raises(type(error)):
        timed_task((0, None))
    assert tape.order[-1] == (STATE, 6 << 2 | FAILED)
    entry, story = read(tmp_path / "output")[0]
    assert story[:3] == (TRACEBACK, 0, 6)
    assert story[3].splitlines()[-1].startswith(type(error).__name__)
    assert entry[:3] == (RAISED, 0, 6)
    assert entry[3].startswith(type(error).__name__)
    assert here.place.task == -1


def test_a_task_of_a_thread_without_a_row_is_stamped_all_the_same(
    tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.place.worker = -1
    workload(monkeypatch, abs)
    timed_task((0, -1))
    assert tape.order[-1][1] & 3 == DONE
    assert tape.order[-1][1] >> 2 == -1


def test_an_exception_whose_text_raises_is_named_by_its_type(tape: Tape, tmp_path: Path) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    for here.place.task, error in enumerate([MuteError(), ValueError()]):
        note_error(error)
    assert [entry[3] for entry in read(tmp_path / "output")[0] if entry[0] == RAISED] == [
        "MuteError",
        "ValueError",
    ]


def test_cpu_time_between_two_tasks_is_nobody_s(
    tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    workload(monkeypatch, lambda x: x)
    timed_task((0, None))
    total = sum(range(10**6))  # some milliseconds of CPU time
    timed_task((1, total))
    assert [value < 2 * 10**6 for cell, value in tape.order if cell % TASK_WORDS == CPU] == [
        True
    ] * 2


@pytest.mark.process
@pytest.mark.parametrize("mechanism", ["process", "pipe"])
def test_what_a_worker_that_ends_at_once_had_written_is_there(mechanism: str) -> None:
    def stop(x: int) -> int:
        if x == 2:
            print("last words", flush=True)
            os._exit(3)
        return x

    trace = mpviz.run(stop, range(4), mechanism=mechanism, workers=2, timeout=20)
    row = frames._task_rows(trace.record)[2]
    assert row[words.STATE] & 3 == RUNNING
    assert row[words.STARTED] > 0
    assert row[words.FINISHED] == row[words.CPU] == row[words.RECEIVED] == 0
    assert list(trace.tasks["outcome"]) == ["ok", "ok", "died", "ok"]
    assert [(line.task, line.text) for line in trace.output] == [(2, "last words")]
    assert 3 in list(trace.workers["exitcode"])


@pytest.mark.process
def test_cpu_time_is_the_thread_s_own() -> None:
    trace = mpviz.run(
        mpviz.WORKLOADS["sleep"].function, [50, 50], mechanism="threads", workers=2, timeout=20
    )
    assert (trace.tasks["finished_s"] - trace.tasks["started_s"] >= 0.05).all()
    assert (trace.tasks["cpu_s"] < 0.03).all()


@pytest.mark.process
def test_a_traceback_is_the_task_s_own_and_not_part_of_its_time() -> None:
    def deeper(x: int) -> float:
        return 1 / x

    def work(x: int) -> float:
        return deeper(x)

    trace = mpviz.run(work, [1, 0], mechanism="queue", workers=1, timeout=30)
    (task,) = trace.tracebacks
    lines = trace.tracebacks[task].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert [line.split(", in ")[1] for line in lines if line.startswith("  File")] == [
        "work",
        "deeper",
    ]
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert task == 1
    assert "mpviz" not in lines[1]


def test_of_a_process_the_tracebacks_of_the_first_ten_tasks_are_kept_and_a_long_one_is_cut(
    tape: Tape, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_: Any) -> None:
        raise ValueError("x" * 100_000)

    workload(monkeypatch, fail)
    monkeypatch.setattr(state, "tracebacks", 10)
    for _ in range(12):
        with pytest.raises(ValueError, match="x"):
            timed_task((0, None))
    found = (tmp_path / "output").read_bytes()
    assert found.count(b"Traceback (most recent call last)") == 10
    (story,) = (entry[3] for entry in read(tmp_path / "output")[0] if entry[0] == TRACEBACK)
    assert len(story) < 9_000
