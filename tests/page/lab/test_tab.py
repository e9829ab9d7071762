"""The fault lab on the page: what a press runs, what is shown, and what a browser can't do."""

import asyncio
import io
import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import pytest

from mpviz.core.errors import Refused
from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.running import run_cells
from mpviz.mechanisms import MECHANISMS
from mpviz.page.activity import Activity
from mpviz.page.lab.tab import ALL, FaultLab
from mpviz.serving.limits import PUBLIC, USUAL, Limits
from tests.page.replaying import until

METHODS = multiprocessing.get_all_start_methods()
FIRST = METHODS[0]  # this Python's default: another from Python 3.14 on
OTHER = METHODS[1]


@dataclass
class Fake:
    """Gives the cells it is asked for at once, and keeps what it was asked for."""

    like: Cell
    asked: list[tuple[list[str], list[str]]] = field(default_factory=list)
    pause: float = 0.0

    def __call__(
        self, mechanisms: Any, faults: Any, *, start_method: str, start: Any
    ) -> Iterator[Cell]:
        self.asked.append((list(mechanisms), list(faults)))
        for fault in faults:
            for mechanism in mechanisms:
                time.sleep(self.pause)
                yield replace(
                    self.like, mechanism=mechanism, fault=fault, start_method=start_method
                )


@pytest.fixture
def fake(real: Cell) -> Fake:
    return Fake(real)


@pytest.fixture
def lab(fake: Fake) -> FaultLab:
    return FaultLab(Activity(USUAL), lambda _selector: None, fake)


def live(
    cells: Any = run_cells,
    scroll_to: Callable[[str], object] = lambda _selector: None,
    limits: Limits = USUAL,
) -> tuple[FaultLab, Activity]:
    """A lab that hears of its activity as on the page; it really runs its cells unless told how."""
    activity = Activity(limits)
    lab = FaultLab(activity, scroll_to, cells)
    activity._on_change = lab.refresh
    return lab, activity


def press(lab: FaultLab, mechanism: str = "", fault: str = "") -> None:
    """Press a cell or a head, as the browser does, and wait until all is done."""

    async def send() -> None:
        lab.matrix._guarded({"type": "press", "mechanism": mechanism, "fault": fault})
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()}, 20.0)

    asyncio.run(send())


def word(lab: FaultLab, mechanism: str, fault: str) -> str:
    return lab.matrix.cells.get(mechanism, {}).get(fault, lab.matrix.empty)["text"]


def test_every_mechanism_has_its_row_and_every_fault_its_column(lab: FaultLab) -> None:
    assert [row["name"] for row in lab.matrix.rows] == list(MECHANISMS)
    assert [column["name"] for column in lab.matrix.columns] == list(FAULTS)
    assert all(FAULTS[one["name"]].about in one["title"] for one in lab.matrix.columns)
    assert lab.matrix.cells == {}


def test_a_mechanism_runs_its_row(lab: FaultLab, fake: Fake) -> None:
    press(lab, mechanism="queue")
    assert fake.asked == [(["queue"], list(FAULTS))]
    assert set(lab.matrix.cells) == {"queue"}
    assert set(lab.matrix.cells["queue"]) == set(FAULTS)


def test_a_fault_runs_its_column(lab: FaultLab, fake: Fake) -> None:
    press(lab, fault="segfault")
    assert fake.asked == [(list(MECHANISMS), ["segfault"])]


def test_a_cell_is_run_once_and_then_opened(lab: FaultLab, fake: Fake) -> None:
    press(lab, "pipe", "loop")
    assert fake.asked == [(["pipe"], ["loop"])]
    assert lab.matrix.opened == ["pipe", "loop"]
    lab.close()
    assert lab.matrix.opened == ["", ""]
    press(lab, "pipe", "loop")
    assert len(fake.asked) == 1
    assert lab.matrix.opened == ["pipe", "loop"]


