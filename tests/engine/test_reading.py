"""What a run leaves behind is read without trust: tasks that write to the run's own files."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mpviz
from mpviz.analysis.trace import Trace
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.engine.reading import last_words
from mpviz.engine.recording.raw import LOG

LIMIT = 20.0  # seconds for what would go on for ever


def folder() -> Path:
    """The run's folder, as its tasks find it."""
    from mpviz.engine.recording.task import state

    return state.table.path.parent


def ran(function: Callable[[Any], Any], inputs: list[Any], **options: Any) -> Trace:
    """The trace of a run, gone through as a page would."""
    options = {"mechanism": "process", "workers": 1, "timeout": 20} | options
    began = time.monotonic()
    trace = mpviz.run(function, inputs, **options)
    assert time.monotonic() - began < LIMIT + options["timeout"]
    assert len(trace.tasks) == len(inputs)
    assert trace.sentence
    assert trace.timeline().renderers
    assert len(trace.workers) <= 1000
    return trace


@pytest.mark.process
@pytest.mark.parametrize("name", ["output", "results", "host.log"])
@pytest.mark.parametrize("kind", ["pipe", "link", "nothing", "folder", "hole"])
def test_something_else_in_a_file_s_place_costs_what_it_held_and_nothing_more(
    name: str, kind: str
) -> None:
    def put(name_and_kind: tuple[str, str]) -> int:
        import os

        path = folder() / name_and_kind[0]
        if name_and_kind[1] == "hole":
            os.truncate(path, 20 << 30)
            return 1
        path.unlink()
        if name_and_kind[1] == "pipe":
            os.mkfifo(path)
        elif name_and_kind[1] == "link":
            path.symlink_to("/dev/zero")
        elif name_and_kind[1] == "folder":
            path.mkdir()
        return 1

    trace = ran(put, [(name, kind)])
    assert list(trace.tasks["outcome"]) == ["ok"]
    if name == "results" and kind != "folder":
        assert list(trace.tasks["result"]) == ["1"]
    if name == "output" and kind != "hole":
        assert "hat was printed could not be read" in trace.sentence


@pytest.mark.process
@pytest.mark.parametrize("length", [0, 100, 20 << 30])
def test_a_table_that_a_task_cuts_short_kills_neither_kernel_nor_guard(length: int) -> None:
    def cut(length: int) -> None:
        import os
        import time

        os.truncate(folder() / "table", length)
        time.sleep(0.3)

    trace = ran(cut, [length], timeout=3)
    assert "guard" not in trace.record.message


@pytest.mark.process
@pytest.mark.parametrize("word", range(10))
@pytest.mark.parametrize("lie", [2**62, -(2**62), 0])
def test_a_word_of_the_table_s_header_that_is_a_lie_changes_neither_deadline_nor_record(
    word: int, lie: int
) -> None:
    def write(word_and_lie: tuple[int, int]) -> None:
        import os
        import struct
        import time

        fd = os.open(folder() / "table", os.O_WRONLY)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            os.pwrite(fd, struct.pack("=q", word_and_lie[1]), word_and_lie[0] * 8)
            time.sleep(0.01)

    trace = ran(write, [(word, lie)], mechanism="sequential", timeout=0.7)
    assert trace.record.ending is Ending.DEADLINE


@pytest.mark.process
def test_rows_that_are_all_lies_are_a_record_too() -> None:
    def scribble(seed: int) -> None:
        import random

        path = folder() / "table"
        with path.open("r+b") as file:
            file.seek(16 * 8)
            file.write(random.Random(seed).randbytes(path.stat().st_size - 16 * 8))

    for seed in range(3):
        ran(scribble, [seed, seed], timeout=3)


@pytest.mark.process
def test_much_that_is_printed_by_many_processes_is_kept_within_bounds() -> None:
    def speak(_: int) -> None:
        for _line in range(21):
            print("x" * 60_000)

    trace = ran(speak, list(range(30)), workers=2)
    assert sum(len(line.text) for line in trace.output) < 9 << 20
    assert any("of what was printed are left out here" in line.text for line in trace.output)


