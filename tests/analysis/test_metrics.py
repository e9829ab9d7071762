"""Numbers about runs: examples to check on paper, and the identities that always hold."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpviz.analysis import metrics
from mpviz.core import schema

NAN = math.nan


def tasks_of(*rows: tuple[int | None, float, float]) -> pd.DataFrame:
    """A task a row: lane, started, finished; NaN where it never did. A lane's thread is its own."""
    lanes = [lane for lane, _, _ in rows]
    frame = {
        "task": pd.array(range(len(rows)), dtype="int64"),
        "worker": pd.array(lanes, dtype="Int64"),
        "pid": pd.array(lanes, dtype="Int64"),
        "tid": pd.array(lanes, dtype="Int64"),
        "started_s": np.array([started for _, started, _ in rows], dtype=float),
        "finished_s": np.array([finished for _, _, finished in rows], dtype=float),
    }
    return pd.DataFrame(frame)


def workers_of(*rows: tuple[int, float, float, float]) -> pd.DataFrame:
    """A worker a row: lane, requested, booted, ended."""
    lanes = [row[0] for row in rows]
    frame = {
        "worker": pd.array(lanes, dtype="int64"),
        "pid": pd.array(lanes, dtype="Int64"),
        "tid": pd.array(lanes, dtype="Int64"),
        "requested_s": np.array([row[1] for row in rows], dtype=float),
        "booted_s": np.array([row[2] for row in rows], dtype=float),
        "ended_s": np.array([row[3] for row in rows], dtype=float),
    }
    return pd.DataFrame(frame)


def told(intervals: pd.DataFrame, lane: int) -> list[tuple[str, float, float]]:
    mine = intervals[intervals["worker"] == lane]
    return list(zip(mine["kind"], mine["start_s"], mine["end_s"], strict=True))


# Two workers, four tasks, makespan 10: lane 0 works 1-4 and 5-9, lane 1 works 2-6 and 6-8.
TASKS = tasks_of((0, 1, 4), (1, 2, 6), (0, 5, 9), (1, 6, 8))
WORKERS = workers_of((0, 0, 1, 11), (1, 0.5, 2, 10.5))


def test_speedup_is_the_sequential_makespan_over_the_makespan() -> None:
    assert metrics.speedup(2.0, 6.0) == 3.0
    assert math.isnan(metrics.speedup(2.0, NAN))
    assert math.isnan(metrics.speedup(0.0, 6.0))
    assert math.isnan(metrics.speedup(NAN, 6.0))


def test_efficiency_is_speedup_over_workers() -> None:
    assert metrics.efficiency(3.0, 4) == 0.75
    assert math.isnan(metrics.efficiency(NAN, 4))


def test_load_balance_is_mean_over_max_of_the_lanes() -> None:
    assert metrics.load_balance(np.array([4.0, 4.0])) == 1.0
    assert metrics.load_balance(np.array([2.0, 4.0])) == 0.75
    assert metrics.load_balance(np.array([4.0, 0.0, 0.0, 0.0])) == 0.25


@pytest.mark.parametrize("useful", [[], [0.0], [0.0, 0.0]])
def test_load_balance_is_undefined_where_nothing_was_useful(useful: list[float]) -> None:
    assert math.isnan(metrics.load_balance(np.array(useful)))


def test_communication_efficiency_is_the_busiest_lane_over_the_makespan() -> None:
    assert metrics.communication_efficiency(np.array([2.0, 4.0]), 5.0) == 0.8
    assert metrics.communication_efficiency(np.array([0.0]), 5.0) == 0.0
    assert math.isnan(metrics.communication_efficiency(np.array([2.0]), 0.0))


def test_computation_scaling_is_below_one_where_tasks_got_slower() -> None:
    assert metrics.computation_scaling(8.0, 6.0) == 0.75
    assert metrics.computation_scaling(6.0, 6.0) == 1.0
    assert math.isnan(metrics.computation_scaling(0.0, 6.0))
    assert math.isnan(metrics.computation_scaling(8.0, NAN))


def test_karp_and_flatt_find_the_serial_share_that_amdahl_put_in() -> None:
    serial, workers = 0.2, 4
    amdahl = 1 / (serial + (1 - serial) / workers)
    assert math.isclose(metrics.serial_fraction(amdahl, workers), serial)
    assert metrics.serial_fraction(2.0, 2) == 0.0
    assert metrics.serial_fraction(1.0, 2) == 1.0


@pytest.mark.parametrize(("speedup", "workers"), [(1.0, 1), (0.9, 1), (NAN, 4), (0.0, 4)])
def test_karp_flatt_is_undefined_for_one_worker_and_without_a_speedup(
    speedup: float, workers: int
) -> None:
    assert math.isnan(metrics.serial_fraction(speedup, workers))


@given(st.floats(0.01, 100), st.integers(2, 64))
def test_karp_flatt_turns_back_into_the_speedup(speedup: float, workers: int) -> None:
    serial = metrics.serial_fraction(speedup, workers)
    assert math.isclose(1 / (serial + (1 - serial) / workers), speedup, rel_tol=1e-6)


