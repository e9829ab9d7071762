"""The page's turn: waiting in the machine's line, and how Cancel ends what is under way."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mpviz.core.errors import Refused
from mpviz.core.plan import Plan
from mpviz.engine import turns
from mpviz.page.activity import Turn
from mpviz.page.app import Page

PLAN = Plan(function=abs, inputs=(1,), mechanism="sequential")


@dataclass
class Running:
    """A run that never was, but can be cancelled."""

    cancelled: int = field(default=0)

    def cancel(self) -> None:
        self.cancelled += 1


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A line of its own for each test."""
    folder = tmp_path / "turns"
    monkeypatch.setenv("MPVIZ_TURNS", str(folder))
    return folder


async def until(what, limit: float = 5.0) -> None:
    async with asyncio.timeout(limit):
        while not what():  # noqa: ASYNC110  what it waits for raises no event
            await asyncio.sleep(0.01)


def test_cancel_ends_what_runs_and_lets_nothing_follow():
    async def visit() -> None:
        async with turn.taken():
            turn.start(PLAN)
            turn.cancel()
            with pytest.raises(Refused, match="Cancelled"):
                turn.start(PLAN)

    running = Running()
    turn = Turn(lambda plan: running)
    asyncio.run(visit())
    assert running.cancelled == 1


def test_a_cancel_while_a_plan_is_being_started_ends_it():
    def start(plan: object) -> Running:
        turn.cancel()
        return running

    async def visit() -> None:
        async with turn.taken():
            turn.start(PLAN)

    running = Running()
    turn = Turn(start)
    asyncio.run(visit())
    assert running.cancelled == 1


def test_a_cancelled_turn_is_no_burden_to_the_next():
    async def visit(cancel: bool) -> None:
        async with turn.taken():
            assert not turn.cancelled
            if cancel:
                turn.cancel()

    turn = Turn(lambda plan: Running())
    asyncio.run(visit(cancel=True))
    assert turn.cancelled
    asyncio.run(visit(cancel=False))
    assert not turn.cancelled


def test_who_waits_is_busy_says_how_many_are_ahead_and_gets_the_turn(line: Path):
    async def visit() -> None:
        others = [turns.Place(), turns.Place()]
        waiting = asyncio.create_task(take())
        await until(lambda: said == ["Waiting: 2 experiments are ahead of yours."])
        assert turn.busy
        others[0].leave()
        await until(lambda: len(said) == 2)
        assert said[1] == "Waiting: 1 experiment is ahead of yours."
        assert not inside
        others[1].leave()
        await waiting

    async def take() -> None:
        async with turn.taken(said.append):
            inside.append(turn.cancelled)

    said: list[str] = []
    inside: list[bool] = []
    busy: list[bool] = []
    turn = Turn(lambda plan: Running(), lambda: busy.append(turn.busy))
    asyncio.run(visit())
    assert inside == [False]
    assert busy == [True, False]
    assert list(line.iterdir()) == []


def test_two_pages_take_turns():
    most: list[int] = []
    inside: list[int] = []

    async def take() -> None:
        async with Turn().taken():
            inside.append(1)
            most.append(len(inside))
            await asyncio.sleep(0.02)
            inside.pop()

    async def visit() -> None:
        await asyncio.gather(*(take() for _ in range(3)))

    asyncio.run(visit())
    assert most == [1, 1, 1]


@pytest.mark.parametrize("what", ["run", "experiment"])
def test_cancel_ends_the_waiting_and_nothing_was_started(line: Path, what: str):
    started: list[object] = []
    page = Page(started.append)

    async def visit() -> None:
        other = turns.Place()
        assert other.ahead() == 0
        if what == "run":
            page.run_button.click()
        else:
            page.experiment.choice.value = "hello"
            page.experiment.run_button.click()
        await until(lambda: "1 experiment is ahead of yours" in page.said.status.value)
        assert page.run_button.disabled
        assert not page.cancel_button.disabled
        page.cancel_button.click()
        await until(lambda: not page.turn.busy)
        await until(lambda: "Cancelled." in page.said.status.value)
        other.leave()

    asyncio.run(visit())
    assert started == []
    assert page.said.error.value == ""
    assert not page.run_button.disabled
    assert list(line.iterdir()) == []


def fail(*_: object) -> None:
    raise RuntimeError("no")


@pytest.mark.parametrize("which", ["on_change", "say"])
def test_a_callback_that_raises_does_not_keep_the_turn(line: Path, which: str):
    async def visit() -> None:
        other = turns.Place() if which == "say" else None
        with pytest.raises(RuntimeError):
            async with turn.taken(fail):
                pass
        if other:
            other.leave()

    turn = Turn(lambda plan: Running(), fail if which == "on_change" else lambda: None)
    asyncio.run(visit())
    assert not turn.busy
    assert list(line.glob("*")) == []


def test_what_is_under_way_when_its_owner_raises_is_ended():
    async def visit() -> None:
        async with turn.taken():
            turn.start(PLAN)
            raise RuntimeError("no")

    running = Running()
    turn = Turn(lambda plan: running)
    with pytest.raises(RuntimeError):
        asyncio.run(visit())
    assert running.cancelled == 1
    assert not turn.busy


def test_after_its_task_was_cancelled_a_thread_starts_nothing_more():
    async def visit() -> None:
        async with turn.taken():
            raise asyncio.CancelledError

    turn = Turn(lambda plan: Running())
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(visit())
    with pytest.raises(Refused, match="Cancelled"):
        turn.start(PLAN)
