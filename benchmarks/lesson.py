"""The lesson's own figures, re-enacted: its ten primes, its ways, this machine's times.

    python benchmarks/lesson.py [--rounds 5]

The lesson saw about 4 s for one process and for threads, and about 0.7 s for processes, on a
machine with more CPUs than this may have. Rounds are interleaved; a time is their median.
"""

from __future__ import annotations

import argparse
import statistics

import mpviz
from mpviz.engine.environment import usable_cpus
from mpviz.workloads import is_prime

WAYS = [
    # what the lesson does, mechanism, workers, the lesson's seconds
    ("one process, one number after the other", "sequential", 1, "~4"),
    ("threads, ten", "threads", 10, "~4"),
    ("a Process for each number, ten", "process.lesson", 10, "~0.7"),
    ("JoinableQueue and SimpleQueue, five consumers", "queue.lesson", 5, "~0.7"),
    ("Pipe, ten processes", "pipe.lesson", 10, "~0.7"),
    ("Pool of ten, apply_async", "pool.apply_async", 10, "~0.7"),
    ("Pool of ten, map", "pool.map", 10, "~0.7"),
]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    primes = mpviz.input_set("prime_mixture")
    seen: dict[str, list[mpviz.Trace]] = {mechanism: [] for _, mechanism, _, _ in WAYS}
    for _ in range(options.rounds):
        for _, mechanism, workers, _ in WAYS:
            trace = mpviz.run(is_prime, primes, mechanism=mechanism, workers=workers)
            seen[mechanism].append(trace)
    alone = statistics.median(t.summary["makespan_s"] for t in seen["sequential"])
    answers = list(seen["sequential"][0].tasks["result"])
    print(f"{usable_cpus():g} usable CPUs; at most that much faster than one process.\n")
    print("| the lesson's way | mechanism | lesson, s | here, s | faster | answers |")
    print("|---|---|---|---|---|---|")
    for what, mechanism, _, lesson in WAYS:
        traces = seen[mechanism]
        here = statistics.median(trace.summary["makespan_s"] for trace in traces)
        print(
            f"| {what} | `{mechanism}` | {lesson} | {here:.2f} | {alone / here:.2f}× "
            f"| {told(traces, answers)} |"
        )


def told(traces: list[mpviz.Trace], answers: list[str]) -> str:
    """Whether every answer came home and equals the sequential one; else how many were lost."""
    lost = sum(int((trace.tasks["outcome"] != "ok").sum()) for trace in traces)
    if traces[0].summary["mechanism"] == "process.lesson":
        marks = {"✅": "true", "❌": "false"}
        printed = [line.text.split() for line in traces[0].output]
        right = dict(zip(traces[0].tasks["input"], answers, strict=True))
        same = all(marks[mark] == right[number] for number, mark in printed)
        return f"{len(printed)} printed, {'equal' if same else 'DIFFERENT'}"
    if lost:
        return f"{lost} of {len(traces) * len(answers)} lost"
    same = all(list(trace.tasks["result"]) == answers for trace in traces)
    return "equal" if same else "DIFFERENT"


if __name__ == "__main__":
    main()
