"""What recording costs: mpviz against bare `Pool.map`, paired and interleaved, beside an A/A row.

    python benchmarks/overhead.py [--rounds 40] [--seed 0]

A round runs bare code twice (A and A') and mpviz once, each in fresh processes, in random order.
The figure is the median over rounds of a round's ratio, or of its difference a task, with a 95 %
bootstrap interval; a claim is held against the interval's upper end.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap
from tasks import CASES  # type: ignore[import-not-found]  # beside this file

import mpviz

HERE = Path(__file__).parent
CLAIMS = {"primes": 1.05, "empty, chunk 1": 4.0, "empty, chunk 100": 2.0}


def bare(case: str) -> float:
    """Makespan in seconds of plain code in a fresh process."""
    done = subprocess.run(
        [sys.executable, HERE / "bare.py", case], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def ours(case: str) -> float:
    """Makespan in seconds of the same work, recorded."""
    function, inputs, chunk_size, workers = CASES[case]
    trace = mpviz.run(function, inputs, workers=workers, chunk_size=chunk_size)
    assert (trace.tasks["outcome"] == "ok").all()
    return float(trace.summary["makespan_s"])


def measure(case: str, rounds: int, order: random.Random) -> dict[str, list[float]]:
    """Makespans of each side, one a round."""
    sides = {"A": bare, "A'": bare, "mpviz": ours}
    for side in set(sides.values()):
        side(case)  # so that no round pays for a cold disk
    seen: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name in order.sample(list(sides), len(sides)):
            seen[name].append(sides[name](case))
    return seen


def compare(case: str, a: list[float], b: list[float]) -> tuple[float, float, float]:
    """Median of b against a, with the ends of its 95 % interval: a ratio, or µs a task."""
    first, second = np.array(a), np.array(b)
    tasks = len(CASES[case][1])
    pairs = second / first if case == "primes" else (second - first) / tasks * 1e6
    ends = bootstrap((pairs,), np.median, confidence_level=0.95, rng=0, method="percentile")
    interval = ends.confidence_interval
    return float(np.median(pairs)), float(interval.low), float(interval.high)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    order = random.Random(options.seed)
    print("| 2 workers, fork | what | median | 95 % interval | claim | held |")
    print("|---|---|---|---|---|---|")
    held = True
    for case, claim in CLAIMS.items():
        seen = measure(case, options.rounds, order)
        unit = "ratio" if case == "primes" else "µs a task"
        for what, other in (("A/A: bare against bare", "A'"), ("mpviz against bare", "mpviz")):
            median, low, high = compare(case, seen["A"], seen[other])
            ours_now = other == "mpviz"
            verdict = ("yes" if high <= claim else "**no**") if ours_now else ""
            held &= not ours_now or high <= claim
            bound = f"≤ {claim:g}" if ours_now else ""
            print(
                f"| {case} | {what}, {unit} | {median:.2f} | {low:.2f} to {high:.2f} "
                f"| {bound} | {verdict} |",
                flush=True,
            )
    sys.exit(not held)


if __name__ == "__main__":
    main()
