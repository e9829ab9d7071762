from __future__ import annotations

import time

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource

from mpviz.charts import timeline, timeline_columns, timeline_height
from mpviz.charts.canvas import Columns
from mpviz.charts.palette import FAILED
from tests.charts import toys

NAN = float("nan")
BARS = ("quiet", "tasks", "failed")


def number(columns: Columns, *names: str) -> int:
    return sum(len(columns[name]["y"]) for name in names)


def told(columns: Columns, name: str, label: str) -> int:
    """How many tasks the tips of one outcome speak of."""
    tips = (
        t for t, k in zip(columns[name]["text"], columns[name]["kind"], strict=True) if k == label
    )
    heads = (str(tip).split(" ", 2) for tip in tips)
    return sum(int(first) if second.startswith("tasks") else 1 for first, second, _ in heads)


def test_a_task_becomes_a_bar_in_its_workers_lane() -> None:
    tasks = toys.tasks([(0, 0.1, 0.4, "ok"), (1, 0.2, 0.3, "ok"), (0, 0.4, 0.5, "error")])
    columns = timeline_columns(tasks, toys.account(tasks, 2, 0.6, startup=0.1), lanes=2)
    assert columns["tasks"]["y"].tolist() == [0, 1]
    assert columns["tasks"]["left"].tolist() == [0.1, 0.2]
    assert columns["tasks"]["right"].tolist() == [0.4, 0.3]
    assert columns["failed"]["y"].tolist() == [0]
    assert columns["failed"]["kind"] == [FAILED["error"].label]
    assert columns["makespan"]["x"].tolist() == [0.6]


def test_a_tip_tells_task_input_result_duration_and_cpu_time() -> None:
    columns = timeline_columns(*toys.primes(), lanes=2)
    assert columns["tasks"]["text"][0] == (
        "task 0 · task · worker 0\ninput 15492781\nresult true\n"
        "took 260 ms, CPU time 255 ms\nfrom 12.0 ms to 272 ms"
    )


def test_quiet_bars_are_the_account_of_time_without_its_tasks() -> None:
    tasks, intervals = toys.primes()
    columns = timeline_columns(tasks, intervals, lanes=2)
    idle = intervals[intervals["kind"] != "task"]
    drawn = columns["quiet"]["right"] - columns["quiet"]["left"]
    assert drawn.sum() == pytest.approx((idle["end_s"] - idle["start_s"]).sum())


def test_the_makespan_is_marked_before_the_closing_down() -> None:
    tasks, intervals = toys.primes()
    columns = timeline_columns(tasks, intervals, lanes=2)
    assert columns["makespan"]["x"][0] == pytest.approx(tasks["finished_s"].max())
    assert columns["extent"]["x"][1] > intervals["end_s"].max()


def test_every_failure_is_shown_with_a_marker_of_its_own() -> None:
    tasks, intervals = toys.failures()
    columns = timeline_columns(tasks, intervals, lanes=3)
    shown = [*columns["failed"]["kind"], *columns["never"]["kind"]]
    for name, look in FAILED.items():
        assert shown.count(look.label) == (tasks["outcome"] == name).sum()
    assert sorted(columns["marks"]["kind"]) == sorted(columns["failed"]["kind"])


def test_a_task_cut_short_ends_where_its_interval_does() -> None:
    columns = timeline_columns(*toys.failures(), lanes=3)
    died = list(columns["failed"]["kind"]).index(FAILED["died"].label)
    assert columns["failed"]["right"][died] == 1.0


def test_tasks_that_never_started_stand_below_the_lanes() -> None:
    columns = timeline_columns(*toys.failures(), lanes=3)
    assert len(columns["never"]["x"]) == 3
    assert (np.asarray(columns["never"]["y"]) > 2.5).all()
    assert "3 never started " in columns["notes"]["text"]


def test_many_that_never_started_are_a_few_markers_that_count_them() -> None:
    tasks = toys.tasks([(None, NAN, NAN, "timeout")] * 100)
    columns = timeline_columns(tasks, toys.intervals([]), lanes=2)
    assert len(columns["never"]["x"]) <= 12
    assert told(columns, "never", FAILED["timeout"].label) == 100
    assert columns["notes"]["text"] == ["100 never started: out of time "]


