"""The walk shows the lesson's steps and does what their buttons say."""

import asyncio

import pytest

from mpviz.core.errors import Refused
from mpviz.engine import environment
from mpviz.page.app import Page
from mpviz.page.lesson import walk as module
from mpviz.page.lesson.steps import LESSON, Action
from mpviz.page.lesson.walk import Walk
from mpviz.page.run.controls import Controls
from tests.page.replaying import refuse

RUNS = [action for step in LESSON for action in step.actions if action.runs]
GIL = next(n for n, step in enumerate(LESSON, 1) if step.title == "Threads and the GIL")


@pytest.fixture
def refusing() -> Page:
    """A page that starts nothing."""
    return Page(refuse)


@pytest.fixture(scope="module")
def controls() -> Controls:
    """Of one page for all settings: making a page takes half a second."""
    return Page(refuse).run_tab.controls


@pytest.fixture
def walk() -> Walk:
    """A walk whose actions all come to their end."""

    async def do(action: Action) -> list[str]:
        return [f"{action.label} was done."]

    return Walk(do, lambda step: None, lambda handler: handler)


def run_step(walk: Walk, number: int) -> str:
    """Run a step; what the walk says then."""
    walk.go(number)
    asyncio.run(walk.do(LESSON[number - 1].actions[0]))
    return walk._after.value


def test_a_step_says_what_it_showed_only_after_it_was_run(walk: Walk) -> None:
    walk.go(4)
    assert "mpviz-unused" in walk.after._dom_classes
    text = run_step(walk, 4)
    assert "mpviz-unused" not in walk.after._dom_classes
    assert "<li>Check ten numbers was done.</li>" in text
    assert LESSON[3].after.split(":")[0] in text
    walk.go(5)
    assert "mpviz-unused" in walk.after._dom_classes
    walk.go(4)
    assert "mpviz-unused" not in walk.after._dom_classes


def test_the_answer_comes_on_request_and_not_before_the_run(walk: Walk) -> None:
    walk.go(4)
    walk._reveal_answer()
    assert walk._answer.value == ""
    run_step(walk, 4)
    walk._reveal_answer()
    assert LESSON[3].answer.split("'")[0] in walk._answer.value


@pytest.mark.parametrize("gil", [True, False])
def test_on_a_python_without_the_gil_a_step_says_so(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, gil: bool
) -> None:
    monkeypatch.setattr(environment, "has_gil", lambda: gil)
    assert ("This Python runs without the GIL" in run_step(walk, GIL)) == (not gil)
    assert "This Python runs without the GIL" not in run_step(walk, 4)


@pytest.mark.parametrize("default", ["fork", "forkserver"])
def test_a_step_with_processes_names_its_start_method_where_it_is_not_the_default(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, default: str
) -> None:
    monkeypatch.setattr(module, "DEFAULT_START_METHOD", default)
    hints = []
    for number in (1, 4, 6):  # an experiment, one process alone, a process for each number
        walk.go(number)
        hints.append("use fork; this Python&#39;s own default is forkserver" in walk._before.value)
    assert hints == [False, False, default == "forkserver"]


@pytest.mark.parametrize("default", ["fork", "forkserver"])
def test_a_step_with_runs_and_an_experiment_names_both_start_methods_where_they_differ(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, default: str
) -> None:
    monkeypatch.setattr(module, "DEFAULT_START_METHOD", default)
    walk.go(7)
    both = "use fork, its experiment this Python&#39;s own default, forkserver"
    assert (both in walk._before.value) == (default == "forkserver")


@pytest.mark.parametrize("action", RUNS, ids=lambda action: action.label)
def test_the_controls_can_be_set_to_what_a_step_runs(controls: Controls, action: Action) -> None:
    for settings in action.runs:
        controls.follow(settings)
        plan = controls.plan()
        assert (plan.mechanism, plan.input_set) == (settings.mechanism, settings.input_set)
        assert (plan.workers, plan.chunk_size) == (settings.workers, settings.chunk_size)
        assert plan.start_method == "fork"


def test_an_action_that_is_refused_reveals_nothing(refusing: Page) -> None:
    walk = refusing.run_tab.walk
    walk.go(4)
    with pytest.raises(Refused):
        asyncio.run(walk.do(LESSON[3].actions[0]))
    assert "mpviz-unused" in walk.after._dom_classes
    assert not refusing.activity.busy


def test_the_walk_stays_where_it_is_while_something_runs(refusing: Page) -> None:
    async def try_to() -> None:
        async with refusing.activity.turn():
            tab.walk.go(5)
            tab.walk.go(0)
            assert await tab.do(LESSON[3].actions[0]) is None
            assert await tab.do(LESSON[0].actions[0]) is None

    tab = refusing.run_tab
    tab.walk.go(4)
    asyncio.run(try_to())
    assert tab.walk.number == 4
