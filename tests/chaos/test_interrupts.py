"""`mpviz.run` interrupted at its lines, in a kernel that lives on, as a notebook's does."""

import json
import os
import subprocess
import sys

import pytest

from tests.chaos.kernels import ROOT
from tests.sampling import sampled

# The first line that is interrupted, and each so-manieth after it.
FIRST = int(os.environ.get("MPVIZ_SEED", "1"))
STEP = sampled(12, 1)


@pytest.mark.timeout(600)
def test_an_interrupted_run_leaves_nothing_and_the_next_run_is_well() -> None:
    command = [sys.executable, "-m", "tests.chaos.interrupted", str(FIRST % STEP), str(STEP)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=True
    )
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(seen) > 100 / STEP
    wrong = [f"{one['place']}: {', '.join(one['faults'])}" for one in seen if one["faults"]]
    assert not wrong, f"{len(wrong)} of {len(seen)}:\n" + "\n".join(wrong)