def test_of_what_was_said_on_the_host_s_descriptors_the_end_is_read(tmp_path: Path) -> None:
    with (tmp_path / LOG).open("wb") as file:
        file.truncate(20 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast words\n")
    assert last_words(tmp_path, 3).endswith("ended with status 3, saying 'last words'")
    (tmp_path / LOG).unlink()
    os.mkfifo(tmp_path / LOG)
    assert last_words(tmp_path, 3).endswith("ended with status 3")


class SlowToLoad:
    """Takes longer to unpickle than any deadline here."""

    def __reduce__(self) -> Any:
        return (eval, ("__import__('time').sleep(60)",))

    def __call__(self, x: int) -> int:
        return x


@pytest.mark.process
def test_a_hang_while_the_host_loads_the_function_is_held_by_the_deadline() -> None:
    running = runner.start(Plan(SlowToLoad(), (1,), timeout=1.0))
    began = time.monotonic()
    record = running.wait(25)
    assert time.monotonic() - began < 25
    assert record.ending is Ending.DEADLINE


class Exits:
    """Ends the program when it is asked what it is."""

    def __repr__(self) -> str:
        os._exit(0)


class Hangs:
    """Never says what it is, whatever is raised into it."""

    def __repr__(self) -> str:
        import signal

        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        while True:
            time.sleep(1)


class Quits:
    """Raises what ends a program when it is asked what it is."""

    def __repr__(self) -> str:
        raise SystemExit(3)


@pytest.mark.process
@pytest.mark.parametrize(
    ("kind", "known"),
    [(Quits, {0: "1", 1: "<Quits whose repr raises SystemExit>", 2: "3"})]
    + [(kind, {0: "1", 2: "3"}) for kind in (Exits, Hangs)],
)
def test_a_result_that_ends_or_stops_the_program_when_asked_what_it_is_loses_no_other(
    kind: type, known: dict[int, str]
) -> None:
    trace = ran(lambda x: kind() if x == 2 else x, [1, 2, 3], mechanism="sequential", timeout=3)
    assert list(trace.tasks["outcome"]) == ["ok"] * 3
    assert trace.record.ending is Ending.FINISHED
    assert trace.record.results == known
    if len(known) < 3:
        assert "f 3 results in hand, 1 are not known" in trace.sentence


@pytest.mark.process
def test_of_a_run_cut_short_with_very_many_results_they_are_kept_or_said_to_be_lost() -> None:
    def hang_at_the_end(x: int) -> list[int]:
        import time

        if x < 0:
            time.sleep(60)
        return [x] * 20

    inputs = [*range(150_000), -1]
    plan = Plan(hang_at_the_end, tuple(inputs), "sequential", timeout=8.0)
    record = runner.finish(runner.start(plan))
    assert record.ending is Ending.DEADLINE
    received = sum(outcome == "ok" for outcome in Trace(record).tasks["outcome"])
    assert received > 0
    assert len(record.results) == received or "are not known" in record.message
    assert len(record.results) > 0


@pytest.mark.process
def test_descriptors_used_up_are_not_called_a_full_disk() -> None:
    def use_up(x: int) -> int:
        import os

        try:
            while True:
                os.dup(0)
        except OSError:
            return x

    trace = ran(use_up, [1, 2], mechanism="sequential")
    assert "disk was full" not in trace.sentence
    assert list(trace.tasks["result"]) == ["1", "2"]


@pytest.mark.process
def test_what_kept_a_file_from_being_written_is_named() -> None:
    def no_more_files(x: int) -> int:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        print("lost")
        return x

    trace = ran(no_more_files, [1])
    assert "disk was full" not in trace.sentence
    assert "file could not be written (File too large)" in trace.sentence
