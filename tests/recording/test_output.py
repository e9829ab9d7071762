"""What tasks print: whole lines, each with its task, in order of arrival."""

import os
import threading
from pathlib import Path

import pytest

from mpviz.recording.output import CAP, LONGEST, PRINTED, RAISED, Here, Output, Place, read


class Stream:
    """An output with its place, closed at the end."""

    def __init__(self, path: Path) -> None:
        self.path, self.all = path, Here()
        self.output = Output(path, self.all)

    @property
    def here(self) -> Place:
        return self.all.place

    def lines(self) -> list[tuple[int, str]]:
        return [(task, text) for kind, task, _, text in read(self.path)[0] if kind == PRINTED]


@pytest.fixture
def stream(tmp_path: Path):
    made = Stream(tmp_path / "output")
    yield made
    os.close(made.output._file)


def test_a_line_is_kept_with_the_task_and_the_worker_that_printed_it(stream: Stream) -> None:
    stream.here.task, stream.here.worker = 3, 1
    print("hello", 7, file=stream.output)
    assert read(stream.path)[0] == [(PRINTED, 3, 1, "hello 7")]


def test_lines_are_in_order_of_arrival(stream: Stream) -> None:
    for task in (2, 0, 2):
        stream.here.task = task
        print("from", task, file=stream.output)
    assert stream.lines() == [(2, "from 2"), (0, "from 0"), (2, "from 2")]


def test_a_line_without_an_end_waits_until_it_is_ended(stream: Stream) -> None:
    stream.output.write("half")
    assert stream.lines() == []
    stream.output.write(" a line\nand")
    assert stream.lines() == [(-1, "half a line")]
    stream.output.end_line()
    stream.output.end_line()
    assert stream.lines() == [(-1, "half a line"), (-1, "and")]


def test_an_empty_line_is_a_line(stream: Stream) -> None:
    print(file=stream.output)
    print("x", file=stream.output)
    assert stream.lines() == [(-1, ""), (-1, "x")]


def test_what_two_threads_print_piece_by_piece_does_not_mix(stream: Stream) -> None:
    def speak(task: int) -> None:
        stream.here.task = task
        for _ in range(50):
            for piece in (str(task), " says ", "hello", "\n"):
                stream.output.write(piece)

    threads = [threading.Thread(target=speak, args=(task,)) for task in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stream.lines()) == [
        (task, f"{task} says hello") for task in range(4) for _ in range(50)
    ]


def test_any_character_can_be_printed(stream: Stream) -> None:
    print("naïve € 🙂 \ud800 \0", file=stream.output)
    assert stream.lines() == [(-1, "naïve € 🙂 \\ud800 \0")]


def test_a_line_without_end_is_written_piece_by_piece_and_not_kept_in_memory(
    stream: Stream,
) -> None:
    stream.output.write("x" * (LONGEST + 1))
    assert stream.here.line == ""
    assert "".join(text for _, text in stream.lines()) == "x" * (LONGEST + 1)


def test_of_a_very_long_line_nothing_is_lost(stream: Stream) -> None:
    print("x" * 3 * LONGEST, file=stream.output)
    assert "".join(text for _, text in stream.lines()) == "x" * 3 * LONGEST


def test_past_one_mebibyte_it_says_so_once_and_keeps_no_more(stream: Stream) -> None:
    for _ in range(40):
        print("x" * 60_000, file=stream.output)
    kept = stream.lines()
    assert kept[-1][1].endswith("\n[mpviz: this process printed over 1 MiB; the rest is not kept]")
    assert sum("mpviz:" in text for _, text in kept) == 1
    assert CAP <= stream.path.stat().st_size < CAP + 2 * LONGEST


def test_an_exception_is_kept_even_past_the_cap(stream: Stream) -> None:
    for _ in range(40):
        print("x" * 60_000, file=stream.output)
    stream.here.task = 5
    stream.output.entry(RAISED, "ValueError: no")
    assert read(stream.path)[0][-1] == (RAISED, 5, -1, "ValueError: no")


def test_reading_goes_on_where_it_stopped_and_leaves_half_an_entry_for_later(
    stream: Stream,
) -> None:
    print("one", file=stream.output)
    first, position = read(stream.path)
    print("two", file=stream.output)
    whole = stream.path.read_bytes()
    stream.path.write_bytes(whole[:-1])
    assert read(stream.path, position) == ([], position)
    stream.path.write_bytes(whole)
    second, end = read(stream.path, position)
    assert [entry[3] for entry in first + second] == ["one", "two"]
    assert end == len(whole)


def test_it_is_a_text_stream_that_programs_can_write_to(stream: Stream) -> None:
    assert stream.output.writable()
    assert not stream.output.isatty()
    assert stream.output.write("abc\n") == 4
    stream.output.writelines(["d\n", "e\n"])
    stream.output.flush()
    assert [text for _, text in stream.lines()] == ["abc", "d", "e"]
