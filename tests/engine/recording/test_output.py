"""What tasks print: whole lines, each with its task, in order of arrival."""

import errno
import io
import os
import random
import threading
from pathlib import Path

import pytest

from mpviz.core.text import size
from mpviz.engine.recording.output import (
    _HEAD,
    CAP,
    KEPT,
    LONGEST,
    PRINTED,
    RAISED,
    Here,
    Output,
    ThreadState,
    read,
)
from mpviz.engine.recording.table import FULL, HEADER_WORDS


class Stream:
    """An output with its place, closed at the end."""

    def __init__(self, path: Path) -> None:
        self.path, self.all = path, Here()
        self.output = Output(path, self.all)

    @property
    def here(self) -> ThreadState:
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
    print("hello", 7, file=stream.output.stdout)
    assert read(stream.path)[0] == [(PRINTED, 3, 1, "hello 7")]


def test_lines_are_in_order_of_arrival(stream: Stream) -> None:
    for task in (2, 0, 2):
        stream.here.task = task
        print("from", task, file=stream.output.stdout)
    assert stream.lines() == [(2, "from 2"), (0, "from 0"), (2, "from 2")]


def test_a_line_without_an_end_waits_until_it_is_ended(stream: Stream) -> None:
    stream.output.stdout.write("half")
    assert stream.lines() == []
    stream.output.stdout.write(" a line\nand")
    assert stream.lines() == [(-1, "half a line")]
    stream.output.end_line()
    stream.output.end_line()
    assert stream.lines() == [(-1, "half a line"), (-1, "and")]


def test_an_empty_line_is_a_line(stream: Stream) -> None:
    print(file=stream.output.stdout)
    print("x", file=stream.output.stdout)
    assert stream.lines() == [(-1, ""), (-1, "x")]


def test_what_two_threads_print_piece_by_piece_does_not_mix(stream: Stream) -> None:
    def speak(task: int) -> None:
        stream.here.task = task
        for _ in range(50):
            for piece in (str(task), " says ", "hello", "\n"):
                stream.output.stdout.write(piece)

    threads = [threading.Thread(target=speak, args=(task,)) for task in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stream.lines()) == [
        (task, f"{task} says hello") for task in range(4) for _ in range(50)
    ]


def test_any_character_can_be_printed(stream: Stream) -> None:
    print("naïve € 🙂 \ud800 \0", file=stream.output.stdout)
    assert stream.lines() == [(-1, "naïve € 🙂 \\ud800 \0")]


def test_a_line_without_end_is_written_piece_by_piece_and_not_kept_in_memory(
    stream: Stream,
) -> None:
    stream.output.stdout.write("x" * (LONGEST + 1))
    assert stream.here.line == b""
    assert "".join(text for _, text in stream.lines()) == "x" * (LONGEST + 1)


def test_of_a_very_long_line_nothing_is_lost(stream: Stream) -> None:
    print("x" * 3 * LONGEST, file=stream.output.stdout)
    assert "".join(text for _, text in stream.lines()) == "x" * 3 * LONGEST


def test_past_one_mebibyte_it_says_so_once_and_keeps_no_more(stream: Stream) -> None:
    for _ in range(40):
        print("x" * 60_000, file=stream.output.stdout)
    kept = stream.lines()
    assert kept[-1][1].endswith("\n[mpviz: this process printed over 1 MiB; the rest is not kept]")
    assert sum("mpviz:" in text for _, text in kept) == 1
    assert CAP <= stream.path.stat().st_size < CAP + 2 * LONGEST


def test_an_exception_is_kept_even_past_the_cap(stream: Stream) -> None:
    for _ in range(40):
        print("x" * 60_000, file=stream.output.stdout)
    stream.here.task = 5
    stream.output.entry(RAISED, "ValueError: no")
    assert read(stream.path)[0][-1] == (RAISED, 5, -1, "ValueError: no")


def test_half_an_entry_at_the_end_is_left_out(stream: Stream) -> None:
    print("one", file=stream.output.stdout)
    print("two", file=stream.output.stdout)
    stream.path.write_bytes(stream.path.read_bytes()[:-1])
    assert stream.lines() == [(-1, "one")]


def test_after_an_entry_that_was_cut_short_the_next_are_found_and_the_gap_is_said(
    stream: Stream,
) -> None:
    stream.output.entry(PRINTED, "before")
    begin = stream.path.stat().st_size
    stream.output.entry(PRINTED, "cut" * 100)
    cut = stream.path.read_bytes()[: begin + 100]
    stream.path.write_bytes(cut)
    for number in range(20):
        stream.here.task = number
        stream.output.entry(PRINTED, "x" * 30)
    seen = [task for task, text in stream.lines() if text == "x" * 30]
    assert seen[-1] == 19
    assert len(seen) > 10
    assert sum("left out here" in text for _, text in stream.lines()) == 1


