"""What a worker costs, on any machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from mpviz.experiments.finding import Finding
from mpviz.experiments.worker_cost.find import memory_sentence, memory_title

Find = Callable[[str], Finding]


def test_a_process_costs_more_than_a_thread(finding: Find) -> None:
    frame = finding("worker_cost").frame
    # The fastest of each: on a busy machine a thread may have to wait longer than a fork takes.
    kinds = frame.groupby("kind").agg({"first_instruction_s": "min", "own_bytes": "median"})
    assert set(kinds.index) == {"thread", "fork", "spawn", "forkserver"}
    others = kinds.drop(index="thread")
    assert (others["first_instruction_s"] > kinds["first_instruction_s"]["thread"]).all()
    assert (frame["first_instruction_s"] > 0).all()
    if frame["own_bytes"].notna().all():
        assert (others["own_bytes"] > kinds["own_bytes"]["thread"]).all()


def test_where_the_system_does_not_tell_the_memory_nothing_is_said_of_it() -> None:
    silent = pd.Series({"thread": np.nan, "fork": np.nan})
    assert memory_title(silent["fork"]) == ""
    assert memory_sentence(silent) == ""
