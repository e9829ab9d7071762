"""The recording context: lanes, exit codes, and what a worker loads."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from time import perf_counter_ns

import pytest

import mpviz
from mpviz.engine.recording.context import Lanes, Worker
from mpviz.engine.recording.table import REQUESTED, TraceTable
from mpviz.engine.recording.task import Setup

pytestmark = pytest.mark.process

SLEEP = mpviz.WORKLOADS["sleep"].function
LISTING = """
import json, pathlib, sys

def write(path):
    pathlib.Path(path).write_text(json.dumps(sorted(sys.modules)))
"""
# The floors that a measured process may load from.
# What a worker loads of mpviz: a folder's name stands for all in it.
LOADED = re.compile(
    r"core(\.text|\.outcome)?|engine(\.host|\.recording|\.carrying)?|engine\.recording\..+"
    r"|engine\.carrying\.(unpack|state)|mechanisms(\..+)?|workloads"
)


@pytest.mark.parametrize("mechanism", ["process", "threads", "pool.map"])
def test_lanes_stay_within_workers_and_no_two_share_one_at_a_time(mechanism: str) -> None:
    trace = mpviz.run(SLEEP, [20] * 7, mechanism=mechanism, workers=2, timeout=20)
    workers = trace.workers
    assert set(workers["worker"]) == {0, 1}
    for lane in (0, 1):
        mine = workers[workers["worker"] == lane].sort_values("requested_s")
        ended = list(mine["ended_s"])[:-1]
        assert all(end <= next_ for end, next_ in zip(ended, mine["requested_s"][1:], strict=True))
    assert len(workers) == (7 if mechanism == "process" else 2)


def test_a_worker_is_requested_after_the_one_before_it_in_its_lane_was_over(tmp_path: Path) -> None:
    # On a busy machine that one may end while its lane is looked at.
    class EndsWhenLookedAt(Worker):
        name, over_ns = "worker", 0

        def is_over(self) -> bool:
            self.over_ns = perf_counter_ns()
            return True

    TraceTable.create(tmp_path / "table", tasks=1, workers=2)
    table = TraceTable(tmp_path / "table")
    lanes, first = Lanes(Setup(tmp_path, b""), table), EndsWhenLookedAt()
    lanes.enter(first)
    row = lanes.enter(EndsWhenLookedAt())
    assert table.words[table.worker(row) + REQUESTED] >= first.over_ns > 0


def test_every_worker_says_its_exit_code_and_its_moments_in_order() -> None:
    workers = mpviz.run(SLEEP, [20] * 3, mechanism="process", workers=2, timeout=20).workers
    assert list(workers["exitcode"]) == [0, 0, 0]
    moments = workers[["requested_s", "booted_s", "first_task_s", "last_task_s", "ended_s"]]
    assert moments.notna().all(axis=None)
    assert (moments.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)


def test_a_pool_s_killed_worker_is_followed_by_another_in_its_lane() -> None:
    def die(x: int) -> int:
        if x == 1:
            os.kill(os.getpid(), 9)
        return x

    trace = mpviz.run(die, range(3), mechanism="pool.map", workers=2, timeout=1)
    lane = trace.tasks["worker"][1]
    mine = trace.workers[trace.workers["worker"] == lane]
    assert len(mine) == 2
    assert mine["pid"].nunique() == 2
    assert mine["exitcode"].iloc[0] == -9
    assert trace.summary["died"] == 1


def test_a_process_that_a_task_starts_by_itself_is_no_worker() -> None:
    def start_one(x: int) -> int:
        import subprocess

        subprocess.run(["true"], check=True)
        return x

    trace = mpviz.run(start_one, range(2), mechanism="process", workers=1, timeout=20)
    assert len(trace.workers) == 2


def test_more_workers_than_rows_are_counted_and_nothing_fails() -> None:
    # A pool that replaces workers which die at once would need rows without end.
    def die(x: int) -> int:
        os._exit(1)

    trace = mpviz.run(die, range(300), mechanism="pool.map", workers=8, chunk_size=1, timeout=2)
    assert trace.record.lost_workers == 0 or len(trace.workers) == 300 + 16 + 64
    assert trace.summary["died"] >= 1
    assert trace.summary["ok"] == 0


def loaded_at_start() -> set[str]:
    """What the interpreter loads without being asked: site and its .pth files."""
    code = "import sys, json; print(json.dumps(sorted(sys.modules)))"
    run = [sys.executable, "-c", code]
    return set(json.loads(subprocess.run(run, check=True, capture_output=True).stdout))


@pytest.mark.parametrize("mechanism", ["process", "pool.map", "executor.map", "pipe"])
def test_a_spawned_worker_loads_the_standard_library_and_the_lowest_floors_only(
    mechanism: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "listing_for_a_test.py").write_text(LISTING)
    monkeypatch.syspath_prepend(tmp_path)
    write = importlib.import_module("listing_for_a_test").write
    answer = tmp_path / "modules.json"
    trace = mpviz.run(
        write, [str(answer)], mechanism=mechanism, start_method="spawn", workers=1, timeout=30
    )
    assert list(trace.tasks["outcome"]) == ["ok"]
    modules = set(json.loads(answer.read_text())) - loaded_at_start()
    tops = {name.partition(".")[0] for name in modules}
    assert tops - sys.stdlib_module_names <= {"mpviz", "listing_for_a_test", "__mp_main__"}
    ours = {name.removeprefix("mpviz.") for name in modules if name.startswith("mpviz.")}
    assert {name for name in ours if not LOADED.fullmatch(name)} == set()
