"""A copied call and a copied line ask for the plan they were copied from."""

import shlex
from dataclasses import replace

import pytest

from mpviz import inputs
from mpviz.core.plan import DEFAULT_START_METHOD, Plan
from mpviz.exports.snippets import MOST_NUMBERS, as_python, as_shell
from mpviz.mechanisms import MECHANISMS
from mpviz.workloads import is_prime

NUMBERS = inputs.input_set("prime_mixture").values
PLAN = Plan(is_prime, NUMBERS, "pool.map", 2, "spawn", 5, 30.0, "is_prime", "prime_mixture")


def called(text: str, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Run a copied call; what it asks for."""
    import mpviz

    asked: list[Plan] = []

    class Trace:
        sentence = ""

    def run(function: object, numbers: object, **options: object) -> type[Trace]:
        assert options.pop("baseline") is True
        asked.append(Plan(function, tuple(numbers), **options))
        return Trace

    monkeypatch.setattr(mpviz, "run", run, raising=False)
    exec(compile(text, "copied", "exec"), {})
    return asked[0]


@pytest.mark.parametrize("name", MECHANISMS)
def test_the_copied_call_asks_for_the_same_plan(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    plan = replace(PLAN, mechanism=name)
    asked = called(as_python(plan, own=False), monkeypatch)
    assert (asked.function, asked.inputs) == (is_prime, NUMBERS)
    assert (asked.mechanism, asked.workers, asked.timeout) == (name, 2, 30.0)
    assert asked.chunk_size == (5 if MECHANISMS[name].chunks else 1)
    assert asked.start_method == ("spawn" if MECHANISMS[name].processes else DEFAULT_START_METHOD)


def test_the_start_method_is_named_even_where_it_is_the_default() -> None:
    plan = replace(PLAN, start_method=DEFAULT_START_METHOD)
    assert f"start_method='{DEFAULT_START_METHOD}'" in as_python(plan, own=False)
    assert f"--start-method {DEFAULT_START_METHOD}" in as_shell(plan, own=False)


def test_generated_numbers_are_generated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"count": 4, "size": 1001, "spread": 0.5, "seed": 7}
    plan = replace(PLAN, inputs=inputs.generate(**options).values)
    assert called(as_python(plan, own=False, made=options), monkeypatch).inputs == plan.inputs


def test_own_numbers_are_written_out_up_to_a_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(PLAN, inputs=(3, 5))
    assert called(as_python(few, own=True), monkeypatch).inputs == (3, 5)
    text = as_python(replace(PLAN, inputs=tuple(range(MOST_NUMBERS + 1))), own=True)
    assert "# the first 1,000" in text
    assert called(text, monkeypatch).inputs == tuple(range(MOST_NUMBERS))


@pytest.mark.parametrize("name", MECHANISMS)
def test_the_copied_line_has_what_means_something(name: str) -> None:
    mechanism = MECHANISMS[name]
    words = shlex.split(as_shell(replace(PLAN, mechanism=name), own=False))
    assert words[:5] == ["mpviz", "run", "is_prime", "--mechanism", name]
    assert ("--start-method" in words) == mechanism.processes
    assert ("--chunk-size" in words) == mechanism.chunks
    assert words[-2:] == ["--timeout", "30"]


def test_a_name_with_spaces_is_one_word_of_the_line() -> None:
    words = shlex.split(as_shell(replace(PLAN, input_set="my numbers; rm *"), own=False))
    assert words[words.index("--input-set") + 1] == "my numbers; rm *"


def test_own_numbers_are_a_file_to_be_made() -> None:
    assert "--input-set numbers.txt" in as_shell(PLAN, own=True)
