"""Records made by hand, ready to read."""

from pathlib import Path

import pytest

from mpviz.core.record import Record
from tests.analysis.stage import Stage, plan_of


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "table", plan_of(10, 20, 30, chunk_size=2, input_set="three"))


@pytest.fixture
def finished(stage: Stage) -> Record:
    """Three tasks on two workers, all well."""
    first = stage.worker(lane=0, pid=100, stopped=4.1, exited=4.2, exitcode=0)
    second = stage.worker(lane=1, pid=101, booted=0.5, exited=4.3, exitcode=0)
    stage.task(0, first, 1, 2, received=4, cpu=0.75)
    stage.task(1, second, 1.5, 3.5, received=4, cpu=2.5)
    stage.task(2, first, 2, 3, received=4, cpu=1)
    return stage.record(results={0: "1", 1: "2", 2: "3"})
