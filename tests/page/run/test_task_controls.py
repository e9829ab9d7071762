"""The controls of tasks: which numbers are chosen, and the sentence where they can't be used."""

import pytest

from mpviz import inputs
from mpviz.core.errors import Refused
from mpviz.page.run.task_controls import GENERATE, PASTE, UPLOAD, TaskControls
from mpviz.serving.limits import USUAL
from mpviz.workloads import WORKLOADS


@pytest.fixture
def changes() -> list[str]:
    return []


@pytest.fixture
def tasks(changes: list[str]) -> TaskControls:
    return TaskControls(lambda: changes.append("changed"), lambda handler: handler, USUAL)


def own(tasks: TaskControls) -> list[str]:
    """The labels of the widgets for the reader's own numbers that are shown."""
    shown = tasks._own.children
    return [getattr(one, "description", "") or one.label for one in shown]


def test_an_input_set_is_shown_with_its_count_and_span(tasks: TaskControls) -> None:
    found = tasks.chosen()
    assert found.name == "prime_mixture"
    assert "10 numbers, from" in tasks.preview.value
    assert WORKLOADS["is_prime"].takes in tasks.preview.value
    assert own(tasks) == []


def test_only_the_widgets_of_the_chosen_way_are_shown(
    tasks: TaskControls, changes: list[str]
) -> None:
    tasks.input_set.value = GENERATE
    assert own(tasks) == ["How many numbers", "About how large", "Spread, 0 to 1", "Seed"]
    tasks.input_set.value = PASTE
    assert own(tasks) == ["Your numbers, one a line"]
    tasks.input_set.value = UPLOAD
    assert own(tasks) == ["A text file, one number a line"]
    assert len(changes) == 3


def test_a_workload_brings_its_usual_input_set_along(
    tasks: TaskControls, changes: list[str]
) -> None:
    tasks.workload.value = "sleep"
    assert tasks.input_set.value == WORKLOADS["sleep"].input_set
    assert len(changes) == 1


def test_a_workload_leaves_an_input_set_that_was_chosen_otherwise(tasks: TaskControls) -> None:
    tasks.input_set.value = PASTE
    tasks.workload.value = "sleep"
    assert tasks.input_set.value == PASTE


def test_generated_numbers_are_those_that_python_generates(tasks: TaskControls) -> None:
    tasks.input_set.value = GENERATE
    tasks.count.value, tasks.size.value, tasks.seed.value = 4, 1001, 7
    assert tasks.generator_options == {"count": 4, "size": 1001, "spread": 0.01, "seed": 7}
    expected = inputs.generate(count=4, size=1001, spread=0.01, seed=7)
    assert tasks.chosen().values == expected.values
    assert "4 numbers, from" in tasks.preview.value


def test_pasted_numbers_are_the_readers_own(tasks: TaskControls) -> None:
    tasks.input_set.value = PASTE
    tasks.pasted.value = "7"
    assert tasks.own
    assert tasks.generator_options is None
    assert tasks.chosen().values == (7,)
    assert ">1 number, 7; each is" in tasks.preview.value


def test_an_uploaded_file_is_used_until_another_is_refused(
    tasks: TaskControls, changes: list[str]
) -> None:
    tasks.input_set.value = UPLOAD
    with pytest.raises(Refused, match="No file has been uploaded yet"):
        tasks.chosen()
    tasks.upload.handle_message({"type": "file", "name": "mine.txt", "text": "3\n5"})
    assert tasks.chosen().values == (3, 5)
    tasks.upload.handle_message({"type": "not text", "name": "a.png"})
    assert "a.png is not a text file in UTF-8." in tasks.preview.value
    assert len(changes) == 3
    with pytest.raises(Refused, match="No file has been uploaded yet"):
        tasks.chosen()


def test_what_cannot_be_read_is_named_with_its_line(tasks: TaskControls) -> None:
    tasks.input_set.value = PASTE
    tasks.pasted.value = "3\n<b>"
    assert 'mpviz-bad" role="alert"' in tasks.preview.value
    assert "line 2" in tasks.preview.value
    assert "<b>" not in tasks.preview.value


def test_numbers_beyond_what_the_workload_takes_are_refused(tasks: TaskControls) -> None:
    tasks.workload.value = "busy"
    tasks.input_set.value = PASTE
    tasks.pasted.value = "9999999"
    with pytest.raises(Refused, match="9,999,999 is more than the 1,000,000 that busy takes"):
        tasks.chosen()


def test_a_pasted_text_that_is_too_large_is_refused(tasks: TaskControls) -> None:
    tasks.input_set.value = PASTE
    tasks.pasted.set_state({"value": "7\n" * 1_500_000})
    with pytest.raises(Refused, match="Your numbers"):
        tasks.chosen()


def test_where_no_input_set_can_be_read_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "input_sets", tuple)
    tasks = TaskControls(lambda: None, lambda handler: handler, USUAL)
    assert tasks.input_set.value == GENERATE
    assert "missing or can&#39;t be read" in tasks.preview.value
