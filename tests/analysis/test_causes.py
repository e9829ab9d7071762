"""Each cause with its proof: named where the record establishes it, and nowhere else."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mpviz.analysis.causes.cause import KINDS, Cause
from mpviz.analysis.causes.seen import NAMED
from mpviz.analysis.trace import Trace
from mpviz.core.outcome import Ending
from mpviz.core.usage import Usage
from tests.analysis.stage import Stage, plan_of

ENVIRONMENT = {"usable_cpus": 2.0, "cpus": 2, "gil": True}
Make = Callable[..., Trace]
Spans = Sequence[Sequence[tuple[float, float]]]  # of each lane: its tasks' starts and ends


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a run out of the spans of its tasks, lane by lane, after a sequential run of them."""
    numbers = itertools.count()

    def made(
        lanes: Spans,
        *,
        alone: Sequence[float] | float | None = None,
        cpu: float = 1.0,
        cpu_alone: float = 1.0,
        booted: float = 0.0,
        order: Sequence[int] | None = None,
        counts: dict[str, int] | None = None,
        host: dict[str, int] | None = None,
        others: float = 0.0,
        throttled: float = 0.0,
        makespan: float | None = None,
        **options: Any,
    ) -> Trace:
        spans = [span for lane in lanes for span in lane]
        places = list(order or range(len(spans)))
        plan = plan_of(*range(len(spans)), **{"workers": len(lanes)} | options)
        stage = Stage(tmp_path / f"{next(numbers)}", plan, rows=len(lanes) + 1)
        at = iter(places)
        for lane, tasks in enumerate(lanes):
            row = stage.worker(lane=lane, pid=100 + lane, requested=0.0, booted=booted)
            for start, end in tasks:
                length = end - start
                stage.task(next(at), row, start, end, received=end, cpu=cpu * length)
        whole = makespan or max(end for _, end in spans)
        usage = Usage(
            workers={lane: {"waited_ns": 0, **(counts or {})} for lane in range(len(lanes))},
            host=host or {},
            watched_ns=round(whole * 1e9),
            others_ns=round(others * 1e9),
            throttled_ns=round(throttled * 1e9),
        )
        record = stage.record(makespan=whole, environment=ENVIRONMENT, usage=usage)
        lengths = [spans[places.index(task)] for task in range(len(spans))]
        if alone is None:
            times = [end - start for start, end in lengths]
        else:
            times = list(alone) if isinstance(alone, Sequence) else [alone] * len(spans)
        before = Stage(tmp_path / f"{next(numbers)}", plan.baseline, rows=2)
        row, now = before.worker(lane=0, pid=1, requested=0.0, booted=0.0), 0.0
        for task, length in enumerate(times):
            before.task(task, row, now, now + length, received=now + length, cpu=cpu_alone * length)
            now += length
        baseline = Trace(before.record(makespan=now, environment=ENVIRONMENT))
        return Trace(record, baseline)

    return made


def row(*lengths: float, at: float = 0.0, gap: float = 0.0) -> list[tuple[float, float]]:
    """Tasks one after the other."""
    spans = []
    for length in lengths:
        spans.append((at, at + length))
        at += length + gap
    return spans


def kinds(trace: Trace) -> list[str]:
    return [cause.kind for cause in trace.causes]


EVEN = [row(*[0.1] * 10), row(*[0.1] * 10)]


def test_of_an_even_run_there_is_no_cause(make: Make) -> None:
    trace = make(EVEN)
    assert trace.causes == ()
    assert "established" not in trace.sentence


def test_start_up_that_costs_a_tenth_is_named_with_its_price(make: Make) -> None:
    lanes = [row(*[0.1] * 5, at=0.3), row(*[0.1] * 5, at=0.3)]
    (cause,) = make(lanes, booted=0.3, start_method="spawn").causes
    assert cause.kind == "startup"
    assert cause.lost_s == pytest.approx(0.3)
    assert cause.sentence == (
        "Starting 2 workers with spawn took 300 ms each, 300 ms of the makespan."
    )
    assert cause.change == {"start_method": "forkserver"}


def test_below_a_tenth_of_the_makespan_nothing_is_named(make: Make) -> None:
    late = 0.09
    lanes = [row(*[0.1] * 10, at=late), row(*[0.1] * 10, at=late)]
    assert kinds(make(lanes, booted=late)) == []
    assert late / 1.09 < NAMED


def test_everything_in_one_chunk_calls_for_smaller_chunks(make: Make) -> None:
    trace = make([row(*[0.1] * 16), []], chunk_size=16)
    (cause,) = trace.causes
    assert cause.kind == "chunks"
    assert cause.change == {"chunk_size": 2}
    assert cause.lost_s == pytest.approx(0.75)


def test_a_long_task_that_began_last_is_named_with_its_input(make: Make) -> None:
    lanes = [row(*[0.1] * 5), [*row(*[0.1] * 5), (0.5, 1.5)]]
    (cause,) = make(lanes).causes
    assert cause.kind == "long_task"
    assert cause.sentence.startswith("Task 10 (input 10) was the last to end and took 1.00 s;")
    assert cause.change["order"][0] == 10
    assert cause.advice == "Begin the long tasks first."


