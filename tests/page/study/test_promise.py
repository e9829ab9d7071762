"""What a trial says of a change: held, taken back, or not decided."""

import random
from dataclasses import replace
from math import exp

import pytest

from mpviz.page.study.promise import promise
from mpviz.studies.rounds import Rounds
from mpviz.studies.sweep import Sweep
from tests.studies.made import drive, plan_of

PLAN = plan_of()


@pytest.mark.parametrize(
    ("changed", "seconds", "sentence"),
    [
        ({"chunk_size": 8}, 0.5, "The promise held: with chunks of 8 it is faster, "),
        ({"workers": 1}, 2.0, "Taken back: with 1 worker it is slower, "),
        ({"mechanism": "queue"}, 1.0, "Taken back: with queue it takes as long, "),
        ({"inputs": (2, 1)}, 0.8, "The promise held: with the other order it is faster, "),
    ],
)
def test_it_says_whether_the_promise_held(changed: dict, seconds: float, sentence: str) -> None:
    other = replace(PLAN, **changed)
    rounds = Rounds(Sweep((PLAN, other), budget_s=600.0, alone=False))
    noise = random.Random(1)
    drive(rounds, lambda step: exp(noise.gauss(0, 0.01)) * (seconds if step.place else 1.0))
    assert promise(PLAN, other)(rounds.study).startswith(sentence)


def test_after_one_round_it_says_nothing() -> None:
    other = replace(PLAN, workers=1)
    rounds = Rounds(Sweep((PLAN, other), rounds=1, alone=False))
    drive(rounds, lambda _step: 1.0)
    assert promise(PLAN, other)(rounds.study) == ""


def test_while_it_is_not_decided_it_says_so() -> None:
    other = replace(PLAN, workers=1)
    rounds = Rounds(Sweep((PLAN, other), rounds=5, alone=False))
    noise = random.Random(1)
    drive(rounds, lambda _step: exp(noise.gauss(0, 0.5)))
    assert promise(PLAN, other)(rounds.study).startswith("Not decided yet: with 1 worker ")
