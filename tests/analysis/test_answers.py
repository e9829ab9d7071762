"""Whether two runs agree, by what their results were; with real runs and by hand."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mpviz
from mpviz.analysis.answers import Agreement, compare
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan
from mpviz.core.record import Answer, Record
from mpviz.engine.recording.canonical import answer


def agreement(function: Callable[[Any], Any], inputs: list[Any], **options: Any) -> pd.Series:
    trace = mpviz.run(function, inputs, workers=1, timeout=30, baseline=True, **options)
    return trace.summary


def elsewhere() -> bool:
    """Whether this is no run of `sequential`."""
    import multiprocessing

    return multiprocessing.parent_process() is not None


def array_in_the_middle(size: int) -> Any:
    import numpy as np

    made = np.zeros(size)
    made[size // 2] = elsewhere()
    return made


def frame_in_the_middle(size: int) -> Any:
    import pandas as pd

    return pd.DataFrame({"a": range(size)}).assign(
        b=lambda frame: frame["a"].where(frame["a"] != size // 2, elsewhere() * 1.0)
    )


def series_by_little(size: int) -> Any:
    import pandas as pd

    return pd.Series([1.0] * size) * (1 + 1e-12 * elsewhere())


@pytest.mark.process
@pytest.mark.parametrize("function", [array_in_the_middle, frame_in_the_middle])
def test_arrays_and_frames_that_differ_in_the_middle_do_not_agree(
    function: Callable[[Any], Any],
) -> None:
    run = agreement(function, [5000])
    assert not run["answers_agree"]
    assert not run["answers_close"]
    assert run["answers_note"] == "1 of 1 answers (task 0's) differ"


@pytest.mark.process
def test_what_differs_by_a_billionth_is_said_apart() -> None:
    run = agreement(series_by_little, [5000])
    assert not run["answers_agree"]
    assert run["answers_close"]
    assert run["answers_note"] == "1 of 1 answers (task 0's) differ, by a billionth at most"


@pytest.mark.process
def test_sets_of_texts_agree_whatever_their_order() -> None:
    run = agreement(lambda n: {f"text {i}" for i in range(n)}, [50, 60], start_method="spawn")
    assert run["answers_agree"]
    assert run["answers_note"] == ""


@pytest.mark.process
def test_arrays_and_frames_that_are_equal_agree() -> None:
    def both(n: int) -> Any:
        import numpy as np
        import pandas as pd

        return np.arange(n * 1.0), pd.DataFrame({"a": range(n), "b": ["x"] * n})

    assert agreement(both, [2000, 3])["answers_agree"]


@pytest.mark.process
def test_what_cannot_be_compared_is_not_known_and_said() -> None:
    trace = mpviz.run(
        lambda x: (lambda: x) if x else x, [0, 1], mechanism="threads", timeout=30, baseline=True
    )
    assert trace.summary["answers_agree"] is pd.NA
    note = "1 of 2 answers (task 1's) can't be compared: a function made on the spot"
    assert trace.summary["answers_note"] == note
    assert f"not known: {note}." in trace.sentence


def record(results: list[Any], *, room: int = 1000) -> Record:
    """A record with these results, each with its answer unless it is a text."""
    plain = {index: value for index, value in enumerate(results) if isinstance(value, str)}
    answers = {
        index: answer(value, room=room) for index, value in enumerate(results) if index not in plain
    }
    texts = dict.fromkeys(range(len(results)), "…") | plain
    plan = Plan(abs, tuple(range(len(results))) or (0,))
    return Record(plan, Ending.FINISHED, 1, 2, b"", b"", results=texts, answers=answers)


@pytest.mark.parametrize(
    ("here", "there", "same", "close"),
    [
        (["1", "2.5"], ["1", "2.5"], True, True),
        (["1"], ["2"], False, False),
        (["1"], ["1.0"], False, False),
        (["1.0"], ["1.0000000000000002"], False, True),
        (["1.0"], ["1.1"], False, False),
        (["NaN"], ["NaN"], True, True),
        (["0.0"], ["-0.0"], False, True),
        (['"1.0"'], ['"1.0000000000000002"'], False, False),
        ([[1.0]], [[1.0]], True, True),
        ([[1.0]], [[1.0 + 1e-15]], False, True),
        ([[1.0]], [[1]], False, False),
        ([(1,)], ["1"], False, False),
        ([lambda: 1, [1]], [lambda: 1, [1]], None, None),
        ([lambda: 1, [1]], [lambda: 1, [2]], False, False),
        ([lambda: 1, [1.0]], [lambda: 1, [1.0 + 1e-15]], False, None),
        ([], [], None, None),
    ],
)
def test_answers_are_compared_one_by_one(
    here: list[Any], there: list[Any], same: bool | None, close: bool | None
) -> None:
    found = compare(record(here), record(there), range(len(here)))
    assert (found.same, found.close) == (same, close)


def test_of_floats_too_many_to_be_kept_only_equality_is_known() -> None:
    many = np.ones(1000)
    equal = compare(record([many]), record([many.copy()]), [0])
    assert equal == Agreement(True, True)
    other = compare(record([many]), record([many + 1e-15]), [0])
    assert (other.same, other.close) == (False, None)
    assert other.note.endswith("differ, in floats too many to be kept")


def test_a_result_that_was_lost_is_not_taken_for_an_equal_one() -> None:
    whole = record(["1", "2"])
    lossy = replace(whole, results={0: "1"})
    found = compare(lossy, whole, [0, 1])
    assert found.same is None
    assert found.note == "1 of 2 answers (task 1's) can't be compared: a result that was lost"


def test_the_first_of_those_that_differ_is_named() -> None:
    found = compare(record(["1", "2", "3"]), record(["1", "0", "0"]), [0, 1, 2])
    assert found.note == "2 of 3 answers (the first is task 1's) differ"


def test_a_forged_answer_is_no_error() -> None:
    forged = replace(record([[1.0]]), answers={0: Answer("x", "y", b"1234567812345678")})
    assert compare(forged, record([[math.pi]]), [0]).same is False
