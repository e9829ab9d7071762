"""Hostile tasks with every mechanism and start method: in time, a record, nothing left.

Not every cell of tasks × mechanisms × start methods, which are some 19,000: each task runs under
each start method, the mechanisms taking turns, so that each mechanism meets each family. A sample
in ``make test``, by a seed that MPVIZ_SEED changes; all of it where MPVIZ_FULL is 1.
"""

import os
import random
from typing import Any

import pytest

from mpviz.core.plan import START_METHODS
from mpviz.mechanisms import MECHANISMS
from tests.chaos.hostile import FAMILIES
from tests.chaos.hostile.values import INPUTS
from tests.chaos.kernels import described, judged
from tests.sampling import sampled

DEADLINES = {"fork": 1.5, "spawn": 2.0, "forkserver": 2.0}  # seconds
SAMPLE = 30
# What broke a run once is tried again each time, under one start method.
BROKE = {
    "the table": [
        "truncated",
        "more workers than rows",
        "fewer workers than none",
        "all ones",
        "all zero",
        "the largest words",
    ],
    "the run's files": [
        "output removed",
        "output a pipe",
        "output a folder",
        "output /dev/zero",
        "output itself",
        "output of 20 GiB",
        "results a pipe",
        "results /dev/zero",
    ],
    "the run's folder": [
        "removed",
        "removed again and again",
        "renamed",
        "a link to another",
        "3,000 folders deep",
    ],
    "killing": ["its group", "the guard stopped"],
    "multiprocessing": ["a semaphore held"],
    "replaced": ["our worker is another"],
    "inputs": ["hangs when unpickled", "spins when unpickled"],
}
SEED = int(os.environ.get("MPVIZ_SEED", "1"))


def cells_of(family: str) -> list[dict[str, Any]]:
    """The cells of a family, a mechanism after the other."""
    tasks: list[dict[str, Any]] = [{"hostile": (family, name)} for name in FAMILIES.get(family, ())]
    tasks += [{"input": name} for name in INPUTS if family == "inputs"]
    mechanisms = list(MECHANISMS)
    # Where the tasks are as many as the mechanisms, or twice that, each would meet the same.
    shift = 5 if len(tasks) % len(mechanisms) == 0 else len(tasks)
    return [
        {
            **task,
            "family": family,
            "mechanism": mechanisms[(number + shift * turn) % len(mechanisms)],
            "start_method": method,
            "deadline": DEADLINES[method],
        }
        for turn, method in enumerate(START_METHODS)
        for number, task in enumerate(tasks)
    ]


def all_cells() -> list[dict[str, Any]]:
    return [cell for family in (*FAMILIES, "inputs") for cell in cells_of(family)]


def broke() -> list[dict[str, Any]]:
    """A cell of each of those that broke a run."""
    found = {}
    for cell in all_cells():
        name = cell["hostile"][1] if "hostile" in cell else cell["input"]
        # Under spawn, for a group that is killed leaves nothing behind under fork.
        if cell["start_method"] == "spawn" and name in BROKE.get(cell["family"], ()):
            found[cell["family"], name] = cell
    assert len(found) == sum(map(len, BROKE.values()))
    return list(found.values())


def cases() -> dict[str, list[dict[str, Any]]]:
    """The cells of each test."""
    return sampled(
        {
            f"{SAMPLE} by seed {SEED}": random.Random(SEED).sample(all_cells(), SAMPLE),
            "what broke a run once": broke(),
        },
        {family: cells_of(family) for family in (*FAMILIES, "inputs")},
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("cells", cases().values(), ids=cases())
def test_a_hostile_task_ends_in_time_with_a_record_and_leaves_nothing(
    cells: list[dict[str, Any]],
) -> None:
    wrong = [described(cell, verdict) for cell, verdict in judged(cells) if verdict["faults"]]
    assert not wrong, f"{len(wrong)} of {len(cells)}:\n" + "\n".join(sorted(wrong))


def test_every_task_meets_every_start_method_and_every_mechanism_every_family() -> None:
    cells = all_cells()
    assert len({(*cell.get("hostile", ()), cell.get("input")) for cell in cells}) >= 170
    for family in (*FAMILIES, "inputs"):
        met = {cell["mechanism"] for cell in cells if cell["family"] == family}
        assert len(met) == min(len(MECHANISMS), len(cells_of(family)))
