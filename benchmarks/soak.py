"""How one server bears a class: visitors who run, cancel, reload and leave.

    python benchmarks/soak.py [--visitors 20] [--seconds 300]

Measured: the time from a press to the first change that the page would show; whether kernels stay
behind; and how the server's own memory grows.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tornado.httpclient import HTTPClientError

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it has only its own folder

from benchmarks.server import all_gone, own_memory, server
from benchmarks.visitor import Busy, Visitor

SETTLE = 45.0  # seconds for the server's timers to free what they hold
GROWTH = 0.10  # of the server's own memory


@dataclass
class Report:
    """What was seen."""

    visitors: int
    seconds: float
    answers: list[float] = field(default_factory=list)  # seconds from a press to a change
    runs: int = 0
    cancels: int = 0
    arrivals: int = 0
    busy: int = 0
    failures: list[str] = field(default_factory=list)
    unfinished: int = 0
    kernels_left: int = 0
    freed_s: float = 0.0
    memory_before: int = 0
    memory_after: int = 0

    @property
    def growth(self) -> float:
        """Of the server's own memory, as a share."""
        return self.memory_after / self.memory_before - 1

    def percentile(self, share: float) -> float:
        """Seconds within which that share of presses was answered."""
        ordered = sorted(self.answers)
        return ordered[min(len(ordered) - 1, round(share * len(ordered)))]

    def __str__(self) -> str:
        """The figures, a line each."""
        arrived = f"{self.arrivals} arrivals, {self.busy} times all places taken"
        done = f"{self.runs} runs to their end, {self.cancels} cancelled"
        p50, p99 = 1000 * statistics.median(self.answers), 1000 * self.percentile(0.99)
        before, after = self.memory_before / 2**20, self.memory_after / 2**20
        lines = (
            f"{self.visitors} visitors, {self.seconds:.0f} s: {arrived}, {done}",
            f"press to answer: p50 {p50:.0f} ms, p99 {p99:.0f} ms, of {len(self.answers)}",
            f"unfinished runs: {self.unfinished}; failures: {len(self.failures)}",
            *self.failures[:3],
            f"kernels left {self.freed_s:.0f} s after the last visitor: {self.kernels_left}",
            f"the server's own memory: {before:.1f} MiB, then {after:.1f} MiB ({self.growth:+.1%})",
        )
        return "\n".join(lines)


async def soak(
    address: str,
    server: int,
    visitors: int,
    seconds: float,
    *,
    settle: float = SETTLE,
    seed: int = 0,
) -> Report:
    """Send visitors to a server, and see what becomes of it.

    Parameters
    ----------
    address
        The page's, with its token.
    server
        The server's process number.
    visitors, seconds
        How many, for how long.
    settle
        Seconds that the server gets, before and after, to let go of what it holds.
    seed
        Of what they do.
    """
    # Once all at a time: modules are loaded, and memory is taken for as many at once.
    first = Report(visitors, seconds)
    comers = (_one_visit(address, first, random.Random(seed - n), 0.0) for n in range(visitors))
    await asyncio.gather(*comers)
    await all_gone(server)
    await asyncio.sleep(settle)
    report = Report(visitors, seconds, memory_before=own_memory(server))
    end = time.monotonic() + seconds
    tasks = [_visitor(address, report, random.Random(seed + n), end) for n in range(visitors)]
    await asyncio.gather(*tasks)
    began = time.monotonic()
    report.kernels_left = await all_gone(server)
    report.freed_s = time.monotonic() - began
    settled = time.monotonic() + settle
    report.memory_after = own_memory(server)
    while report.growth > GROWTH and time.monotonic() < settled:
        await asyncio.sleep(2)
        report.memory_after = own_memory(server)
    return report


async def _visitor(address: str, report: Report, rng: random.Random, end: float) -> None:
    await asyncio.sleep(rng.uniform(0, 3))
    while time.monotonic() < end:
        try:
            await _one_visit(address, report, rng, end)
        except Busy:
            report.busy += 1
            await asyncio.sleep(1)
        except (OSError, HTTPClientError, TimeoutError, ValueError) as error:
            report.failures.append(f"{type(error).__name__}: {error}")


async def _one_visit(address: str, report: Report, rng: random.Random, end: float) -> None:
    """Arrive, run a few times, sometimes cancel, and leave in one of three ways."""
    visitor = Visitor(address)
    try:
        await visitor.arrive()
    except BaseException:
        await visitor.leave()
        raise
    report.arrivals += 1
    try:
        await visitor.choose("Workload", "sleep")
        await visitor.choose("Input set", "Paste numbers…")
        await visitor.wait_for(lambda: visitor.find("Your numbers, one a line") is not None)
        await visitor.set("Your numbers, one a line", value="5\n5\n5\n5\n")
        await visitor.choose("Mechanism", rng.choice(["pool.map", "threads", "queue"]))
        await asyncio.sleep(0.3)
        for _ in range(rng.randint(1, 4)):
            before = visitor.ended
            report.answers.append(await visitor.press("Run"))
            cancel = rng.random() < 0.3
            if cancel:
                await asyncio.sleep(rng.uniform(0, 0.5))
                report.answers.append(await visitor.press("Cancel"))
            elif end and rng.random() < 0.15:
                break  # leaves in the middle of it
            try:
                await visitor.wait_for(lambda before=before: visitor.ended > before)  # type: ignore[misc]
            except TimeoutError:
                report.unfinished += 1
                break
            report.cancels += cancel
            report.runs += not cancel
            await asyncio.sleep(rng.uniform(0.2, 2.0))
            if end and time.monotonic() > end:
                break
    finally:
        await visitor.leave(beacon=rng.random() < 0.4)


def main() -> None:
    """Print the figures; the exit status is 1 if a claim does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    with server("--kernels", str(2 * options.visitors)) as (address, process):
        report = asyncio.run(soak(address, process, options.visitors, options.seconds))
    print(report)
    well = not (report.unfinished or report.kernels_left or report.failures)
    sys.exit(0 if well and report.growth <= GROWTH else 1)


if __name__ == "__main__":
    main()
