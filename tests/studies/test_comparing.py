"""Two kept runs or studies beside each other: how they differ, and what speaks against it."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.studies.comparing import compared
from mpviz.studies.history import KeptRun, read
from mpviz.studies.rounds import Rounds
from mpviz.studies.study import Study
from mpviz.studies.sweep import Sweep
from tests.studies.made import drive, plan_of, trace_of


def kept(folder: Path, makespan: float, environment: Any = (), **options: Any) -> KeptRun:
    record = trace_of(plan_of(**options), makespan).record
    record = replace(record, environment=dict(record.environment) | dict(environment))
    Trace(record).to_csv(folder)
    found = read(folder)
    assert isinstance(found, KeptRun)
    return found


def study(seconds: float, seed: int, *counts: int) -> Study:
    noise = Random(seed)
    rounds = Rounds(Sweep(tuple(plan_of(workers=n) for n in counts), rounds=6))
    drive(rounds, lambda _step: seconds * noise.lognormvariate(0, 0.01))
    return rounds.study


def test_two_runs_are_one_look(tmp_path: Path) -> None:
    one, other = kept(tmp_path / "a", 2.0), kept(tmp_path / "b", 1.0, mechanism="queue")
    sentences, warnings = compared(one, other, "A", "B")
    assert sentences[0].startswith("A: pool.map, 2 workers, 2")
    assert sentences[-1] == "One look, no verdict: B took 0.500 × the time of A."
    assert warnings == []


def test_other_environments_and_other_work_are_named(tmp_path: Path) -> None:
    one = kept(tmp_path / "a", 1.0, {"versions": '{"numpy": "1", "x": "1"}'})
    changed = {"python": "PyPy 3", "versions": '{"numpy": "2", "x": "1"}', "workload_hash": "1"}
    other = kept(tmp_path / "b", 1.0, changed, workload="other")
    _, warnings = compared(one, other, "A", "B")
    assert "they did different work: toy" in warnings[0]
    for part in ("Python: CPython and PyPy 3", "numpy: 1 and 2", "code of the workload"):
        assert part in warnings[1]
    assert "x:" not in warnings[1]


def test_two_studies_are_compared_where_they_share_a_configuration() -> None:
    sentences, _ = compared(study(1.0, 1, 1, 2), study(2.0, 2, 2, 3), "A", "B")
    assert len(sentences) == 3
    assert "slower" in sentences[1]
    assert "2 workers" in sentences[1]
    assert "not measured in turns" in sentences[2]
    sentences, _ = compared(study(1.0, 1, 2), study(1.0, 2, 2), "A", "B")
    assert "no difference shown" in sentences[1]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    run = kept(tmp_path / "a", 1.0)
    with pytest.raises(Refused, match="A run and a study can't be compared"):
        compared(run, study(1.0, 1, 2), "A", "B")
    with pytest.raises(Refused, match="share no configuration"):
        compared(study(1.0, 1, 1), study(1.0, 1, 2), "A", "B")
    empty = Rounds(Sweep((plan_of(),), rounds=1)).study
    with pytest.raises(Refused, match="without a run"):
        compared(empty, empty, "A", "B")
