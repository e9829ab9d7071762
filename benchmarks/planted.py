"""Planted truth: workloads that have a cause, and the same workloads without it.

    python -m benchmarks.planted [--runs 20] [CAUSE ...]      (in the checkout)

Each case runs both `--runs` times, each after its own sequential run, in turns. Named rightly is:
the dearest cause that a run establishes is the planted one; a false cause is any that a run without
it establishes. Prints the table of `docs/causes.md`; exits with 1 where a claim does not hold.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mpviz.analysis.trace import Trace
from mpviz.core.plan import Plan
from mpviz.engine import runner, turns

CGROUPS = Path("/sys/fs/cgroup")
QUOTA_PERIOD = 20_000  # microseconds
NAMED = 19 / 20  # of the runs with a cause
DATA = b"x" * 2**20
LOCK = Path(tempfile.gettempdir()) / f"mpviz-planted-{os.getpid()}.lock"


def busy(span: float) -> None:
    """Compute for so many seconds of CPU time."""
    end = time.thread_time() + span
    while time.thread_time() < end:
        sum(range(200))


def compute(span: float) -> int:
    """A task that computes."""
    busy(span)
    return 0


def rest(span: float) -> int:
    """A task that waits."""
    time.sleep(span)
    return 0


def prepared(span: float, ready: list[bool] = []) -> int:  # noqa: B006  once a process
    """A task before whose first one a process prepares itself."""
    if not ready:
        ready.append(True)
        busy(0.3)
    busy(span)
    return 0


def send_back(size: int) -> bytes:
    """A task with a result of so many bytes."""
    busy(0.01)
    return b"x" * size


def take_in(data: bytes) -> int:
    """A task with a large argument."""
    busy(0.01)
    return len(data)


def hash_some(count: int) -> int:
    """A task in C code that lets go of the GIL."""
    for _ in range(count):
        hashlib.sha256(DATA)
    return count


def hash_in_threads(count: int) -> int:
    """A task that uses two CPUs by itself."""
    crew = [threading.Thread(target=hash_some, args=(count,)) for _ in range(2)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    return count


def under_lock(span: float) -> int:
    """A task that computes while it holds a lock that all share."""
    with LOCK.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        busy(span)
    return 0


def die_at_one(number: int) -> int:
    """A task that ends its worker."""
    busy(0.02)
    if number == 1:
        os.kill(os.getpid(), 9)
    return number


class Imported:
    """An input that imports what takes long where it is unpickled."""

    def __init__(self, span: float) -> None:
        self.span = span

    def __setstate__(self, state: dict[str, float]) -> None:
        self.__dict__.update(state)
        if not hasattr(Imported, "there"):
            Imported.there = True  # type: ignore[attr-defined]
            busy(0.3)


def compute_imported(value: Imported) -> int:
    """A task over such an input."""
    busy(value.span)
    return 0


class Late:
    """An input that takes long to pickle, so that it is late on its way to a worker."""

    def __init__(self, span: float, late: float) -> None:
        self.span, self.late = span, late

    def __getstate__(self) -> dict[str, float]:
        time.sleep(self.late)
        return vars(self)


def compute_late(value: Late) -> int:
    """A task over such an input."""
    busy(value.span)
    return 0


@contextmanager
def quota(cpus: float = 1.0) -> Iterator[None]:
    """A control group, of version 1 or 2, that has so many CPUs; all from here on is in it."""
    root = CGROUPS / "cpu" if (CGROUPS / "cpu").is_dir() else CGROUPS
    group = root / f"mpviz-planted-{os.getpid()}"
    group.mkdir()
    try:
        span = round(QUOTA_PERIOD * cpus)
        if root == CGROUPS:
            (root / "cgroup.subtree_control").write_text("+cpu")
            (group / "cpu.max").write_text(f"{span} {QUOTA_PERIOD}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(QUOTA_PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(span))
        (group / "cgroup.procs").write_text(str(os.getpid()))
        yield
    finally:
        (root / "cgroup.procs").write_text(str(os.getpid()))  # version 1 and 2 alike
        while (group / "cgroup.procs").read_text():  # what the run leaves is about to end
            time.sleep(0.01)
        group.rmdir()


@contextmanager
def neighbours(count: int = 2) -> Iterator[None]:
    """Other programs that compute."""
    code = "while True: sum(range(1000))"
    crew = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(count)]
    try:
        time.sleep(0.3)
        yield
    finally:
        for one in crew:
            one.kill()
            one.wait()


@dataclass(frozen=True)
class Case:
    """A cause: a plan that has it, and one that does not."""

    planted: Plan
    healthy: Plan
    beside: Callable[[], Any] = nullcontext  # what happens beside the planted run


def can_limit() -> bool:
    """Whether this user may make control groups that limit CPU time."""
    if os.geteuid() != 0:
        return False
    try:
        with quota():
            return True
    except OSError:
        return False


def plan(function: Callable[[Any], Any], inputs: Any, **more: Any) -> Plan:
    """A plan on two workers, by fork."""
    given: dict[str, Any] = {
        "mechanism": "pool.map",
        "workers": 2,
        "start_method": "fork",
        "timeout": 30.0,
    }
    return Plan(function, tuple(inputs), **given | more)


def cases() -> dict[str, Case]:
    """All of them, by kind."""
    even = plan(compute, [0.04] * 20)
    short = [0.0001] * 5000
    late = [Late(0.5, 0), Late(0.01, 0), *[Late(0.03, 0.2)] * 6]
    long_last = [0.04] * 10 + [0.4]
    return {
        "startup": Case(
            plan(compute, [0.01] * 4, start_method="spawn"), plan(compute, [0.05] * 12)
        ),
        "first_task": Case(plan(prepared, [0.03] * 20), plan(compute, [0.03] * 20)),
        "before_first": Case(
            plan(compute_imported, [Imported(0.03) for _ in range(20)], start_method="spawn"),
            plan(compute_imported, [Imported(0.03) for _ in range(20)]),
        ),
        "chunks": Case(replace(even, chunk_size=20), replace(even, chunk_size=2)),
        "long_task": Case(plan(compute, long_last), plan(compute, reversed(long_last))),
        "handover": Case(plan(compute, short), plan(compute, short, chunk_size=250)),
        "large_results": Case(plan(send_back, [32 * 2**20] * 8), plan(send_back, [8] * 40)),
        "large_arguments": Case(plan(take_in, [b"x" * 32 * 2**20] * 8), plan(take_in, [b"x"] * 40)),
        "gil": Case(
            replace(even, mechanism="threads"), plan(hash_some, [30] * 20, mechanism="threads")
        ),
        "crowded": Case(replace(even, workers=8), even),
        "own_threads": Case(plan(hash_in_threads, [20] * 16), plan(hash_some, [40] * 16)),
        "neighbour": Case(even, even, neighbours),
        "shared": Case(plan(under_lock, [0.03] * 16), plan(compute, [0.03] * 16)),
        "waiting": Case(plan(rest, [0.05] * 16), even),
        "quota": Case(even, even, quota),
        "left": Case(
            # One worker is at work on a long task while the other finds the queue empty for now.
            plan(compute_late, late, mechanism="queue.lesson"),
            plan(compute_late, [Late(0.03, 0)] * 20, mechanism="queue"),
        ),
        "died": Case(
            plan(die_at_one, range(20), mechanism="queue", timeout=1.5),
            plan(compute, [0.04] * 20, mechanism="queue"),
        ),
    }


def measured(wanted: Plan, beside: Callable[[], Any] = nullcontext) -> Trace:
    """A run after its sequential run."""
    # What would end the sequential run's only process ends the program.
    alone = wanted if wanted.function is not die_at_one else replace(wanted, function=compute)
    baseline = Trace(runner.start(alone.baseline).wait()) if alone is wanted else None
    with beside():
        return Trace(runner.start(wanted).wait(), baseline)


def main() -> int:
    """Run the cases and print what was named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--show", action="store_true", help="say what each wrong run said")
    parser.add_argument(
        "--busy", action="store_true", help="others are at work here: to name them is not false"
    )
    parser.add_argument("kinds", nargs="*")
    asked = parser.parse_args()
    found = {kind: case for kind, case in cases().items() if not asked.kinds or kind in asked.kinds}
    if "quota" in found and not can_limit():
        del found["quota"]
        print("quota: can't be planted here: this user can make no control group", file=sys.stderr)
    rows = []
    with turns.turn():
        for kind, case in found.items():
            right = false = 0
            for _ in range(asked.runs):
                trace = measured(case.planted, case.beside)
                named = [cause.kind for cause in trace.causes]
                right += named[:1] == [kind]
                if asked.show and named[:1] != [kind]:
                    print(f"  {kind}: named {named}; {trace.sentence}", file=sys.stderr)
                trace = measured(case.healthy)
                others = {"neighbour"} if asked.busy else set()
                wrong = {cause.kind for cause in trace.causes} - others
                false += bool(wrong)
                if asked.show and wrong:
                    print(f"  without {kind}: {trace.causes}", file=sys.stderr)
            rows.append((kind, right, false))
            print(f"{kind}: {right} and {false} of {asked.runs}", file=sys.stderr, flush=True)
    LOCK.unlink(missing_ok=True)
    print("| cause | named where planted | a cause named where none was |")
    print("|---|---|---|")
    for kind, right, false in rows:
        print(f"| {kind} | {right} of {asked.runs} | {false} of {asked.runs} |")
    held = all(right >= NAMED * asked.runs and not false for _, right, false in rows)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
