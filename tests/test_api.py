"""The Python face, with real runs."""

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import mpviz
from mpviz.analysis.trace import sound
from mpviz.core import schema
from mpviz.core.outcome import Ending
from mpviz.core.plan import Plan

PRIMES = [101, 103, 105, 107]
IS_PRIME = mpviz.WORKLOADS["is_prime"].function


@pytest.fixture(scope="module")
def trace() -> mpviz.Trace:
    return mpviz.run(IS_PRIME, PRIMES, workers=2, timeout=20, baseline=True)


@pytest.mark.process
def test_a_run_needs_only_a_function_and_inputs() -> None:
    trace = mpviz.run(lambda x: x * 2, [1, 2, 3])
    assert list(trace.tasks["result"]) == ["2", "4", "6"]
    assert trace.summary["mechanism"] == "pool.map"
    assert trace.summary["workers"] == 2
    assert trace.baseline is None
    assert pd.isna(trace.summary["speedup"])
    assert trace.summary["answers_agree"] is pd.NA


@pytest.mark.process
def test_inputs_may_come_from_a_generator_and_are_taken_once() -> None:
    def numbers() -> Iterator[int]:
        yield from (4, 5)

    trace = mpviz.run(IS_PRIME, numbers(), baseline=True)
    assert list(trace.tasks["input"]) == ["4", "5"]
    assert trace.summary["answers_agree"]


@pytest.mark.process
def test_an_input_set_gives_its_name() -> None:
    trace = mpviz.run(mpviz.WORKLOADS["busy"].function, mpviz.input_set("milliseconds"))
    assert trace.summary["input_set"] == "milliseconds"
    assert trace.summary["workload"] == "busy"


@pytest.mark.process
def test_a_callable_without_a_name_is_called_by_its_type() -> None:
    trace = mpviz.run(functools.partial(pow, 2), [3], mechanism="sequential")
    assert trace.summary["workload"] == "partial"
    assert list(trace.tasks["result"]) == ["8"]


@pytest.mark.process
def test_inputs_and_results_may_be_anything_that_pickles() -> None:
    trace = mpviz.run(lambda pair: {"sum": sum(pair)}, [(1, 2), (3, 4)])
    assert list(trace.tasks["input"]) == ["[1, 2]", "[3, 4]"]
    assert list(trace.tasks["result"]) == ['{"sum": 3}', '{"sum": 7}']


@pytest.mark.process
def test_with_a_baseline_speedup_and_agreement_are_known(trace: mpviz.Trace) -> None:
    summary = trace.summary
    assert trace.baseline is not None
    assert trace.baseline.summary["mechanism"] == "sequential"
    assert summary["baseline_s"] == trace.baseline.summary["makespan_s"]
    assert summary["speedup"] == summary["baseline_s"] / summary["makespan_s"]
    assert summary["efficiency"] == summary["speedup"] / 2
    assert summary["answers_agree"]


def slower(record: mpviz.Record, times: float) -> mpviz.Record:
    """The same run, had it taken so many times as long."""
    makespan = round(times * (record.ended_ns - record.called_ns))
    return replace(record, ended_ns=record.called_ns + makespan)


@pytest.mark.process
@pytest.mark.parametrize(("again", "suspect"), [(0.5, False), (50.0, True)])
def test_where_the_speedup_cannot_be_the_baseline_is_measured_once_more(
    trace: mpviz.Trace, again: float, suspect: bool
) -> None:
    def run(plan: Plan) -> mpviz.Record:
        asked.append(plan)
        return slower(trace.record, again)

    asked: list[Plan] = []
    wrong = trace.against(mpviz.Trace(slower(trace.record, 50.0)))
    assert wrong.suspect
    sounder = sound(wrong, run)
    assert [plan.mechanism for plan in asked] == ["sequential"]
    assert sounder.suspect == suspect
    assert sounder.summary["speedup"] == pytest.approx(again)
    assert ("suspect: more than" in sounder.sentence) == suspect
    assert not suspect or sounder is not wrong


@pytest.mark.process
def test_a_speedup_that_can_be_is_left_alone(trace: mpviz.Trace) -> None:
    fine = trace.against(mpviz.Trace(slower(trace.record, 1.5)))
    assert sound(fine, lambda plan: pytest.fail("nothing is to be run")) is fine


