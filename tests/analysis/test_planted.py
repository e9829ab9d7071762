"""Planted truth, as `benchmarks.planted` measures it: real runs with a cause, and without it.

A sample has causes that a busy machine can't hide, two runs of each; all of them, twenty runs of
each, on a quiet machine: ``MPVIZ_FULL=1``.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sampling import FULL, sampled

pytestmark = [pytest.mark.process, pytest.mark.timed, pytest.mark.timeout(sampled(120, 3600))]

TOP = Path(__file__).parents[2]
SAMPLE = ("chunks", "died", "left", "waiting")
ROW = re.compile(r"^\|[^|]+\| (\d+) of \d+ \| (\d+) of \d+ \|$", re.MULTILINE)


def test_planted_causes_are_named_and_no_others() -> None:
    asked = sampled(["--runs", "2", "--busy", *SAMPLE], ["--runs", "20"])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.planted", *asked],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [(int(right), int(false)) for right, false in ROW.findall(done.stdout)]
    if FULL:
        assert done.returncode == 0, done.stdout
    else:
        assert len(rows) == len(SAMPLE), done.stderr
    assert all(right >= 1 and false <= 1 for right, false in rows), done.stdout
