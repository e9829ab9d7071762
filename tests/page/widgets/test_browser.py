"""The small pieces do what they say, and what comes from the browser is checked."""

from __future__ import annotations

import asyncio
import io
import sys
import threading

import pytest
import traitlets

from mpviz.page.widgets.browser import CopyButton, DownloadButton, Looks, RunsTable, Upload
from mpviz.page.widgets.widget import guarded

ODD = [None, 1, "text", [], {}, {"type": 3}, {"type": "file"}, {"type": "select", "row": None}]


@pytest.fixture(autouse=True)
def stderr(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", stream)
    return stream


def sends(piece):
    sent = []
    piece.send = lambda content, buffers=None: sent.append((content, buffers))
    return sent


def hear(piece, content):
    piece._handle_custom_msg(content, [])


class TestGuarded:
    def test_an_exception_reaches_stderr_and_the_callback(self, stderr):
        told = []
        guarded(lambda: 1 / 0, told.append)()
        assert isinstance(told[0], ZeroDivisionError)
        assert "ZeroDivisionError" in stderr.getvalue()

    def test_a_callback_that_fails_itself_is_told_too(self, stderr):
        def fail(error):
            raise RuntimeError("second")

        guarded(lambda: 1 / 0, fail)()
        assert "second" in stderr.getvalue()

    def test_the_callback_is_told_when_stderr_is_closed(self, stderr):
        stderr.close()
        told = []
        guarded(lambda: 1 / 0, told.append)()
        assert len(told) == 1

    def test_a_coroutine_runs_as_a_task_and_its_exception_is_told(self):
        told = []

        async def handler():
            await asyncio.sleep(0)
            raise ValueError("late")

        async def main():
            guarded(handler, told.append)()
            for _ in range(5):
                await asyncio.sleep(0)

        asyncio.run(main())
        assert [str(error) for error in told] == ["late"]

    def test_a_call_on_another_thread_hops_to_the_loop(self):
        seen = []

        async def main():
            call = guarded(lambda: seen.append(threading.get_ident()), seen.append)
            thread = threading.Thread(target=call)
            thread.start()
            thread.join()
            assert seen == []
            await asyncio.sleep(0.01)

        asyncio.run(main())
        assert seen == [threading.get_ident()]


class TestDownloadButton:
    def test_a_press_makes_the_file_and_answers_the_view_that_asked(self):
        button = DownloadButton("CSV", lambda: ("runs.zip", b"PK"))
        sent = sends(button)
        hear(button, {"type": "make", "ask": "a1"})
        assert sent == [({"type": "file", "ask": "a1", "name": "runs.zip"}, [b"PK"])]

    def test_what_make_raises_is_told_and_the_button_is_free_again(self):
        told = []
        button = DownloadButton("CSV", lambda: 1 / 0, on_error=told.append)
        sent = sends(button)
        hear(button, {"type": "make", "ask": "a1"})
        assert isinstance(told[0], ZeroDivisionError)
        assert sent == [({"type": "failed", "ask": "a1"}, None)]

    def test_nothing_is_made_while_it_is_disabled_and_the_view_that_asked_is_told(self):
        button = DownloadButton("CSV", lambda: ("x", b""), disabled=True)
        sent = sends(button)
        hear(button, {"type": "make", "ask": "a1"})
        assert sent == [({"type": "failed", "ask": "a1"}, None)]

    @pytest.mark.parametrize("content", [*ODD, {"type": "make"}, {"type": "make", "ask": "a" * 65}])
    def test_odd_messages_are_ignored(self, content):
        button = DownloadButton("CSV", lambda: ("x", b""))
        sent = sends(button)
        hear(button, content)
        assert sent == []

    def test_the_browser_cannot_enable_it(self):
        button = DownloadButton("CSV", lambda: ("x", b""), disabled=True)
        button.set_state({"disabled": False, "label": "other"})
        assert (button.disabled, button.label) == (True, "CSV")


def test_the_text_to_copy_is_the_kernels():
    button = CopyButton("Copy", "mpviz.run()")
    button.set_state({"text": "rm -rf"})
    assert button.text == "mpviz.run()"


class TestUpload:
    @pytest.fixture
    def upload(self):
        self.files, self.refused = [], []
        return Upload(
            "Numbers",
            10,
            on_file=lambda *file: self.files.append(file),
            on_error=self.refused.append,
        )

    def test_a_file_is_handed_over_with_its_name_and_text(self, upload):
        hear(upload, {"type": "file", "name": "mine.txt", "text": "1\n2"})
        assert self.files == [("mine.txt", "1\n2")]

    @pytest.mark.parametrize(
        "content",
        [
            {"type": "too large", "name": "big.txt"},
            {"type": "file", "name": "big.txt", "text": "1" * 11},
            {"type": "file", "name": "big.txt", "text": "é" * 6},
        ],
    )
    def test_a_file_that_is_too_large_is_refused_in_one_sentence(self, upload, content):
        hear(upload, content)
        assert self.files == []
        assert self.refused == ["big.txt is larger than the 10 bytes that are allowed."]

    def test_a_file_that_is_not_text_is_refused_in_one_sentence(self, upload):
        hear(upload, {"type": "not text", "name": "a.png"})
        assert self.refused == ["a.png is not a text file in UTF-8."]

    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ("../../etc/passwd", "passwd"),
            ("C:\\numbers.txt", "numbers.txt"),
            ("a\nb\x00.txt", "ab.txt"),
            ("", "The file"),
            ("x" * 500, "x" * 120),
        ],
    )
    def test_a_name_is_only_a_short_printable_name(self, upload, given, name):
        hear(upload, {"type": "file", "name": given, "text": "1"})
        assert self.files == [(name, "1")]

    @pytest.mark.parametrize(
        "content",
        [
            *ODD,
            {"type": "file", "name": 3, "text": "1"},
            {"type": "file", "name": "a", "text": ["1"]},
            {"type": "file", "name": "a", "text": None},
            {"type": "file", "text": "1"},
        ],
    )
    def test_odd_messages_are_ignored(self, upload, content):
        hear(upload, content)
        assert (self.files, self.refused) == ([], [])

    def test_a_lone_surrogate_is_text_like_any_other(self, upload):
        hear(upload, {"type": "file", "name": "a", "text": "\ud800"})
        assert self.files == [("a", "\ud800")]

    def test_what_the_callback_raises_becomes_a_sentence(self):
        refused = []

        def fail(name, text):
            raise ValueError(f"{name}: line 1 is no number.")

        upload = Upload("Numbers", 10, on_file=fail, on_error=refused.append)
        hear(upload, {"type": "file", "name": "a.txt", "text": "x"})
        assert refused == ["a.txt: line 1 is no number."]

    def test_the_browser_cannot_raise_the_limit(self, upload):
        upload.set_state({"max_bytes": 10**9})
        assert upload.max_bytes == 10


