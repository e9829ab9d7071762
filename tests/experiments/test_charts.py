"""What the charts of the experiments draw, on paper examples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mpviz.charts.experiments_costs import points_columns
from mpviz.charts.experiments_faults import losing_queue_columns, waiting_pipe_columns
from mpviz.charts.experiments_order import AT_ONCE, WAITED, arrival_order_columns
from mpviz.charts.experiments_use import gil_columns
from mpviz.charts.palette import Look


def test_each_measurement_is_a_point_and_each_row_has_its_median() -> None:
    rows, times = pd.Series(["a", "a", "a", "b"]), pd.Series([0.001, 0.01, 1.0, 10.0])
    columns = points_columns(rows, times, [Look("x", "#000000")] * 4, list("wxyz"))
    assert columns["points"]["x"].tolist() == pytest.approx([-3.0, -2.0, 0.0, 1.0])
    assert columns["medians"]["x"].tolist() == pytest.approx([-2.0, 1.0])
    assert np.floor(columns["points"]["y"]).tolist() == [0, 0, 0, 1]
    assert columns["medians"]["text"] == ["median\n10.0 ms", "median\n10.0 s"]


def test_a_result_that_came_later_than_computed_is_shown_as_one_that_waited() -> None:
    frame = pd.DataFrame(
        {
            "mechanism": "pool.imap",
            "task": [0, 1],
            "computed_s": [0.3, 0.1],
            "received_s": [0.301, 0.302],
            "computed_place": [2, 1],
            "arrival_place": [1, 2],
        }
    )
    ends = arrival_order_columns(frame)["ends"]
    assert ends["kind"] == [AT_ONCE.label, WAITED.label] * 2
    assert ends["x"].tolist() == [0.3, 0.1, 0.301, 0.302]


def test_the_bars_of_cpu_use_stand_on_each_other() -> None:
    frame = pd.DataFrame(
        {
            "mechanism": ["threads", "queue"],
            "start_s": 0.0,
            "end_s": 1.0,
            "computing": [1.0, 2.0],
            "not_computing": [1.0, 0.0],
        }
    )
    bars = gil_columns(frame, workers=2)["bars"]
    assert bars["top"][:2].tolist() == bars["bottom"][2:].tolist()
    heights = bars["bottom"] - bars["top"]
    assert heights.tolist() == pytest.approx([0.36, 0.72, 0.36, 0.0])


def test_a_worker_that_died_has_a_mark_and_a_task_never_started_no_bar() -> None:
    nan = float("nan")
    frame = pd.DataFrame(
        {
            "mechanism": "pipe.lesson",
            "task": [0, 1, 2],
            "started_s": [0.0, 0.1, nan],
            "ended_s": [1.0, 0.2, nan],
            "received_s": [1.1, nan, nan],
            "outcome": ["ok", "died", "timeout"],
            "over_s": 2.0,
            "ending": "deadline",
        }
    )
    columns = waiting_pipe_columns(frame)
    assert columns["bars"]["right"].tolist() == [1.0, 0.2, 2.0]
    assert columns["hands"]["x"].tolist() == [1.1]
    assert columns["deaths"]["x"].tolist() == [0.2]


def test_what_came_back_and_what_was_lost_fill_the_bar() -> None:
    frame = pd.DataFrame(
        {"mechanism": "queue.lesson", "repetition": [1, 2], "items": 4, "came": [4, 1]}
    ).assign(lost=[0, 3])
    bars = losing_queue_columns(frame)["bars"]
    assert (bars["bottom"] - bars["top"]).tolist() == pytest.approx([0.74, 0.185, 0.0, 0.555])