def test_the_account_of_a_small_run_is_the_one_drawn_on_paper() -> None:
    intervals = metrics.account(TASKS, WORKERS, lanes=2, makespan=10)
    # The last task starts at 6: idle before is a gap, after it a tail.
    assert told(intervals, 0) == [
        ("startup", 0, 1), ("task", 1, 4), ("gap", 4, 5), ("task", 5, 9), ("tail", 9, 10),
        ("end", 10, 11),
    ]  # fmt: skip
    assert told(intervals, 1) == [
        ("startup", 0, 2), ("task", 2, 6), ("task", 6, 8), ("tail", 8, 10), ("end", 10, 10.5),
    ]  # fmt: skip
    assert list(intervals.columns) == [column.name for column in schema.INTERVALS]
    assert [str(dtype) for dtype in intervals.dtypes] == [c.dtype for c in schema.INTERVALS]
    assert metrics.seconds_by_kind(intervals) == {
        "startup": 3, "task": 13, "gap": 1, "tail": 3, "end": 1.5,
    }  # fmt: skip
    assert list(metrics.useful_by_lane(intervals, 2)) == [7, 6]


def test_an_interval_of_a_task_names_the_task() -> None:
    intervals = metrics.account(TASKS, WORKERS, lanes=2, makespan=10)
    mine = intervals[intervals["kind"] == "task"].sort_values("task")
    assert list(mine["task"]) == [0, 1, 2, 3]
    assert list(mine["start_s"]) == [1, 2, 5, 6]
    assert intervals.loc[intervals["kind"] != "task", "task"].isna().all()


def test_a_lane_in_which_nothing_ran_is_idle_until_the_last_task_begins() -> None:
    intervals = metrics.account(TASKS, WORKERS, lanes=3, makespan=10)
    assert told(intervals, 2) == [("gap", 0, 6), ("tail", 6, 10)]


def test_while_a_task_was_never_started_idle_time_is_a_gap_to_the_end() -> None:
    tasks = tasks_of((0, 1, 4), (None, NAN, NAN))
    intervals = metrics.account(tasks, workers_of((0, 0, 1, NAN)), lanes=1, makespan=10)
    assert told(intervals, 0) == [("startup", 0, 1), ("task", 1, 4), ("gap", 4, 10)]


def test_a_task_that_never_ended_lasts_until_its_worker_did() -> None:
    tasks = tasks_of((0, 1, NAN), (1, 1, NAN))
    workers = workers_of((0, 0, 1, 5), (1, 0, 1, NAN))
    intervals = metrics.account(tasks, workers, lanes=2, makespan=10)
    assert told(intervals, 0) == [("startup", 0, 1), ("task", 1, 5), ("tail", 5, 10)]
    assert told(intervals, 1) == [("startup", 0, 1), ("task", 1, 10)]


def test_a_worker_that_never_booted_was_starting_all_the_time() -> None:
    intervals = metrics.account(tasks_of(), workers_of((0, 0, NAN, NAN)), lanes=1, makespan=10)
    assert told(intervals, 0) == [("startup", 0, 10)]


def test_what_took_over_a_lane_starts_when_it_was_asked_for() -> None:
    tasks = tasks_of((0, 1, 3), (0, 6, 8))
    workers = workers_of((0, 0, 1, 3), (0, 5, 6, 8))
    intervals = metrics.account(tasks, workers, lanes=1, makespan=8)
    assert told(intervals, 0) == [
        ("startup", 0, 1), ("task", 1, 3), ("gap", 3, 5), ("startup", 5, 6), ("task", 6, 8),
    ]  # fmt: skip


def test_tasks_that_overlap_in_a_lane_are_not_counted_twice() -> None:
    tasks = tasks_of((0, 1, 5), (0, 3, 8))
    intervals = metrics.account(tasks, workers_of((0, 0, 1, NAN)), lanes=1, makespan=8)
    assert told(intervals, 0) == [("startup", 0, 1), ("task", 1, 5), ("task", 5, 8)]


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_run_in_which_nothing_happened_is_accounted_for_all_the_same(lanes: int) -> None:
    intervals = metrics.account(tasks_of(), workers_of(), lanes=lanes, makespan=2)
    assert metrics.seconds_by_kind(intervals)["gap"] == 2 * lanes
    assert list(metrics.useful_by_lane(intervals, lanes)) == [0] * lanes


def test_a_run_of_no_length_has_no_seconds() -> None:
    intervals = metrics.account(tasks_of(), workers_of(), lanes=2, makespan=0)
    assert set(metrics.seconds_by_kind(intervals).values()) == {0.0}


moments = st.floats(-1, 15, allow_nan=False)
maybe = moments | st.just(NAN)


