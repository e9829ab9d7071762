"""One thing at a time: waiting in the machine's line, and how Cancel ends what is running."""

import asyncio
from pathlib import Path

import pytest

from mpviz.core.errors import Cancelled
from mpviz.core.plan import Plan
from mpviz.engine import turns
from mpviz.page.activity import Activity
from mpviz.page.app import Page
from mpviz.serving.limits import USUAL
from tests.page.replaying import PLAN, Replay, Replayed, until


def fail(*_: object) -> None:
    raise RuntimeError("no")


@pytest.fixture
def replay(replay: Replay) -> Replay:
    """Its runs go on until they are cancelled."""
    replay.hold = True
    return replay


@pytest.fixture(name="activity")
def started_by_replay(replay: Replay) -> Activity:
    return Activity(USUAL, replay)


def test_cancel_ends_what_runs_and_lets_nothing_follow(activity: Activity, replay: Replay) -> None:
    async def press() -> None:
        async with activity.turn():
            activity.start(PLAN)
            activity.cancel()
            with pytest.raises(Cancelled, match="Cancelled"):
                activity.start(PLAN)

    asyncio.run(press())
    assert [run.cancels for run in replay.runs] == [1]


def test_a_cancel_while_a_plan_is_being_started_ends_it(replay: Replay) -> None:
    def start(plan: Plan) -> Replayed:
        activity.cancel()
        return replay(plan)

    async def press() -> None:
        async with activity.turn():
            activity.start(PLAN)

    activity = Activity(USUAL, start)
    asyncio.run(press())
    assert [run.cancels for run in replay.runs] == [1]


def test_a_cancelled_turn_is_no_burden_to_the_next(activity: Activity) -> None:
    async def press(cancel: bool) -> None:
        async with activity.turn():
            assert not activity.cancelled
            if cancel:
                activity.cancel()

    asyncio.run(press(cancel=True))
    assert activity.cancelled
    asyncio.run(press(cancel=False))
    assert not activity.cancelled


def test_who_waits_is_busy_says_how_many_are_ahead_and_gets_the_turn(
    line: Path, replay: Replay
) -> None:
    async def press() -> None:
        others = [turns.Place(), turns.Place()]
        waiting = asyncio.create_task(wait())
        await until(lambda: shown == ["Waiting: 2 experiments are ahead of yours."])
        assert activity.busy
        others[0].leave()
        await until(lambda: len(shown) == 2)
        assert shown[1] == "Waiting: 1 experiment is ahead of yours."
        assert not inside
        others[1].leave()
        await waiting

    async def wait() -> None:
        async with activity.turn(shown.append):
            inside.append(activity.cancelled)

    shown: list[str] = []
    inside: list[bool] = []
    busy: list[bool] = []
    activity = Activity(USUAL, replay, lambda: busy.append(activity.busy))
    asyncio.run(press())
    assert inside == [False]
    assert busy == [True, False]
    assert list(line.iterdir()) == []


def test_two_pages_take_turns() -> None:
    most: list[int] = []
    inside: list[int] = []

    async def wait() -> None:
        async with Activity(USUAL).turn():
            inside.append(1)
            most.append(len(inside))
            await asyncio.sleep(0.02)
            inside.pop()

    async def press() -> None:
        await asyncio.gather(*(wait() for _ in range(3)))

    asyncio.run(press())
    assert most == [1, 1, 1]


@pytest.mark.parametrize("what", ["run", "experiment"])
def test_cancel_ends_the_waiting_and_nothing_was_started(
    page: Page, replay: Replay, line: Path, what: str
) -> None:
    async def press() -> None:
        other = turns.Place()
        assert other.ahead() == 0
        if what == "run":
            tab.run_button.click()
        else:
            tab.experiment.choice.value = "hello"
            tab.experiment.run_button.click()
        await until(lambda: "1 experiment is ahead of yours" in page.status.line.value)
        assert tab.run_button.disabled
        assert not tab.cancel_button.disabled
        tab.cancel_button.click()
        await until(lambda: not page.activity.busy)
        await until(lambda: "Cancelled." in page.status.line.value)
        other.leave()

    tab = page.run_tab
    asyncio.run(press())
    assert replay.runs == []
    assert page.status.error.value == ""
    assert not tab.run_button.disabled
    assert list(line.iterdir()) == []


@pytest.mark.parametrize("which", ["on_change", "on_wait"])
def test_a_callback_that_raises_does_not_keep_the_turn(
    line: Path, replay: Replay, which: str
) -> None:
    async def press() -> None:
        other = turns.Place() if which == "on_wait" else None
        with pytest.raises(RuntimeError):
            async with activity.turn(fail):
                pass
        if other:
            other.leave()

    activity = Activity(USUAL, replay, fail if which == "on_change" else lambda: None)
    asyncio.run(press())
    assert not activity.busy
    assert list(line.glob("*")) == []


def test_what_is_running_when_its_owner_raises_is_ended(activity: Activity, replay: Replay) -> None:
    async def press() -> None:
        async with activity.turn():
            activity.start(PLAN)
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        asyncio.run(press())
    assert [run.cancels for run in replay.runs] == [1]
    assert not activity.busy


def test_after_its_task_was_cancelled_a_thread_starts_nothing_more(activity: Activity) -> None:
    async def press() -> None:
        async with activity.turn():
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(press())
    with pytest.raises(Cancelled, match="Cancelled"):
        activity.start(PLAN)
