"""The limits: what goes beyond them is a sentence, whoever asks."""

import asyncio
from dataclasses import replace

import pytest

from mpviz.core.errors import Refused
from mpviz.core.plan import Plan
from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.inputs import generate, input_set, input_sets, parse
from mpviz.page.activity import Activity
from mpviz.page.app import Page
from mpviz.page.run.controls import Controls
from mpviz.serving.limits import PUBLIC, PUBLIC_VARIABLE, USUAL, admit, current
from mpviz.workloads import WORKLOADS, is_prime

PLAN = Plan(is_prime, (3, 5), "pool.map", 2, "fork", 1, 10.0, "is_prime", "two")


def test_the_server_tells_a_page_which_limits_hold(monkeypatch):
    monkeypatch.delenv(PUBLIC_VARIABLE, raising=False)
    assert current() is USUAL
    assert Page().activity.limits is USUAL
    monkeypatch.setenv(PUBLIC_VARIABLE, "1")
    assert current() is PUBLIC
    assert Page().activity.limits is PUBLIC
    assert Page(limits=USUAL).activity.limits is USUAL


def test_what_is_usual_leaves_a_plan_as_it_is():
    assert admit(PLAN, USUAL) == PLAN


def test_in_public_a_run_has_a_ceiling_of_memory_that_it_can_only_lower():
    assert admit(PLAN, PUBLIC).memory == PUBLIC.memory
    assert admit(replace(PLAN, memory=2**28), PUBLIC).memory == 2**28
    assert admit(replace(PLAN, memory=2**60), PUBLIC).memory == PUBLIC.memory


@pytest.mark.parametrize(
    "change",
    [
        {"workers": PUBLIC.workers + 1},
        {"workers": 0},
        {"workers": True},
        {"workers": 2.0},
        {"timeout": PUBLIC.deadline + 1},
        {"timeout": float("nan")},
        {"timeout": float("inf")},
        {"timeout": "9"},
        {"inputs": (3,) * (PUBLIC.tasks + 1)},
        {"inputs": (10**PUBLIC.digits,)},
        {"inputs": (-(10**5000),)},
        {"inputs": (PUBLIC.payload + 1,), "workload": "payload"},
    ],
)
def test_a_plan_beyond_the_limits_is_refused_in_one_sentence(change):
    with pytest.raises(Refused) as caught:
        admit(replace(PLAN, **change), PUBLIC)
    assert len(str(caught.value).splitlines()) == 1


def test_whoever_takes_the_turn_obeys():
    started = []
    activity = Activity(PUBLIC, started.append)

    async def try_it() -> None:
        async with activity.turn():
            with pytest.raises(Refused):
                activity.start(replace(PLAN, workers=99))
            with pytest.raises(Refused):
                activity.start(replace(PLAN, timeout=600.0))

    asyncio.run(try_it())
    assert started == []


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_every_experiment_stays_within_what_visitors_may(name):
    asked = []

    def start(plan: Plan) -> None:
        asked.append(admit(plan, PUBLIC))
        raise Refused("not run")

    with pytest.raises(Refused, match="not run"):
        EXPERIMENTS[name].function(timeout=PUBLIC.deadline, start=start)
    assert len(asked) == 1


@pytest.mark.parametrize("name", input_sets())
def test_every_input_set_that_comes_along_is_within_what_visitors_may(name):
    values = input_set(name).values
    admit(replace(PLAN, inputs=values), PUBLIC)


def test_numbers_of_ones_own_are_held_to_what_is_allowed_here():
    with pytest.raises(Refused, match="256 KiB"):
        parse("1234567\n" * 40_000, limits=PUBLIC)
    with pytest.raises(Refused, match="10,000"):
        parse("1\n" * 10_001, limits=PUBLIC)
    with pytest.raises(Refused, match="9 allowed"):
        parse("1234567890", limits=PUBLIC)
    with pytest.raises(Refused):
        generate(count=10_001, size=9, spread=0, seed=0, limits=PUBLIC)


@pytest.mark.parametrize(
    ("widget", "value", "sentence"),
    [
        ("pasted", "1\n" * 10_001, "10,000"),
        ("pasted", "1234567890", "9 allowed"),
        ("pasted", "1234567\n" * 40_000, "256 KiB"),
        ("count", 10_001, "10,000"),
        ("size", 10**9, "999,999,999"),
    ],
)
def test_a_page_hands_its_own_limits_in(widget, value, sentence):
    controls = Controls(lambda: None, lambda handler: handler, PUBLIC)
    if widget == "pasted":
        controls.tasks.input_set.value = "Paste numbers…"
        controls.tasks.pasted.value = value
    else:
        controls.tasks.input_set.value = "Generate numbers…"
        box = getattr(controls.tasks, widget)
        box.max = 10**12  # as a client that sets traits can do
        box.value = value
    with pytest.raises(Refused, match=sentence):
        controls.plan()


def test_the_widgets_offer_what_is_allowed():
    controls = Controls(lambda: None, lambda handler: handler, PUBLIC)
    assert controls.workers.max == PUBLIC.workers
    assert controls.deadline.max == PUBLIC.deadline
    assert controls.tasks.count.max == PUBLIC.tasks
    assert controls.tasks.size.max == 10**PUBLIC.digits - 1
    assert controls.tasks.upload.max_bytes == PUBLIC.upload
    controls.tasks.workload.value = "payload"
    controls.tasks.input_set.value = "Paste numbers…"
    controls.tasks.pasted.value = str(PUBLIC.payload + 1)
    with pytest.raises(Refused, match="send back"):
        controls.plan()


def test_every_workload_can_be_run_with_its_usual_numbers():
    for name, entry in WORKLOADS.items():
        values = input_set(entry.input_set).values
        admit(replace(PLAN, function=entry.function, inputs=values, workload=name), USUAL)
