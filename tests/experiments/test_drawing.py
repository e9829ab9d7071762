"""What the charts of the experiments share, on a paper example."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mpviz.charts.palette import Look
from mpviz.experiments.drawing import points_columns


def test_each_measurement_is_a_point_and_each_row_has_its_median() -> None:
    rows, times = pd.Series(["a", "a", "a", "b"]), pd.Series([0.001, 0.01, 1.0, 10.0])
    columns = points_columns(rows, times, [Look("x", "#000000")] * 4, list("wxyz"))
    assert columns["points"]["x"].tolist() == pytest.approx([-3.0, -2.0, 0.0, 1.0])
    assert columns["medians"]["x"].tolist() == pytest.approx([-2.0, 1.0])
    assert np.floor(columns["points"]["y"]).tolist() == [0, 0, 0, 1]
    assert columns["medians"]["text"] == ["median\n10.0 ms", "median\n10.0 s"]
