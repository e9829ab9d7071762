"""What the chart draws, on a paper example."""

from __future__ import annotations

import pandas as pd

from mpviz.experiments.arrival_order.chart import AT_ONCE, WAITED, arrival_order_columns


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
