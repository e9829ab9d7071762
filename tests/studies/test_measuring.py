"""`mpviz.sweep` for real: fresh hosts, kept runs, and `kill -9` at any moment."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mpviz
from mpviz.workloads import is_prime
from tests.sampling import sampled

MOMENTS = sampled(6, 20)
SCRIPT = """
import sys
import mpviz

def work(n):
    return sum(range(20_000 * n))

study = mpviz.sweep(work, [1, 2, 3, 4], mechanisms=["pool.map", "queue"], repeats=3, seed=5,
                    folder=sys.argv[1], warm_up=False, timeout=20)
print(study.finished)
"""


@pytest.mark.process
def test_a_sweep_measures_each_configuration_in_each_round() -> None:
    study = mpviz.sweep(
        is_prime, range(20, 40), mechanisms=["pool.map", "threads"], workers=[1, 2], repeats=2
    )
    assert isinstance(study, mpviz.Study)
    runs = study.runs
    assert len(runs) == 8
    assert (runs.groupby(["mechanism", "workers"]).size() == 2).all()
    assert (runs["ok"] == 20).all()
    assert runs["answers_agree"].all()
    assert runs["speedup"].gt(0).all()
    assert runs["seed"].eq(0).all()
    assert len(study.summary) == 4
    assert study.summary["rounds"].eq(2).all()
    assert study.finished
    for figure in (study.ranked(), study.speedup(), study.heat(), study.losses()):
        assert figure.renderers


@pytest.mark.process
def test_what_cannot_be_sent_is_refused_before_anything_runs() -> None:
    with open(os.devnull) as file, pytest.raises(mpviz.Refused):
        mpviz.sweep(is_prime, [file], repeats=1)


@pytest.mark.process
@pytest.mark.timed
def test_killed_at_any_moment_a_study_goes_on_with_no_finished_run_lost(tmp_path: Path) -> None:
    chance = random.Random(int(os.environ.get("MPVIZ_SEED", "1")))
    folder = tmp_path / "study"
    script = tmp_path / "study.py"
    script.write_text(SCRIPT)
    kept: set[tuple[int, int]] = set()
    kills = rounds = 0
    while kills < MOMENTS:
        program = subprocess.Popen(
            [sys.executable, str(script), str(folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        time.sleep(chance.uniform(0.3, 2.5))
        killed = program.poll() is None
        if killed:
            os.kill(program.pid, signal.SIGKILL)
            kills += 1
        _, said = program.communicate(timeout=30)
        if not (folder / "study.json").is_file():
            continue
        study = mpviz.read_study(folder)
        assert kept <= set(study.rows)
        kept = set(study.rows)
        assert not list(folder.glob("*.part")) or killed
        if study.finished:
            assert killed or not said or b"finished" in said, said
            assert len(study.rows) == 6
            kept = set()
            folder = tmp_path / f"study {kills} {rounds}"
            rounds += 1