@st.composite
def runs(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, int, float]:
    """Frames as wild as a broken run can leave them, and wilder."""
    lanes = draw(st.integers(1, 4))
    lane = st.integers(0, lanes - 1)
    tasks = []
    for worker, started, length in draw(
        st.lists(st.tuples(lane, maybe, st.floats(0, 5) | st.just(NAN)), max_size=12)
    ):
        tasks.append((None if math.isnan(started) else worker, started, started + length))
    workers = []
    for worker, requested, to_boot, to_end in draw(
        st.lists(
            st.tuples(
                lane, moments, st.floats(0, 3) | st.just(NAN), st.floats(0, 12) | st.just(NAN)
            ),
            max_size=6,
        )
    ):
        workers.append((worker, requested, requested + to_boot, requested + to_end))
    workers.sort(key=lambda row: row[1])
    makespan = draw(st.floats(0.001, 12))
    return tasks_of(*tasks), workers_of(*workers), lanes, makespan


@given(runs())
def test_the_account_tiles_lanes_times_makespan(
    run: tuple[pd.DataFrame, pd.DataFrame, int, float],
) -> None:
    tasks, workers, lanes, makespan = run
    intervals = metrics.account(tasks, workers, lanes=lanes, makespan=makespan)
    seconds = metrics.seconds_by_kind(intervals)
    inside = seconds["startup"] + seconds["task"] + seconds["gap"] + seconds["tail"]
    assert math.isclose(inside, lanes * makespan, rel_tol=1e-9)
    assert set(intervals["kind"]) <= set(metrics.KINDS)


@given(runs())
def test_the_intervals_of_a_lane_follow_each_other_and_never_overlap(
    run: tuple[pd.DataFrame, pd.DataFrame, int, float],
) -> None:
    tasks, workers, lanes, makespan = run
    intervals = metrics.account(tasks, workers, lanes=lanes, makespan=makespan)
    assert (intervals["end_s"] >= intervals["start_s"]).all()
    for lane in range(lanes):
        rows = told(intervals, lane)
        inside = [row for row in rows if row[0] != "end" and row[2] > row[1]]
        assert inside[0][1] == 0
        assert inside[-1][2] == makespan
        for (_, _, ended), (_, began, _) in itertools.pairwise(inside):
            assert ended == began
        after = [row for row in rows if row[0] == "end"]
        assert len(after) <= 1
        assert all(start == makespan for _, start, _ in after)


@given(runs())
def test_every_started_task_has_one_interval_in_its_lane(
    run: tuple[pd.DataFrame, pd.DataFrame, int, float],
) -> None:
    tasks, workers, lanes, makespan = run
    intervals = metrics.account(tasks, workers, lanes=lanes, makespan=makespan)
    drawn = intervals[intervals["kind"] == "task"]
    started = tasks[tasks["started_s"].notna()]
    assert sorted(drawn["task"]) == list(started["task"])
    lane_of = dict(zip(started["task"], started["worker"], strict=True))
    assert [lane_of[task] for task in drawn["task"]] == list(drawn["worker"])


@given(runs(), st.floats(0.001, 100))
def test_the_efficiencies_multiply_as_defined(
    run: tuple[pd.DataFrame, pd.DataFrame, int, float], sequential: float
) -> None:
    tasks, workers, lanes, makespan = run
    intervals = metrics.account(tasks, workers, lanes=lanes, makespan=makespan)
    useful = metrics.useful_by_lane(intervals, lanes)
    if useful.sum() < 1e-3:
        return
    parallel = metrics.load_balance(useful) * metrics.communication_efficiency(useful, makespan)
    assert math.isclose(parallel, useful.sum() / (lanes * makespan), rel_tol=1e-9)
    everything = parallel * metrics.computation_scaling(float(useful.sum()), sequential)
    assert math.isclose(everything, sequential / (lanes * makespan), rel_tol=1e-9)
    assert 0 <= parallel <= 1 + 1e-9


@pytest.mark.parametrize(
    ("workers", "cpus", "computing", "possible"),
    [
        (2, 2.0, 1.0, 2.0),
        (16, 2.0, 1.0, 2.0),  # more workers than CPUs
        (16, 2.0, 0.97, 2.0),  # noise
        (16, 2.0, 0.5, 4.0),  # a CPU serves two tasks that wait half of their time
        (8, 2.0, 0.001, 8.0),  # tasks that sleep need no CPU
        (8, 2.0, 0.0, 8.0),
        (2, 0.5, 1.0, 1.0),  # half a CPU was all that the sequential run had, too
        (4, math.nan, 1.0, 4.0),
        (4, 2.0, math.nan, 2.0),
        (1, 8.0, 1.0, 1.0),
    ],
)
def test_a_speedup_is_bounded_by_workers_and_by_cpus_for_tasks_that_compute(
    workers: int, cpus: float, computing: float, possible: float
) -> None:
    assert metrics.possible_speedup(workers, cpus, computing) == possible


def test_more_than_is_possible_by_more_than_noise_is_suspect() -> None:
    assert metrics.suspect(2.78, 2.0)
    assert not metrics.suspect(2.09, 2.0)
    assert not metrics.suspect(math.nan, 2.0)
    assert not metrics.suspect(2.0, math.nan)
