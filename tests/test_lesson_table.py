"""The table of the lesson's content: each place that it names exists and runs."""

import re
from collections.abc import Collection
from pathlib import Path

import pytest

import mpviz
from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.inputs import input_sets
from mpviz.mechanisms import MECHANISMS
from mpviz.workloads import WORKLOADS, is_prime

TABLE = Path(__file__).parents[1] / "docs" / "lesson.md"
ROW = re.compile(r"^\| (?P<lesson>.+) \| `(?P<kind>[a-z ]+?) (?P<name>[a-z_.]+)` \|$", re.MULTILINE)
PLACES = sorted({(row["kind"], row["name"]) for row in ROW.finditer(TABLE.read_text("utf-8"))})
NAMED: dict[str, Collection[str]] = {
    "experiment": EXPERIMENTS,
    "mechanism": MECHANISMS,
    "workload": WORKLOADS,
    "input set": input_sets(),
}


def test_every_row_of_the_table_names_a_place():
    rows = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert len(ROW.findall(TABLE.read_text("utf-8"))) == len(rows) - 1  # the heading names none


@pytest.mark.parametrize(("kind", "name"), PLACES)
def test_the_place_exists(kind: str, name: str):
    assert name in NAMED[kind]


@pytest.mark.parametrize("name", [name for kind, name in PLACES if kind == "mechanism"])
def test_the_mechanism_runs(name: str):
    trace = mpviz.run(is_prime, (7, 8, 9), mechanism=name, workers=2, timeout=5)
    assert len(trace.tasks) == 3
    assert trace.sentence


@pytest.mark.parametrize("kind", NAMED)
def test_nothing_that_mpviz_has_of_the_lesson_is_left_out(kind: str):
    if kind in ("experiment", "mechanism"):
        assert set(NAMED[kind]) == {name for of, name in PLACES if of == kind}