def test_of_very_much_the_first_and_the_last_are_given_and_the_gap_is_said(
    stream: Stream,
) -> None:
    line = "x" * 9_000
    with stream.path.open("ab") as file:
        for task in range(12_000):  # 108 MB, of many processes
            file.write(_HEAD.pack(PRINTED, task, 0, len(line)) + line.encode())
    entries, left_out = read(stream.path, 12_000)
    tasks = [task for _, task, _, _ in entries]
    assert (tasks[0], tasks[-1]) == (0, 11_999)
    assert sum(len(text) for *_, text in entries) <= 2 * KEPT
    seam = [text for *_, text in entries if "left out here" in text]
    assert seam == [f"[mpviz: {size(left_out)} of what was printed are left out here]"]
    shown = sum(_HEAD.size + len(text) for *_, text in entries if text not in seam)
    assert left_out == stream.path.stat().st_size - shown


def test_what_was_raised_is_given_however_much_was_printed(stream: Stream) -> None:
    with stream.path.open("ab") as file:
        for task in range(300):
            file.write(_HEAD.pack(RAISED, task, 0, 2) + b"no")
            file.write((_HEAD.pack(PRINTED, task, 0, 60_000) + b"x" * 60_000) * 3)
    raised = [task for kind, task, _, _ in read(stream.path, 300)[0] if kind == RAISED]
    assert raised == list(range(300))


@pytest.mark.parametrize("hole", [20 << 30, 100])
def test_a_file_that_is_a_hole_is_read_quickly(stream: Stream, hole: int) -> None:
    with stream.path.open("r+b") as file:
        file.truncate(hole)
    entries, left_out = read(stream.path, 5)
    assert left_out + 16 * len(entries) >= hole - 100
    assert len(entries) < 200_000


def test_garbage_is_no_entry_and_no_error(stream: Stream) -> None:
    stream.path.write_bytes(random.Random(1).randbytes(3 << 20))
    assert len(read(stream.path, 10)[0]) < 10


def test_a_pipe_or_a_link_in_its_place_is_an_error_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for name in ("pipe", "link", "nothing", "."):
        with pytest.raises(OSError, match=r"not a file|symbolic links|No such file"):
            read(tmp_path / name)


def test_what_kept_an_entry_from_being_written_is_kept_as_its_number(tmp_path: Path) -> None:
    words = [0] * HEADER_WORDS
    output = Output(tmp_path / "output", Here(), words)
    os.close(output._file)
    print("lost", file=output.stdout)
    assert words[FULL] == errno.EBADF


def test_it_is_a_text_stream_that_programs_can_write_to(stream: Stream) -> None:
    out = stream.output.stdout
    assert out.writable()
    assert not out.isatty()
    assert out.write("abc\n") == 4
    out.writelines(["d\n", "e\n"])
    out.flush()
    assert [text for _, text in stream.lines()] == ["abc", "d", "e"]


@pytest.mark.parametrize(("name", "fd"), [("stdout", 1), ("stderr", 2)])
def test_it_has_the_descriptor_of_its_name(stream: Stream, name: str, fd: int) -> None:
    out = getattr(stream.output, name)
    assert (out.fileno(), out.buffer.fileno(), out.name) == (fd, fd, f"<{name}>")
    assert (out.encoding, out.line_buffering, out.closed) == ("utf-8", True, False)
    assert not out.readable()
    assert not out.seekable()


def test_bytes_written_to_its_buffer_are_kept_with_their_task(stream: Stream) -> None:
    stream.here.task = 4
    stream.output.stdout.buffer.write("€".encode())
    stream.output.stdout.buffer.raw.write(memoryview(b" and \xff\n"))  # type: ignore[attr-defined]
    assert stream.lines() == [(4, "€ and \N{REPLACEMENT CHARACTER}")]


def test_it_can_be_reconfigured_and_given_another_wrapper(stream: Stream) -> None:
    out = stream.output.stdout
    out.reconfigure(errors="replace", newline="\n", line_buffering=False)
    print("a", file=out)
    other = io.TextIOWrapper(out.detach(), encoding="utf-8", line_buffering=True)
    print("b", file=other)
    assert stream.lines() == [(-1, "a"), (-1, "b")]


def test_what_is_put_onto_the_descriptor_gets_what_is_printed(
    stream: Stream, tmp_path: Path
) -> None:
    before = os.dup(1)
    with (tmp_path / "elsewhere").open("wb") as file:
        os.dup2(file.fileno(), 1)
        try:
            print("there", file=stream.output.stdout, flush=True)
        finally:
            os.dup2(before, 1)
            os.close(before)
    print("here", file=stream.output.stdout)
    assert (tmp_path / "elsewhere").read_text() == "there\n"
    assert stream.lines() == [(-1, "here")]


def test_a_stream_that_was_closed_says_so(stream: Stream) -> None:
    stream.output.stdout.close()
    with pytest.raises(ValueError, match="closed file"):
        print("x", file=stream.output.stdout)


def test_no_piece_of_a_long_line_ends_within_a_character(stream: Stream) -> None:
    text = "x" + "€" * LONGEST
    print(text, file=stream.output.stdout)
    assert "".join(text for _, text in stream.lines()) == text


def test_what_another_thread_prints_is_of_the_task_where_one_runs_at_a_time(
    stream: Stream,
) -> None:
    stream.output.home = stream.here
    stream.here.worker, stream.here.task = 2, 9
    thread = threading.Thread(target=print, args=["x"], kwargs={"file": stream.output.stderr})
    thread.start()
    thread.join()
    assert read(stream.path)[0] == [(PRINTED, 9, 2, "x")]
