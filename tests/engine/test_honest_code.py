"""Code that is right in plain multiprocessing is right here: streams, descriptors, files, sockets.

Each task is made of small pieces; every way to run it gets them all in one run, and each test looks
at one. What plain code would have shown in a terminal is in the trace's output.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mpviz
from mpviz.core.outcome import Ending
from tests.engine.runs import by_value

Piece = Callable[[], Any]
METHODS = ("fork", "spawn", "forkserver")
WAYS = [("sequential", "fork"), ("threads", "fork")] + [
    (mechanism, method)
    for mechanism in ("process", "pool.map", "executor.submit")
    for method in METHODS
]
PIECES: dict[str, Piece] = {}


def piece(function: Piece) -> Piece:
    PIECES[function.__name__] = function
    return function


@piece
def fileno() -> list[int]:
    return [sys.stdout.fileno(), sys.stderr.fileno(), sys.stdout.buffer.fileno()]


@piece
def buffer() -> None:
    sys.stdout.buffer.write(b"bytes of the buffer\n")
    sys.stdout.buffer.flush()


@piece
def reconfigure() -> None:
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)
    print("reconfigured")


@piece
def original_streams() -> None:
    print("the original output", file=sys.__stdout__)
    print("the original errors", file=sys.__stderr__, flush=True)


@piece
def fault_handler() -> bool:
    import faulthandler

    faulthandler.enable()
    faulthandler.dump_traceback()
    faulthandler.disable()
    return True


@piece
def child() -> None:
    subprocess.run(["echo", "of a child"], check=True)


@piece
def child_with_streams() -> None:
    subprocess.run(
        ["sh", "-c", "echo given out; echo given err >&2"],
        stdout=sys.stdout, stderr=sys.stderr, check=True,
    )  # fmt: skip


@piece
def system() -> int:
    return os.system("echo of a shell")


@piece
def descriptor() -> int:
    return os.write(1, b"of descriptor 1\n") + os.write(2, b"of descriptor 2\n")


@piece
def c_library() -> None:
    import ctypes

    ctypes.CDLL(None).printf(b"of C\n")


@piece
def logs() -> None:
    import logging

    handler = logging.StreamHandler(sys.stdout)
    logging.getLogger("honest").addHandler(handler)
    logging.getLogger("honest").error("of a handler")
    logging.getLogger("honest").removeHandler(handler)
    logging.getLogger("other").warning("of the last resort")


@piece
def redirected() -> list[str]:
    import contextlib
    import io

    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        print("captured")
    with contextlib.redirect_stderr(sys.stdout):
        print("errors to output", file=sys.stderr)
    return text.getvalue().split()


@piece
def described() -> list[Any]:
    out = sys.stdout
    return [out.isatty(), out.writable(), out.closed, out.encoding, out.name, out.mode]


@piece
def thread() -> None:
    import threading

    helper = threading.Thread(target=print, args=("of a thread",))
    helper.start()
    helper.join()


@piece
def standard_input() -> str:
    return sys.stdin.read()


@piece
def environment() -> list[str | None]:
    program = "import os; print(os.environ.get('PYTHONUNBUFFERED'), os.environ.get('TMPDIR'))"
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return said.stdout.split()


@piece
def temporary_file() -> str:
    with tempfile.NamedTemporaryFile("w", delete=False, suffix=".kept") as file:
        file.write("kept")
    return file.name


@piece
def temporary_folder() -> str:
    return tempfile.mkdtemp(suffix=".kept")


@piece
def listener() -> bool:
    from multiprocessing.connection import Client, Listener

    with Listener(family="AF_UNIX") as door, Client(door.address, "AF_UNIX"):
        return True


# What is said in the run's output, with its piece; the rest is known by what it returns.
SAID = [
    ("buffer", "bytes of the buffer"),
    ("reconfigure", "reconfigured"),
    ("original_streams", "the original output"),
    ("original_streams", "the original errors"),
    ("fault_handler", "most recent call first"),
    ("child", "of a child"),
    ("child_with_streams", "given out"),
    ("child_with_streams", "given err"),
    ("system", "of a shell"),
    ("descriptor", "of descriptor 1"),
    ("descriptor", "of descriptor 2"),
    ("c_library", "of C"),
    ("logs", "of a handler"),
    ("logs", "of the last resort"),
    ("redirected", "errors to output"),
    ("thread", "of a thread"),
]
# In one process with other threads it can't be known whose they are.
PAST_THE_STREAMS = {
    "fault_handler", "child", "child_with_streams", "system", "descriptor", "c_library", "thread"
}  # fmt: skip


class Way:
    """One run of all pieces."""

    def __init__(self, mechanism: str, method: str) -> None:
        self.threads = mechanism == "threads"
        modules = {"os": os, "subprocess": subprocess, "sys": sys, "tempfile": tempfile}
        pieces = {name: by_value(function, **modules) for name, function in PIECES.items()}
        self.names = list(pieces)

        def work(name: str) -> Any:
            try:
                return pieces[name]()
            except Exception as error:  # so that the other pieces come to their turn
                return f"{type(error).__name__}: {error}"

        self.trace = mpviz.run(
            work,
            self.names,
            mechanism=mechanism,
            workers=2,
            start_method=method,
            timeout=50,
        )

    def result(self, name: str) -> Any:
        """What a piece returned, or what it raised as text."""
        return json.loads(self.trace.tasks["result"][self.names.index(name)])

    def said_by(self, text: str) -> list[str]:
        """The pieces that said it; empty for no task."""
        return [
            self.names[line.task] if line.task >= 0 else ""
            for line in self.trace.output
            if text in line.text.splitlines() or ("first" in text and text in line.text)
        ]


@pytest.fixture(scope="module", params=WAYS, ids=" ".join)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONUNBUFFERED", raising=False)  # with it C's own buffer is never seen
        made = Way(*request.param)
    yield made
    for kept in Path(tempfile.gettempdir()).glob("*.kept"):
        shutil.rmtree(kept) if kept.is_dir() else kept.unlink()


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("fileno", [1, 2, 1]),
        ("fault_handler", True),
        ("system", 0),
        ("descriptor", 32),
        ("redirected", ["captured"]),
        ("described", [False, True, False, "utf-8", "<stdout>", "w"]),
        ("standard_input", ""),
        ("listener", True),
    ],
)
def test_a_piece_returns_what_plain_code_returns(way: Way, name: str, result: Any) -> None:
    assert way.result(name) == result


@pytest.mark.process
@pytest.mark.parametrize(("name", "text"), SAID)
def test_what_is_written_is_shown_once_with_its_task(way: Way, name: str, text: str) -> None:
    alone = not (way.threads and name in PAST_THE_STREAMS)
    assert way.said_by(text) == [name if alone else ""]


def test_programs_that_a_task_starts_have_the_user_s_environment(way: Way) -> None:
    assert way.result("environment") == ["None", tempfile.gettempdir()]


def test_files_and_folders_that_a_task_makes_with_tempfile_are_there_afterwards(way: Way) -> None:
    for name in ("temporary_file", "temporary_folder"):
        made = Path(way.result(name))
        assert made.exists()
        assert made.parent == Path(tempfile.gettempdir())
    assert Path(way.result("temporary_file")).read_text() == "kept"


@pytest.mark.process
def test_what_multiprocessing_makes_there_is_removed_with_the_run(way: Way) -> None:
    assert way.trace.record.ending is Ending.FINISHED
    assert list(Path(tempfile.gettempdir()).glob("pymp-*")) == []


@pytest.mark.process
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("length", [60, 75, 90, 200])
def test_a_long_path_of_temporary_files_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, length: int
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        long = Path(short, "x" * (length - len(short) - 1))
        long.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(long))
        monkeypatch.setenv("TMPDIR", str(long))

        def shared(number: int) -> int:
            import multiprocessing

            if multiprocessing.current_process().daemon:  # may have no children
                with multiprocessing.connection.Listener(family="AF_UNIX"):
                    return number
            with multiprocessing.Manager() as manager:
                return manager.list([number])[0]

        for mechanism in ("pool.map", "process"):
            trace = mpviz.run(
                shared, [1, 2], mechanism=mechanism, start_method=method, workers=2, timeout=50
            )
            assert list(trace.tasks["result"]) == ["1", "2"], trace.sentence
        home = long / f"mpviz-{os.getuid()}"  # the folder of runs' folders stays, empty
        assert [path for path in long.rglob("*") if path != home] == []