@pytest.mark.process
def test_a_second_baseline_that_did_not_end_well_is_not_compared_with(trace: mpviz.Trace) -> None:
    cut = replace(trace.record, ending=Ending.DEADLINE, tasks=bytes(len(trace.record.tasks)))
    wrong = trace.against(mpviz.Trace(slower(trace.record, 50.0)))
    assert sound(wrong, lambda plan: cut) is wrong


@pytest.mark.process
def test_answers_that_differ_from_run_to_run_do_not_agree() -> None:
    def process(x: int) -> int:
        import os

        return os.getpid()

    trace = mpviz.run(process, [1, 2], baseline=True)
    assert not trace.summary["answers_agree"]


@pytest.mark.process
def test_the_time_of_every_lane_adds_up_to_the_makespan(trace: mpviz.Trace) -> None:
    row = trace.summary
    parts = row["startup_s"] + row["useful_s"] + row["gap_s"] + row["tail_s"]
    assert parts == pytest.approx(2 * row["makespan_s"], rel=1e-9)


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("tasks", schema.TASKS),
        ("workers", schema.WORKERS),
        ("runs", schema.RUNS),
        ("intervals", schema.INTERVALS),
    ],
)
def test_the_frames_have_the_columns_of_the_schema(
    trace: mpviz.Trace, name: str, columns: tuple[schema.Column, ...]
) -> None:
    frame = getattr(trace, name)
    assert [(n, str(d)) for n, d in frame.dtypes.items()] == [(c.name, c.dtype) for c in columns]
    assert getattr(trace, name) is frame


@pytest.mark.process
def test_a_trace_shows_itself_as_its_sentence(trace: mpviz.Trace) -> None:
    assert repr(trace) == f"<Trace: {trace.sentence}>"
    assert trace.sentence.startswith("2 workers (pool.map) took ")


@pytest.mark.process
def test_the_timeline_is_a_figure_of_bokeh(trace: mpviz.Trace) -> None:
    from bokeh.plotting import figure

    drawn = trace.timeline()
    assert isinstance(drawn, figure)
    assert drawn.renderers


@pytest.mark.process
def test_csv_written_and_read_back_is_the_same(trace: mpviz.Trace, tmp_path: Path) -> None:
    trace.to_csv(tmp_path / "new" / "folder")
    back = mpviz.read_csv(str(tmp_path / "new" / "folder"))
    assert list(back) == ["tasks", "workers", "runs"]
    for name in schema.TABLES:
        pd.testing.assert_frame_equal(back[name], getattr(trace, name))


@pytest.mark.process
def test_what_tasks_print_is_in_the_trace_and_nowhere_else(
    capfd: pytest.CaptureFixture[str],
) -> None:
    trace = mpviz.run(lambda x: print("task", x), [1, 2], mechanism="sequential")
    assert [(line.task, line.text) for line in trace.output] == [(0, "task 1"), (1, "task 2")]
    assert capfd.readouterr() == ("", "")


def test_the_impossible_is_refused_before_anything_runs() -> None:
    with pytest.raises(mpviz.Refused, match="no inputs"):
        mpviz.run(IS_PRIME, [], baseline=True)
    with pytest.raises(mpviz.Refused, match="no mechanism 'pool'"):
        mpviz.run(IS_PRIME, PRIMES, mechanism="pool")


def test_inputs_that_cannot_be_gone_through_are_a_type_error_as_anywhere() -> None:
    with pytest.raises(TypeError, match="not iterable"):
        mpviz.run(IS_PRIME, 7)


@pytest.mark.process
def test_a_failing_task_does_not_raise_here() -> None:
    trace = mpviz.run(lambda x: 1 // x, [1, 0], mechanism="queue")
    assert trace.summary["error"] == 1
    assert trace.summary["ending"] == "raised"
    assert trace.tasks["result"][1].startswith("ZeroDivisionError")
    assert "ZeroDivisionError" in trace.sentence


@pytest.mark.process
def test_sequential_is_one_worker_whatever_was_asked_for() -> None:
    trace = mpviz.run(IS_PRIME, PRIMES, mechanism="sequential", workers=7)
    assert trace.summary["workers"] == 1
    assert trace.summary["ok"] == 4


def test_a_baseline_is_held_to_the_limits_of_the_plan_it_is_for() -> None:
    plan = Plan(IS_PRIME, (3, 5), "queue", 4, "spawn", 2, timeout=7, memory=2**30)
    alone = plan.baseline
    assert (alone.mechanism, alone.workers, alone.chunk_size) == ("sequential", 1, 1)
    assert (alone.inputs, alone.timeout, alone.memory) == (plan.inputs, 7, 2**30)
