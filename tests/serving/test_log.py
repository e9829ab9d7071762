"""The log: a line for each event, whatever strangers send, and not too many."""

import logging
import sys

from mpviz.serving.log import BoundedLog


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_exception_is_one_line_with_its_cause_and_its_place():
    lines: list[str] = []
    try:
        raise ValueError("what a stranger\nsent: \x1b[31m \ufeff")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "It failed", (), sys.exc_info())
    BoundedLog(lines.append, Clock()).emit(record)
    (line,) = lines
    assert line.startswith("mpviz: It failed (ValueError: what a stranger sent: \\x1b[31m \\ufeff")
    assert "test_log.py:" in line
    assert line.count("\n") == 1


def test_a_line_is_not_long():
    lines: list[str] = []
    log = BoundedLog(lines.append, Clock())
    log.note("x" * 10**6)
    log.note("\0" * 10**6)
    assert [len(line) < 420 for line in lines] == [True, True]


def test_what_is_logged_in_a_wrong_way_is_a_line_too():
    lines: list[str] = []
    BoundedLog(lines.append, Clock()).emit(
        logging.LogRecord("x", logging.ERROR, "", 1, "%d%d", ("a",), None)
    )
    assert lines == ["mpviz: %d%d\n"]


def test_a_flood_becomes_a_count():
    lines: list[str] = []
    clock = Clock()
    log = BoundedLog(lines.append, clock)
    for _ in range(10_000):
        log.note("again")
    assert len(lines) == 50
    clock.now += 2.5
    log.note("later")
    assert lines[50:] == ["mpviz: (9950 lines were left out)\n", "mpviz: later\n"]