class TestRunsTable:
    @pytest.fixture
    def table(self):
        self.chosen = []
        table = RunsTable(
            [{"key": "run", "label": "Run", "align": "right"}],
            label="Runs",
            on_select=self.chosen.append,
        )
        table.show([{"run": "0"}, {"run": "1"}], selected=0)
        return table

    def test_a_row_the_reader_chooses_is_selected_and_told(self, table):
        hear(table, {"type": "select", "row": 1})
        assert table.selected == 1
        assert self.chosen == [1]

    def test_a_row_the_kernel_chooses_is_not_told(self, table):
        table.selected = 1
        assert self.chosen == []

    @pytest.mark.parametrize("row", [2, -1, -2, 1.0, True, "1", None, [1], 10**30])
    def test_a_row_that_is_not_there_is_ignored(self, table, row):
        hear(table, {"type": "select", "row": row})
        assert table.selected == 0
        assert self.chosen == []

    @pytest.mark.parametrize("content", ODD)
    def test_odd_messages_are_ignored(self, table, content):
        hear(table, content)
        assert table.selected == 0

    def test_the_browser_cannot_set_its_traits(self, table):
        table.set_state({"selected": 1, "rows": []})
        assert table.selected == 0
        assert len(table.rows) == 2

    def test_the_kernel_cannot_select_what_is_not_there(self, table):
        with pytest.raises(traitlets.TraitError, match="no row 2"):
            table.selected = 2

    def test_fewer_rows_leave_none_selected(self, table):
        table.selected = 1
        table.show([{"run": "0"}])
        assert table.selected == -1


def test_every_colour_of_the_style_sheet_is_inside_the_page():
    selectors = [line for line in str(Looks()._css).splitlines() if line.endswith("{")]
    outside = [s for s in selectors if "mpviz" not in s and not s.startswith((" ", ":", "@media"))]
    assert outside == []
