"""What the chart draws, on a paper example."""

from __future__ import annotations

import pandas as pd
import pytest

from mpviz.experiments.losing_queue.chart import losing_queue_columns


def test_what_came_back_and_what_was_lost_fill_the_bar() -> None:
    frame = pd.DataFrame(
        {"mechanism": "queue.lesson", "repetition": [1, 2], "items": 4, "came": [4, 1]}
    ).assign(lost=[0, 3])
    bars = losing_queue_columns(frame)["bars"]
    assert (bars["bottom"] - bars["top"]).tolist() == pytest.approx([0.74, 0.185, 0.0, 0.555])
