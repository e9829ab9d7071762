"""What the chart draws, on a paper example."""

from __future__ import annotations

import pandas as pd
import pytest

from mpviz.experiments.gil.chart import gil_columns


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
    assert heights.tolist() == pytest.approx([0.37, 0.74, 0.37, 0.0])