def test_a_long_task_that_began_first_is_to_be_split(make: Make) -> None:
    lanes = [[(0.0, 2.0)], row(*[0.1] * 5)]
    (cause,) = make(lanes).causes
    assert cause.kind == "long_task"
    assert cause.change == {}
    assert "Split it" in cause.advice


def test_hand_over_beside_short_tasks_calls_for_larger_chunks(make: Make) -> None:
    lanes = [row(*[0.001] * 500, gap=0.001), row(*[0.001] * 500, gap=0.001)]
    (cause,) = make(lanes).causes
    assert cause.kind == "handover"
    assert (
        cause.sentence
        == "Between two tasks a worker is idle for 1.00 ms on average, and a task takes 1.00 ms."
    )
    assert cause.change == {"chunk_size": 10}


def test_hand_over_that_costs_more_than_it_gains_says_up_to_which_task_length(make: Make) -> None:
    lanes = [row(*[0.001] * 500, gap=0.003), row(*[0.001] * 500, gap=0.003)]
    (cause,) = make(lanes).causes
    assert cause.sentence.endswith(
        "One process alone is sooner, and so it is for all tasks shorter than 2.00 ms."
    )


def test_a_few_long_gaps_are_no_hand_over(make: Make) -> None:
    lane = [*row(*[0.001] * 250), *row(*[0.001] * 250, at=0.75)]
    assert kinds(make([lane, lane])) == []


def test_hand_over_is_named_where_gaps_differ_much_and_the_program_needs_the_cpus(
    make: Make,
) -> None:
    lane = []
    at = 0.0
    for number in range(500):
        lane.append((at, at + 0.001))
        at += 0.001 + (0.008 if number % 10 == 0 else 0.0003)
    cause = make([lane, lane], counts={"waited_ns": 10**9}).causes[0]
    assert cause.kind == "handover"


def test_a_mechanism_without_chunks_is_to_become_one_with(make: Make) -> None:
    lanes = [row(*[0.001] * 500, gap=0.001), row(*[0.001] * 500, gap=0.001)]
    (cause,) = make(lanes, mechanism="queue").causes
    assert cause.change == {"chunk_size": 10, "mechanism": "pool.map"}


BIG = 32 * 2**20
# Of the program and of each of two workers, read and written, in parts of what 8 tasks carry; the
# program's hold those of the workers, for which it has waited.
CARRIED = [
    ((2, 2), (1, 0), ["large_arguments"]),
    ((2, 2), (0, 1), ["large_results"]),
    ((2, 2), (1, 1), []),  # each task reads a file and writes one
]


@pytest.mark.parametrize(("program", "worker", "named"), CARRIED)
def test_large_arguments_and_results_are_told_from_hand_over_and_from_files(
    make: Make, program: tuple[int, int], worker: tuple[int, int], named: list[str]
) -> None:
    lanes = [row(*[0.01] * 8, gap=0.02), row(*[0.01] * 8, gap=0.02)]
    counts = dict(zip(("read_b", "written_b"), (8 * BIG * x for x in worker), strict=True))
    host = dict(zip(("read_b", "written_b"), (8 * BIG * x for x in program), strict=True))
    trace = make(lanes, host=host, counts=counts)
    assert kinds(trace) == named
    assert ("32 MiB" in trace.sentence) == bool(named)


def test_what_passes_before_the_first_task_is_named_as_that(make: Make) -> None:
    lanes = [row(*[0.1] * 5, at=0.4), row(*[0.1] * 5, at=0.4)]
    (cause,) = make(lanes, booted=0.01, start_method="spawn").causes
    assert cause.kind == "before_first"


THREADS = {"mechanism": "threads", "alone": 0.05}


def test_threads_that_keep_one_cpu_busy_are_under_the_gil(make: Make) -> None:
    (cause,) = make(EVEN, **THREADS, cpu=0.5).causes
    assert cause.kind == "gil"
    assert cause.change == {"mechanism": "pool.map"}


def test_threads_that_compute_side_by_side_are_not(make: Make) -> None:
    assert "gil" not in kinds(make(EVEN, **THREADS, cpu=1.0))


def test_more_workers_than_cpus_that_waited_for_one(make: Make) -> None:
    trace = make([row(*[0.1] * 10)] * 4, alone=0.05, cpu=0.5, counts={"waited_ns": 5 * 10**8})
    (cause,) = trace.causes
    assert cause.kind == "crowded"
    assert cause.change == {"workers": 2}


def test_a_neighbour_is_named_where_it_took_what_the_tasks_waited_for(make: Make) -> None:
    trace = make(EVEN, alone=0.05, cpu=0.5, counts={"waited_ns": 5 * 10**8}, others=1.0)
    (cause,) = trace.causes
    assert cause.kind == "neighbour"
    assert "while other programs had 1.00 s of CPU time" in cause.sentence


