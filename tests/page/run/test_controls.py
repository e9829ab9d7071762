"""The controls make the plan that the widgets show; what a browser sets is checked again."""

import asyncio
import multiprocessing
from typing import Any

import pytest

from mpviz.core.errors import Refused
from mpviz.core.plan import DEFAULT_START_METHOD
from mpviz.mechanisms import MECHANISMS
from mpviz.page.app import Page
from mpviz.page.run.controls import Controls
from mpviz.page.run.task_controls import GENERATE, PASTE
from mpviz.serving.limits import USUAL
from tests.page.replaying import Replay


@pytest.fixture
def changes() -> list[str]:
    return []


@pytest.fixture
def controls(changes: list[str]) -> Controls:
    return Controls(lambda: changes.append("changed"), lambda handler: handler, USUAL)


def shown(controls: Controls) -> str:
    """All explanations below the widgets."""
    boxes = [child for box in controls.box.children for child in box.children]
    return "\n".join(str(box.value) for box in boxes if type(box).__name__ == "HTML")


def test_at_first_they_stand_for_the_lesson_with_this_pythons_start_method(
    controls: Controls,
) -> None:
    plan = controls.plan()
    assert (plan.workload, plan.input_set, plan.mechanism) == (
        "is_prime",
        "prime_mixture",
        "pool.map",
    )
    assert (plan.workers, plan.chunk_size, plan.timeout) == (2, 1, 60.0)
    assert plan.start_method == DEFAULT_START_METHOD
    assert len(plan.inputs) == 10


def test_a_plan_is_what_the_widgets_show(controls: Controls, changes: list[str]) -> None:
    controls.mechanism.value = "pool.imap"
    controls.workers.value = 3
    controls.start_method.value = "spawn"
    controls.chunk_size.value = 5
    controls.deadline.value = 2.5
    plan = controls.plan()
    assert (plan.mechanism, plan.workers, plan.start_method) == ("pool.imap", 3, "spawn")
    assert (plan.chunk_size, plan.timeout) == (5, 2.5)
    assert len(changes) == 5


@pytest.mark.parametrize("name", MECHANISMS)
def test_what_does_not_apply_is_switched_off_and_the_reason_stands_below(
    controls: Controls, name: str
) -> None:
    mechanism = MECHANISMS[name]
    controls.mechanism.value = name
    assert controls.workers.disabled == (not mechanism.parallel or mechanism.one_each)
    assert controls.start_method.disabled == (not mechanism.processes)
    assert controls.chunk_size.disabled == (not mechanism.chunks)
    text = shown(controls)
    assert (f"{name} is one process" in text) == (not mechanism.parallel)
    assert (f"{name} starts a process for each input" in text) == mechanism.one_each
    assert (f"{name} starts no process" in text) == (not mechanism.processes)
    assert (f"{name} hands over one task at a time" in text) == (not mechanism.chunks)


@pytest.mark.parametrize(
    ("mechanism", "workers", "counts"),
    [
        ("pool.map", 3, [1, 2, 3]),
        ("pool.map", 8, [1, 2, 3, 4, 5, 6, 7, 8]),
        ("pool.map", 12, [1, 2, 4, 8, 12]),
        ("process.lesson", 3, [3]),
    ],
)
def test_plans_over_workers_go_up_to_the_chosen_count(
    controls: Controls, mechanism: str, workers: int, counts: list[int]
) -> None:
    controls.mechanism.value = mechanism
    controls.workers.value = workers
    assert [plan.workers for plan in controls.plans_over_workers()] == counts


def test_plans_over_mechanisms_are_those_whose_workers_can_be_chosen(controls: Controls) -> None:
    names = [plan.mechanism for plan in controls.plans_over_mechanisms()]
    assert names == [name for name, m in MECHANISMS.items() if m.parallel and not m.one_each]


def test_a_link_reads_back_as_what_was_chosen(controls: Controls) -> None:
    controls.mechanism.value = "queue"
    controls.tasks.workload.value = "sleep"
    controls.workers.value = 4
    chosen = controls.chosen()
    other = Controls(lambda: None, lambda handler: handler, USUAL)
    other.apply(chosen)
    assert other.chosen() == chosen
    assert set(chosen) == set(controls.checks())


def test_numbers_of_ones_own_are_not_in_a_link(controls: Controls) -> None:
    controls.tasks.input_set.value = PASTE
    assert "set" not in controls.chosen()


def test_the_copied_texts_name_the_chosen_numbers(controls: Controls) -> None:
    plan = controls.plan()
    assert "mpviz.input_set('prime_mixture')" in controls.as_python(plan)
    assert "--input-set prime_mixture" in controls.as_shell(plan)
    controls.tasks.input_set.value = GENERATE
    controls.tasks.size.value = 1001
    plan = controls.plan()
    assert "generate(count=10, size=1001, spread=0.01, seed=0)" in controls.as_python(plan)
    assert "--input-set numbers.txt" in controls.as_shell(plan)
    controls.tasks.input_set.value = PASTE
    controls.tasks.pasted.value = "3\n5"
    assert "numbers = [3, 5]" in controls.as_python(controls.plan())


@pytest.mark.parametrize(
    ("control", "state"),
    [
        ("workers", {"max": 99_999, "value": 99_999}),
        ("workers", {"min": -5, "value": -5}),
        ("chunk_size", {"max": 10**12, "value": 10**12}),
        ("deadline", {"max": 1e9, "value": 1e9}),
        ("deadline", {"min": -1, "value": -1}),
        ("count", {"max": 10**9, "value": 10**9}),
        ("size", {"max": 10**15, "value": 10**15}),
    ],
)
def test_a_value_beyond_its_range_is_refused_in_one_sentence(
    page: Page, replay: Replay, control: str, state: dict[str, object]
) -> None:
    controls: Any = page.run_tab.controls
    widget = getattr(controls, control, None) or getattr(controls.tasks, control)
    if control in ("count", "size"):
        controls.tasks.input_set.value = GENERATE
    widget.set_state(state)
    with pytest.raises(Refused) as caught:
        controls.plan()
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(Refused):
        asyncio.run(page.run_tab.run())
    assert replay.runs == []


def test_options_that_a_browser_adds_are_no_choices(controls: Controls) -> None:
    controls.mechanism.set_state({"_options_labels": ["evil"], "index": 0})
    assert controls.mechanism.value in ("sequential", "pool.map")
    controls.start_method.set_state({"_options_labels": ["evil"], "index": 0})
    assert controls.start_method.value in multiprocessing.get_all_start_methods()
    controls.tasks.input_set.set_state({"_options_labels": ["../../etc/passwd"], "index": 0})
    assert controls.plan().input_set != "../../etc/passwd"


def test_the_most_workers_are_at_least_sixteen() -> None:
    assert USUAL.workers >= 16