@pytest.mark.parametrize(("n", "lanes"), [(100_000, 2), (20_000, 64), (50_000, 500)])
def test_there_are_never_more_bars_than_asked_for(n: int, lanes: int) -> None:
    columns = timeline_columns(*toys.many(n, lanes, failing=0.1), lanes=lanes, most=3000)
    assert number(columns, *BARS) <= 3000
    assert number(columns, "tasks", "failed") >= 2 * lanes


def test_no_failure_is_merged_away() -> None:
    tasks, intervals = toys.many(20_000, 4, failing=0.001)
    columns = timeline_columns(tasks, intervals, lanes=4, most=500)
    failed = int((tasks["outcome"] == "error").sum())
    assert failed > 5
    assert told(columns, "failed", FAILED["error"].label) == failed
    assert told(columns, "marks", FAILED["error"].label) == failed


def test_a_merged_bar_is_as_high_as_it_was_busy() -> None:
    tasks, intervals = toys.many(100_000, 2)
    drawn = timeline_columns(tasks, intervals, lanes=2)["tasks"]
    area = (drawn["height"] / 0.8 * (drawn["right"] - drawn["left"])).sum()
    assert area == pytest.approx((tasks["finished_s"] - tasks["started_s"]).sum())


def test_markers_in_one_place_do_not_hide_each_other() -> None:
    tasks = toys.tasks([(0, 0.5, 0.5001, "error"), (0, 0.5001, 0.5002, "missing"), (0, 1, 2, "ok")])
    marks = timeline_columns(tasks, toys.intervals([]), lanes=1)["marks"]
    assert len(set(marks["y"])) == 2


def test_a_running_task_reaches_to_now_and_waiting_ones_are_not_called_lost() -> None:
    tasks = toys.tasks(
        [(0, 0.1, 0.3, "missing"), (0, 0.3, NAN, "missing"), (None, NAN, NAN, "missing")]
    )
    columns = timeline_columns(tasks, toys.intervals([]), lanes=1, now=0.5)
    assert columns["tasks"]["kind"] == ["task", "running"]
    assert columns["tasks"]["right"].tolist() == [0.3, 0.5]
    assert number(columns, "failed", "never") == 0
    assert len(columns["makespan"]["x"]) == 0


def test_an_error_is_shown_while_the_run_goes_on() -> None:
    tasks = toys.tasks([(0, 0.1, 0.3, "error")])
    columns = timeline_columns(tasks, toys.intervals([]), lanes=1, now=0.5)
    assert columns["failed"]["kind"] == [FAILED["error"].label]


def test_an_empty_timeline_shows_its_lanes_and_says_what_will_appear() -> None:
    columns = timeline_columns(toys.tasks([]), toys.intervals([]), lanes=4)
    assert columns["lanes"]["y"].tolist() == [0, 1, 2, 3]
    assert number(columns, *BARS, "marks", "never") == 0
    assert "Press Run" in str(columns["notes"]["text"][0])


def test_every_run_gives_the_same_sources_and_columns() -> None:
    """So that a redraw replaces columns and nothing else."""
    empty = timeline_columns(toys.tasks([]), toys.intervals([]), lanes=3)
    full = timeline_columns(*toys.failures(), lanes=3)
    assert {n: list(c) for n, c in empty.items()} == {n: list(c) for n, c in full.items()}
    for columns in (empty, full):
        assert all(len({len(v) for v in c.values()}) == 1 for c in columns.values())


def test_each_source_is_found_in_the_figure_by_its_name() -> None:
    columns = timeline_columns(*toys.failures(), lanes=3)
    figure = timeline(columns, lanes=3, deadline=2.0)
    for name in columns:
        assert isinstance(figure.select_one({"name": name}), ColumnDataSource)
    document = Document()
    document.add_root(figure)
    document.validate()


def test_the_height_has_a_ceiling() -> None:
    assert timeline_height(2) < timeline_height(8) < timeline_height(500) < 700


@pytest.mark.timed
def test_a_hundred_thousand_tasks_take_well_under_a_fifth_of_a_second() -> None:
    tasks, intervals = toys.many(100_000, 2, failing=0.001)
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        timeline_columns(tasks, intervals, lanes=2)
        took.append(time.perf_counter() - begun)
    assert min(took) < 0.2