def test_waiting_for_a_cpu_with_neither_neighbour_nor_crowd_has_no_cause(make: Make) -> None:
    trace = make(EVEN, alone=0.05, cpu=0.5, counts={"waited_ns": 5 * 10**8})
    assert trace.causes == ()
    assert trace.sentence.endswith("Why it lost 500 ms is not established.")


def test_something_shared_is_named_where_cpus_are_idle_and_nobody_waits_for_one(
    make: Make,
) -> None:
    (cause,) = make(EVEN, alone=0.05, cpu=0.5).causes
    assert cause.kind == "shared"


def test_a_quota_is_named_by_what_it_kept_back(make: Make) -> None:
    (cause,) = make(EVEN, alone=0.05, cpu=0.5, throttled=0.9).causes
    assert cause.kind == "quota"


def test_threads_of_the_tasks_own_are_named_where_they_exceed_the_cpus(make: Make) -> None:
    trace = make(EVEN, alone=0.05, cpu=1.0, cpu_alone=2.0, counts={"threads": 3})
    assert kinds(trace) == ["own_threads"]


def test_more_cpu_time_without_waiting_is_named_as_that(make: Make) -> None:
    (cause,) = make(EVEN, alone=0.05).causes
    assert cause.kind == "slower"
    assert cause.sentence.startswith("The tasks took 2.00 × the CPU time that they take alone")


def test_what_is_done_once_in_each_process_is_told_from_slow_tasks(make: Make) -> None:
    lanes = [row(0.6, *[0.1] * 9), row(0.6, *[0.1] * 9)]
    (cause,) = make(lanes, alone=0.1).causes
    assert cause.kind == "first_task"
    assert cause.sentence.startswith("Each worker's first task took 500 ms longer than alone")


def test_tasks_that_wait_alone_as_well_leave_room_for_more_workers(make: Make) -> None:
    (cause,) = make(EVEN, cpu=0.01, cpu_alone=0.01).causes
    assert cause.kind == "waiting"
    assert cause.change == {"workers": 4}


def test_the_dearest_cause_comes_first(make: Make) -> None:
    lanes = [row(*[0.1] * 5, at=0.2), [*row(*[0.1] * 5, at=0.2), (0.7, 2.0)]]
    found = make(lanes, booted=0.2).causes
    assert found[0].kind == "long_task"
    assert [c.lost_s for c in found] == sorted((c.lost_s for c in found), reverse=True)


def test_without_a_baseline_only_what_the_account_shows_is_named(make: Make) -> None:
    trace = Trace(make(EVEN, alone=0.05).record)
    assert trace.causes == ()
    lanes = [row(*[0.1] * 5, at=0.3), row(*[0.1] * 5, at=0.3)]
    assert kinds(Trace(make(lanes, booted=0.3).record)) == ["startup"]


def test_of_a_run_that_lost_tasks_only_missing_workers_are_named(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "table", plan_of(*range(8), mechanism="queue.lesson"))
    one = stage.worker(lane=0, pid=1, requested=0.0, booted=0.0)
    stage.worker(lane=1, pid=2, requested=0.0, booted=0.0, stopped=0.1, exited=0.1, exitcode=0)
    for task in range(7):
        stage.task(task, one, 0.1 * task, 0.1 * task + 0.1, received=1.0, cpu=0.1)
    trace = Trace(stage.record(makespan=1.0, environment=ENVIRONMENT))
    (cause,) = trace.causes
    assert cause.kind == "left"
    assert cause.sentence == "Worker 1 went home at 100 ms while tasks were left."
    assert cause.change == {"mechanism": "queue"}


def test_a_worker_that_died_is_named_with_what_its_absence_cost(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "table", plan_of(*range(8), mechanism="queue"))
    one = stage.worker(lane=0, pid=1, requested=0.0, booted=0.0)
    stage.worker(lane=1, pid=2, requested=0.0, booted=0.0, exited=0.2, exitcode=-9)
    for task in range(7):
        stage.task(task, one, 0.1 * task, 0.1 * task + 0.1, received=1.0, cpu=0.1)
    trace = Trace(stage.record(Ending.DEADLINE, makespan=2.0, environment=ENVIRONMENT))
    (cause,) = trace.causes
    assert cause.kind == "died"
    assert cause.lost_s == pytest.approx(0.9)


def test_a_sequential_run_has_no_cause(make: Make) -> None:
    assert make([row(*[0.1] * 4)], mechanism="sequential").causes == ()


def test_each_change_makes_a_plan(make: Make) -> None:
    lanes = [row(*[0.1] * 5), [*row(*[0.1] * 5), (0.5, 1.5)]]
    trace = make(lanes)
    plan = trace.record.plan.changed(trace.causes[0].change)
    assert plan.inputs[0] == 10
    assert sorted(plan.inputs) == sorted(trace.record.plan.inputs)


def test_each_kind_has_a_word(make: Make) -> None:
    assert all(isinstance(word, str) and word for word in KINDS.values())
    assert Cause("gil", 1.0, "").change == {}
