"""Results as text and to compare: what is kept whatever a result's own code does."""

import contextlib
import errno
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from mpviz.core.outcome import Ending
from mpviz.engine.recording import results
from mpviz.engine.recording.files import RESULTS
from mpviz.engine.recording.results import Saved, Sink, read, save


@pytest.fixture
def sink(tmp_path: Path):
    made = Sink(tmp_path)
    yield made
    os.close(made._fd)


def saved(sink: Sink, values: list[Any], tasks: int = 100) -> Saved:
    save(sink, Ending.FINISHED, list(enumerate(values)))
    return read(sink._folder / RESULTS, tasks)


class Raises:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error

    def __reduce__(self) -> Any:
        raise self.error


class Loops:
    def __repr__(self) -> str:
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.001)

    __reduce__ = __repr__


@pytest.mark.parametrize("limit", [0.0005, 0.005, 0.05])
def test_a_large_result_that_takes_too_long_has_the_text_of_its_kind(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, limit: float
) -> None:
    """Wherever the time runs out, in its own repr or after it."""
    monkeypatch.setattr(results, "ONE_LIMIT", limit)
    assert saved(sink, [b"x" * 2**26]).texts == {0: "<bytes>"}


def test_what_is_saved_is_read_back(sink: Sink) -> None:
    found = saved(sink, [1, "a", None, 2.5, [1, 2], {"x": 1.5}])
    assert (found.ending, found.count, found.kept, found.whole) == (Ending.FINISHED, 6, 6, True)
    assert found.texts == {
        0: "1",
        1: '"a"',
        2: "null",
        3: "2.5",
        4: "[1, 2]",
        5: '{"x": 1.5}',
    }
    assert set(found.answers) == {4, 5}  # of the others the text says all
    assert len(found.answers[5].floats) == 8


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), RecursionError(), MemoryError(), GeneratorExit()]
)
def test_a_result_that_raises_when_asked_what_it_is_loses_no_other(
    sink: Sink, error: BaseException
) -> None:
    found = saved(sink, [Raises(error), 7, [8], Raises(error), [9]])
    name = type(error).__name__
    assert found.whole
    assert found.texts == {
        0: f"<Raises whose repr raises {name}>",
        1: "7",
        2: "[8]",
        3: f"<Raises whose repr raises {name}>",
        4: "[9]",
    }
    assert found.answers[0].digest == ""
    assert found.answers[0].why


def test_a_result_that_never_says_what_it_is_is_given_up(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "ONE_LIMIT", 0.1)
    before = signal.getsignal(signal.SIGALRM)
    found = saved(sink, [Loops(), [1], 2])
    assert found.texts[0].startswith("<Loops")
    assert (found.texts[1], found.texts[2], found.whole) == ("[1]", "2", True)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_all_of_them_together_have_their_time_too_and_plain_ones_cost_none(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "ALL_LIMIT", -1.0)
    found = saved(sink, [[1], 2, [3], 4])
    assert found.texts == {0: "<list>", 1: "2", 2: "<list>", 3: "4"}
    assert "not looked at" in found.answers[0].why


@pytest.mark.process
def test_what_ends_the_program_leaves_what_was_saved_before(tmp_path: Path) -> None:
    class Ends:
        def __repr__(self) -> str:
            os._exit(5)

    child = os.fork()
    if not child:
        save(Sink(tmp_path), Ending.FINISHED, [(0, [0]), (1, Ends()), (2, [2]), (3, 3)])
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    found = read(tmp_path / RESULTS, 4)
    assert (found.ending, found.count, found.whole) == (Ending.FINISHED, 4, False)
    assert found.texts == {0: "[0]", 3: "3"}


def test_half_a_line_at_the_end_is_left_out(sink: Sink) -> None:
    saved(sink, [[n] for n in range(5)])
    path = sink._folder / RESULTS
    whole = path.read_bytes()
    for length in range(len(whole) - 1):  # without the last line's end
        path.write_bytes(whole[:length])
        found = read(path, 5)
        assert list(found.texts) == list(range(found.kept))
    assert found.kept == 5
    assert not found.whole


def test_a_descriptor_that_is_another_file_s_by_now_is_not_written_to(
    sink: Sink, tmp_path: Path
) -> None:
    os.close(sink._fd)
    other = os.open(tmp_path / "other", os.O_CREAT | os.O_RDWR)
    assert other == sink._fd
    assert saved(sink, [1]).texts == {0: "1"}
    assert (tmp_path / "other").read_bytes() == b""
    os.close(other)


def test_a_file_that_was_removed_is_made_again(sink: Sink) -> None:
    (sink._folder / RESULTS).unlink()
    assert saved(sink, [1, 2]).texts == {0: "1", 1: "2"}


def test_what_kept_it_from_being_written_is_known_by_its_number(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    fd, sink._fd = sink._fd, os.open("/dev/full", os.O_WRONLY)
    sink.check = lambda: None  # type: ignore[method-assign]  # it would open it again
    save(sink, Ending.FINISHED, [(0, 1)])
    assert sink.failed == errno.ENOSPC
    os.close(sink._fd)
    os.close(fd)


@pytest.mark.parametrize(
    "line",
    [
        *(
            "[",
            "null",
            "7",
            '"a"',
            "{}",
            "[[]]",
            "[[0]]",
            '[["0", "x"]]',
            "[[0, 1]]",
            "[" * 100_000,
        ),
        *('[[5, "x"]]', '[[-1, "x"]]', '[[true, "x"]]', '[[0, "x", 1]]', '["finished"]'),
        *('["raised", 1]', '["nothing", 1]', '[[0, "x", "d", "s", "!", ""]]', "\x00\xff"),
        "[" + ",".join(['[7, "x"]'] * 100_000) + "]",
    ],
)
def test_a_line_that_is_none_of_ours_is_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / RESULTS
    path.write_text(f'["finished", 2]\n{line}\n[[1, "kept"]]\n', encoding="utf-8")
    found = read(path, 2)
    assert found.texts.get(1) == "kept"
    assert set(found.texts) <= {0, 1}


def test_a_file_that_is_far_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / RESULTS).open("wb") as file:
        file.write(json.dumps(["finished", 1]).encode() + b"\n")
        file.truncate(20 << 30)
    began = time.monotonic()
    assert read(tmp_path / RESULTS, 10).count == 1
    assert time.monotonic() - began < 30


def test_a_pipe_in_its_place_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / RESULTS)
    with pytest.raises(OSError, match="not a file"):
        read(tmp_path / RESULTS, 1)