def test_run_runs_what_was_not_run_yet(lab: FaultLab, fake: Fake) -> None:
    press(lab, fault="raises")
    press(lab, "queue", "loop")
    assert lab.run_button.description == f"Run the other {len(ALL) - len(MECHANISMS) - 1}"
    asyncio.run(lab.run_rest())
    again = [(m, f) for mechanisms, faults in fake.asked for f in faults for m in mechanisms]
    assert sorted(again) == sorted(ALL)
    assert lab.run_button.description == "Run all"


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"type": "press"},
        {"type": "press", "mechanism": "", "fault": ""},
        {"type": "press", "mechanism": "os.system", "fault": "raises"},
        {"type": "press", "mechanism": "pool.map", "fault": "../../etc/passwd"},
        {"type": "press", "mechanism": ["pool.map"], "fault": "raises"},
        {"type": "press", "mechanism": {"pool.map": 1}, "fault": ""},
        {"type": "press", "mechanism": None, "fault": "raises"},
        {"type": "press", "mechanism": 0, "fault": 0},
        {"type": "run", "mechanism": "pool.map", "fault": "raises"},
        {"type": "press", "mechanism": "x" * 10**6, "fault": "raises"},
    ],
)
def test_a_message_that_names_nothing_known_runs_nothing(
    lab: FaultLab, fake: Fake, content: dict[str, object]
) -> None:
    async def send() -> None:
        lab.matrix._on_message(lab.matrix, content, [])
        await asyncio.sleep(0.01)

    asyncio.run(send())
    assert fake.asked == []
    assert not lab.running
    assert lab.status.error.value == ""


def test_the_browser_sets_nothing_of_the_matrix(lab: FaultLab, fake: Fake) -> None:
    rows = lab.matrix.rows
    evil = [{"name": "evil", "label": "evil", "description": "", "title": ""}]
    lab.matrix.set_state({"rows": evil, "busy": False, "cells": {"evil": {}}})
    assert lab.matrix.rows == rows
    press(lab, mechanism="evil")
    assert fake.asked == []


def test_a_start_method_that_a_browser_adds_is_refused(lab: FaultLab, fake: Fake) -> None:
    lab.start_method.set_state({"_options_labels": ["evil"], "index": 0})
    assert lab.start_method.value == FIRST
    press(lab, "queue", "raises")
    assert [cell.start_method for cell in lab._shown().values()] == [FIRST]


@pytest.mark.process
def test_a_real_cell_shows_its_word_and_opens_with_all_there_is_to_it() -> None:
    brought: list[str] = []
    lab, activity = live(scroll_to=brought.append)
    press(lab, "threads", "raises")
    assert not activity.busy
    assert word(lab, "threads", "raises") == "raised"
    assert brought == [".mpviz-cell"]
    card = lab.cell
    assert "mpviz-unused" not in card.card._dom_classes
    assert "ZeroDivisionError" in card._verdict.value
    codes = card._codes.value
    assert "The code of threads" in codes
    assert "raises" in codes.partition("The fault")[2]
    assert "The safer way to write it" in codes
    assert card._view is not None
    assert "raised" in card._view.label


@pytest.mark.process
def test_cancel_ends_all_that_runs_at_once_and_what_was_seen_is_kept() -> None:
    async def send() -> float:
        running = asyncio.create_task(lab.run([("threads", "raises"), *slow]))
        await until(lambda: lab._shown() and sum(map(len, lab.matrix.cells.values())) >= 3, 20.0)
        lab.cancel()
        assert "Cancelling" in lab.status.line.value
        pressed = time.monotonic()
        await running
        return time.monotonic() - pressed

    slow = [("sequential", "sleep"), ("threads", "sleep"), ("queue", "sleep"), ("pipe", "sleep")]
    lab, activity = live()
    assert asyncio.run(send()) < 2
    assert list(lab._shown()) == [("threads", "raises")]
    assert lab.matrix.cells == {"threads": {"raises": lab.matrix.cells["threads"]["raises"]}}
    assert "Cancelled after 1 of 5 cells; what was seen is kept." in lab.status.line.value
    assert not activity.busy
    assert not lab.run_button.disabled


def test_nothing_is_run_while_something_else_is(fake: Fake) -> None:
    async def send() -> None:
        async with activity.turn():
            assert lab.matrix.busy
            assert lab.run_button.disabled
            assert "running on the Run tab" in lab.status.line.value
            await lab.run(ALL)

    lab, activity = live(fake)
    asyncio.run(send())
    assert fake.asked == []
    assert not lab.matrix.busy
    assert "272 cells" in lab.status.line.value


