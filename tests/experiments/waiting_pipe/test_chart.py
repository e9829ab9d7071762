"""What the chart draws, on a paper example."""

from __future__ import annotations

import pandas as pd

from mpviz.experiments.waiting_pipe.chart import waiting_pipe_columns


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
