"""How often a study's verdict is wrong: real pairs of equals, and real planted differences.

    python -m benchmarks.verdicts [--minutes 30] [--file verdicts.jsonl] [equal|five|three ...]

Each verdict is a study of its own, of two configurations in fresh hosts, with the stopping rule on.
Verdicts are appended to the file one by one, so that the program can be ended and run again, on the
same machine, until there are enough; the table is of all in the file. Exits with 1 where a claim
does not hold, or there are too few verdicts to say.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from mpviz.core.plan import Plan
from mpviz.core.text import digits, percent
from mpviz.engine import runner, turns
from mpviz.studies.measuring import measure
from mpviz.studies.rounds import Rounds
from mpviz.studies.sweep import Sweep

BUDGET = 60.0  # seconds of a study
TASKS, WORKERS = 8, 2
# Loops of a task of the planted plans, whose run takes some 0.2 s here, and of the equal ones.
LOOPS, FEWER = 1_000_000, 250_000
KINDS = {"equal": 500, "five": 100, "three": 100}  # how many verdicts there are to be
SLOWER = {"equal": 1.0, "five": 1.05, "three": 1.03}


def spin(loops: int) -> int:
    """A task that computes."""
    total = 0
    for number in range(loops):
        total += number
    return total


def pair(kind: str) -> tuple[Plan, Plan]:
    """Two plans of which the second takes as much longer as the kind says."""
    loops = FEWER if kind == "equal" else LOOPS
    first = Plan(spin, (loops,) * TASKS, workers=WORKERS, start_method="fork", timeout=30.0)
    return first, replace(first, inputs=(round(loops * SLOWER[kind]),) * TASKS)


def one_verdict(kind: str, seed: int) -> dict[str, Any]:
    """A study of such a pair, until it is decided."""
    began = time.perf_counter()
    rounds = Rounds(Sweep(pair(kind), budget_s=BUDGET, seed=seed, alone=False))
    study = measure(rounds, lambda plan: runner.finish(runner.start(plan)))
    ranking = study.ranking
    assert ranking is not None
    (verdict,) = ranking.verdicts.values()
    faster = study.names.index(ranking.reference)
    return {
        "kind": kind,
        "seed": seed,
        "named": faster if verdict.named else None,
        "rounds": study.complete,
        "ratio": verdict.ratio,
        "low": verdict.low,
        "high": verdict.high,
        "decided": verdict.decided,
        "makespan_s": statistics.median(study.makespans(0).tolist()),
        "took_s": time.perf_counter() - began,
    }


def table(seen: Iterable[dict[str, Any]]) -> tuple[list[str], bool]:
    """The rows of the table, and whether every claim holds."""
    names = ("pairs", "verdicts", "named right", "named wrong", "tie", "not decided", "95 % bound",
             "claim", "held", "rounds", "took")  # fmt: skip
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    seen = list(seen)
    held = True
    for kind, wanted in KINDS.items():
        mine = [one for one in seen if one["kind"] == kind]
        if not mine:
            held = False
            continue
        named = [one for one in mine if one["named"] is not None]
        right = 0 if kind == "equal" else sum(one["named"] == 0 for one in named)
        wrong = len(named) - right
        tie = sum(one["named"] is None and one["decided"] for one in mine)
        interval = binomtest(wrong if kind == "equal" else right, len(mine)).proportion_ci()
        if kind == "equal":
            holds, claim = interval.high <= 0.06, "false alarms ≤ 6 %"
            bound = f"{100 * interval.high:.1f} %"
        else:
            share = {"five": 0.95, "three": 0.80}[kind]
            holds, claim = right >= share * len(mine), f"named in ≥ {share:.0%}"
            bound = f"{100 * interval.low:.0f} to {100 * interval.high:.0f} %"
        enough = len(mine) >= wanted
        held = held and holds and enough
        took = statistics.median(one["took_s"] for one in mine)
        most = max(one["took_s"] for one in mine)
        each = statistics.median(one["makespan_s"] for one in mine)
        name = f"{percent(SLOWER[kind] - 1)} apart" if kind != "equal" else "equal"
        lines.append(
            f"| {name}, {digits(each)} s | {len(mine)} | {right if kind != 'equal' else '–'} |"
            f" {wrong} | {tie} | {len(mine) - len(named) - tie} | {bound} | {claim} |"
            f" {'yes' if holds and enough else '**no**' if enough else 'too few'} |"
            f" {statistics.median(one['rounds'] for one in mine):.0f} |"
            f" {took:.0f} s, at most {most:.0f} |"
        )
    return lines, held


def main() -> int:
    """Make verdicts for a while and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--file", type=Path, default=Path("verdicts.jsonl"))
    parser.add_argument("kinds", nargs="*", default=list(KINDS))
    asked = parser.parse_args()
    seen = read(asked.file)
    end = time.perf_counter() + 60 * asked.minutes
    with turns.turn(), asked.file.open("a", encoding="utf-8") as file:
        while time.perf_counter() < end and (kind := next_kind(asked.kinds, seen)):
            seen.append(one_verdict(kind, seed=len(seen)))
            print(json.dumps(seen[-1]), file=file, flush=True)
    lines, held = table(seen)
    print("\n".join(lines))
    return 0 if held else 1


def next_kind(kinds: Iterable[str], seen: list[dict[str, Any]]) -> str:
    """The kind of which the smallest share is made; empty when all are."""

    def count(kind: str) -> float:
        return len([one for one in seen if one["kind"] == kind]) / KINDS[kind]

    open_ = [kind for kind in kinds if count(kind) < 1]
    return min(open_, key=count, default="")


def read(file: Path) -> list[dict[str, Any]]:
    """The verdicts so far; a last line that was cut short is dropped."""
    if not file.is_file():
        return []
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
