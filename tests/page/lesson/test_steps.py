"""The lesson's steps are whole, and name only what there is."""

import pytest

from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.inputs import input_sets
from mpviz.mechanisms import MECHANISMS
from mpviz.page.lesson.steps import LESSON, Action, Step
from mpviz.workloads import WORKLOADS

ACTIONS = [action for step in LESSON for action in step.actions]


def test_there_are_twelve_steps_with_different_titles() -> None:
    assert len({step.title for step in LESSON}) == len(LESSON) == 12


@pytest.mark.parametrize("step", LESSON, ids=lambda step: step.title)
def test_a_step_says_what_to_notice_before_and_after_and_names_no_number(step: Step) -> None:
    assert step.actions
    assert step.question.endswith("?")
    assert all(2 <= text.count(". ") + 1 <= 4 for text in (step.before, step.after))
    for text in (step.before, step.after, step.answer, step.without_gil):
        assert not any(letter.isdigit() for letter in text), "numbers come from the run"


@pytest.mark.parametrize("step", LESSON, ids=lambda step: step.title)
def test_a_step_that_takes_the_gil_as_given_says_what_holds_without_it(step: Step) -> None:
    assert bool(step.without_gil) == ("GIL" in f"{step.before} {step.after}")


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.label)
def test_an_action_is_an_experiment_or_runs_of_known_things(action: Action) -> None:
    assert bool(action.experiment) != bool(action.runs)
    assert not action.experiment or action.experiment in EXPERIMENTS
    for settings in action.runs:
        assert settings.mechanism in MECHANISMS
        assert settings.input_set in input_sets()
        assert settings.workload in WORKLOADS


def test_every_experiment_has_its_place_in_the_lesson() -> None:
    assert {action.experiment for action in ACTIONS if action.experiment} == set(EXPERIMENTS)
