"""How many CPUs compute."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mpviz.experiments.finding import Finding
from mpviz.experiments.gil.find import cpu_use

Find = Callable[[str], Finding]


def test_cpu_use_adds_up_to_the_tasks_own_times() -> None:
    tasks = pd.DataFrame(
        {"started_s": [0.0, 1.0], "finished_s": [2.0, 2.5], "cpu_s": [1.0, 1.5]}, dtype=float
    )
    use = cpu_use(tasks, np.array([0.0, 0.5, 1.0, 2.0, 3.0]))
    assert use["computing"].tolist() == pytest.approx([0.5, 0.5, 1.5, 0.5])
    assert use["not_computing"].tolist() == pytest.approx([0.5, 0.5, 0.5, 0.0])


def test_no_more_workers_are_in_a_task_than_there_are(finding: Find) -> None:
    frame = finding("gil").frame
    inside = frame["computing"] + frame["not_computing"]
    assert (inside[frame["mechanism"] == "sequential"] <= 1.001).all()
    assert (frame["computing"] >= 0).all()