def test_the_kernel_answers_while_cells_run_and_redraws_are_few(lab: FaultLab, fake: Fake) -> None:
    async def send() -> None:
        running = asyncio.create_task(lab.run(keys))
        while not running.done():
            began = time.monotonic()
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - began)

    fake.pause = 0.02
    keys = [("queue", fault) for fault in FAULTS]
    gaps: list[float] = []
    drawn: list[object] = []
    lab.matrix.observe(lambda change: drawn.append(change["new"]), "cells")
    began = time.monotonic()
    asyncio.run(send())
    assert max(gaps) < 0.3
    assert len(drawn) <= (time.monotonic() - began) / 0.2 + 2


def test_each_start_method_has_cells_of_its_own(lab: FaultLab) -> None:
    press(lab, "queue", "raises")
    lab.start_method.value = OTHER
    assert lab.matrix.cells == {}
    assert "mpviz-unused" in lab.cell.card._dom_classes
    press(lab, "pipe", "raises")
    assert set(lab.matrix.cells) == {"pipe"}
    lab.start_method.value = FIRST
    assert set(lab.matrix.cells) == {"queue"}


def test_an_open_cell_is_that_of_the_start_method_shown(lab: FaultLab) -> None:
    press(lab, "queue", "raises")
    lab.start_method.value = OTHER
    press(lab, "queue", "raises")
    assert f"{OTHER};" in lab.cell._head.value
    lab.start_method.value = FIRST
    assert f"{FIRST};" in lab.cell._head.value
    assert lab.matrix.opened == ["queue", "raises"]


def test_the_csv_has_a_row_a_cell_of_every_start_method(lab: FaultLab) -> None:
    press(lab, "queue", "raises")
    lab.start_method.value = OTHER
    press(lab, mechanism="pipe")
    assert not lab.download.disabled
    name, data = lab.make_csv()
    rows = pd.read_csv(io.BytesIO(data))
    assert name.endswith(".csv")
    assert len(rows) == 1 + len(FAULTS)
    assert set(rows["start_method"]) == {FIRST, OTHER}
    assert set(rows["seen"]) <= {str(seen) for seen in Seen}


def test_what_goes_wrong_is_a_sentence_and_the_lab_is_free_again() -> None:
    def cells(*_args: object, **_options: object) -> Iterator[Cell]:
        raise Refused("There is no room left.")
        yield

    lab, activity = live(cells)
    press(lab, mechanism="queue")
    assert "There is no room left." in lab.status.error.value
    assert not activity.busy
    assert not lab.run_button.disabled
    assert "Ended after 0 of 17 cells" in lab.status.line.value


def test_visitors_run_a_row_or_a_column_and_not_the_whole_matrix(fake: Fake) -> None:
    lab, _ = live(fake, limits=PUBLIC)
    assert lab.run_button.disabled
    assert "A row or a column at a time" in lab.status.line.value
    with pytest.raises(Refused, match="a row or a column"):
        asyncio.run(lab.run_rest())
    assert fake.asked == []
    for head in (("pool.map", ""), ("", "raises")):
        asyncio.run(lab.pressed(*head))
    assert len(fake.asked) == 2


@pytest.mark.parametrize("what", ["matrix.show", "cell.show"])
def test_cells_run_to_their_end_though_they_cannot_be_shown(
    lab: FaultLab, fake: Fake, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no picture")

    press(lab, "queue", "raises")
    monkeypatch.setattr(lab.matrix if what == "matrix.show" else lab.cell, "show", fail)
    press(lab, mechanism="queue")
    assert fake.asked[-1] == (["queue"], list(FAULTS))
    assert f"Done: {len(FAULTS)} cells" in lab.status.line.value
    assert "no picture" in lab.status.error.value
    assert not lab.running
    assert not lab.run_button.disabled


@pytest.mark.parametrize("error", [Refused("no"), RuntimeError("no")])
def test_cells_that_cannot_be_started_leave_the_lab_ready_for_the_next(error: Exception) -> None:
    def cells(*_: object, **__: object) -> Iterator[Cell]:
        raise error
        yield

    lab, activity = live(cells)
    press(lab, mechanism="queue")
    assert "Ended after 0 of" in lab.status.line.value
    assert not activity.busy
    assert not lab.running
    assert not lab.run_button.disabled
    assert lab.cancel_button.disabled
