"""Random signals at random moments to random members of a run's tree: as for hostile tasks."""

import os
import random
import signal
from typing import Any

import pytest

from mpviz.core.plan import START_METHODS
from mpviz.mechanisms import MECHANISMS
from tests.chaos.kernels import described, judged
from tests.sampling import sampled

NAMES = """
TERM INT HUP USR1 USR2 STOP TSTP CONT QUIT KILL SEGV BUS ABRT PIPE ALRM CHLD WINCH URG IO PROF
VTALRM XCPU TTIN PWR
"""
SIGNALS = [getattr(signal, f"SIG{name}") for name in NAMES.split()]
DEADLINE = 2.0  # seconds
LATEST = 1.2  # seconds
COUNT = sampled(12, 140)  # some come too late
SEED = int(os.environ.get("MPVIZ_SEED", "1"))


def cells(seed: int) -> list[dict[str, Any]]:
    """Runs of about as much work as their deadline allows, each sent a signal, or two."""
    chance = random.Random(seed)
    found, left = [], COUNT
    while left > 0:
        moments = [chance.uniform(0, LATEST)]
        if chance.random() < 0.25:
            moments.append(chance.uniform(0, 0.1))  # close on its heels
        left -= len(moments)
        signals = [
            (round(moment, 3), chance.random(), chance.random(), int(chance.choice(SIGNALS)))
            for moment in moments
        ]
        found.append(
            {
                "mechanism": chance.choice(list(MECHANISMS)),
                "start_method": chance.choice(START_METHODS),
                "tasks": [0.5, 0.7, 0.5, 0.7, 0.5, 0.7],
                "deadline": DEADLINE,
                "signals": signals,
            }
        )
    return found


@pytest.mark.timeout(600)
def test_signals_to_the_guard_the_host_and_the_workers_leave_a_record_and_nothing_else() -> None:
    print(f"seed {SEED}")
    verdicts = judged(cells(SEED))
    assert sum(len(verdict["signals"]) for _, verdict in verdicts if "signals" in verdict)
    wrong = [described(cell, verdict) for cell, verdict in verdicts if verdict["faults"]]
    assert not wrong, f"{len(wrong)} of {len(verdicts)}, seed {SEED}:\n" + "\n".join(sorted(wrong))
