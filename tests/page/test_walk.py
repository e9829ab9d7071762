"""The walk's steps can be run, and the page does what a step or a link asks."""

import asyncio

import pytest

from mpviz.core.errors import Refused
from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.inputs import input_sets
from mpviz.mechanisms import MECHANISMS
from mpviz.page.app import Page
from mpviz.page.lesson.steps import LESSON, Act
from mpviz.workloads import WORKLOADS

ACTS = [act for step in LESSON for act in step.acts]


@pytest.fixture
def page() -> Page:
    def start(plan: object) -> object:
        raise Refused("started")

    return Page(start)


def test_there_are_twelve_steps_with_different_titles():
    assert len({step.title for step in LESSON}) == len(LESSON) == 12


@pytest.mark.parametrize("step", LESSON, ids=lambda step: step.title)
def test_a_step_says_what_to_notice_before_and_after_and_names_no_figure(step):
    assert step.acts
    assert step.question.endswith("?")
    assert all(2 <= text.count(". ") + 1 <= 4 for text in (step.before, step.after))
    for text in (step.before, step.after, step.answer):
        assert not any(letter.isdigit() for letter in text), "figures come from the run"


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.label)
def test_an_act_is_an_experiment_or_runs_of_known_things(act: Act):
    assert bool(act.experiment) != bool(act.runs)
    assert not act.experiment or act.experiment in EXPERIMENTS
    for settings in act.runs:
        assert settings.mechanism in MECHANISMS
        assert settings.input_set in input_sets()
        assert settings.workload in WORKLOADS


def test_every_experiment_has_its_place_in_the_walk():
    assert {act.experiment for act in ACTS if act.experiment} == set(EXPERIMENTS)


@pytest.mark.parametrize("act", [act for act in ACTS if act.runs], ids=lambda act: act.label)
def test_the_controls_can_be_set_to_what_a_step_runs(page: Page, act: Act):
    for settings in act.runs:
        page.controls.follow(settings)
        plan = page.controls.plan()
        assert (plan.mechanism, plan.input_set) == (settings.mechanism, settings.input_set)
        assert (plan.workers, plan.chunk_size) == (settings.workers, settings.chunk_size)


def test_a_link_sets_the_controls_and_opens_the_step(page: Page):
    page.follow("?step=5&mechanism=queue&workers=3&start=spawn&set=skewed&deadline=30&chunk=7")
    plan = page.controls.plan()
    assert (plan.mechanism, plan.workers, plan.start_method) == ("queue", 3, "spawn")
    assert (plan.input_set, plan.timeout, plan.chunk_size) == ("skewed", 30.0, 7)
    assert page.walk.number == 5
    assert page.said.notice.value == ""


def test_a_bad_link_changes_nothing_and_is_named_as_text(page: Page):
    before = page.copy_link.text
    page.follow("?mechanism=<script>&step=99")
    assert page.copy_link.text == before
    assert page.walk.number == 0
    assert "&lt;script&gt; was ignored" in page.said.notice.value
    assert "step=99 was ignored" in page.said.notice.value


def test_the_copied_link_sets_another_page_to_the_same(page: Page):
    page.follow("mechanism=pool.imap&workers=5&chunk=3&workload=sleep&set=uniform&step=2")
    text = page.copy_link.text
    other = Page(lambda plan: None)
    other.follow(text)
    assert other.copy_link.text == text


def test_an_address_is_followed_once(page: Page):
    page.address.received({"type": "query", "query": "?workers=3"})
    page.controls.workers.value = 2
    page.address.received({"type": "query", "query": "?workers=3"})
    assert page.controls.workers.value == 2


@pytest.mark.parametrize("content", [{}, {"type": "query"}, {"type": "query", "query": 5}])
def test_an_address_that_is_none_is_ignored(page: Page, content: dict[str, object]):
    page.address.received(content)
    assert page.walk.number == 0


def test_an_act_that_is_refused_reveals_nothing(page: Page):
    page.walk.go(4)
    with pytest.raises(Refused):
        asyncio.run(page.walk.run(LESSON[3].acts[0]))
    assert "mpviz-unused" in page.walk.after._dom_classes
    assert not page.turn.busy


def test_the_walk_stays_where_it_is_while_something_runs(page: Page):
    async def try_to() -> None:
        async with page.turn.taken():
            page.walk.go(5)
            page.walk.go(0)
            assert await page.act(LESSON[3].acts[0]) is None
            assert await page.act(LESSON[0].acts[0]) is None

    page.walk.go(4)
    asyncio.run(try_to())
    assert page.walk.number == 4


def test_the_projector_is_turned_on_and_off(page: Page):
    page.projector.button.received({"type": "press", "pressed": True})
    assert "mpviz-projector" in page.root._dom_classes
    page.projector.button.received({"type": "press", "pressed": "yes"})
    assert page.projector.button.pressed
    page.projector.button.received({"type": "press", "pressed": False})
    assert "mpviz-projector" not in page.root._dom_classes


def test_the_whole_docstring_of_the_mechanism_is_text_on_the_page(page: Page):
    page.controls.mechanism.value = "process.lesson"
    text = page.views.code.value.partition("mpviz-code")[0]
    last = (MECHANISMS["process.lesson"].function.__doc__ or "").split()[-1]
    assert last in text
    assert page.controls.workers.disabled
