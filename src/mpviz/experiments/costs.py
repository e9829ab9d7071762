"""What a worker costs, and what sharing costs. Knows no figure and no host.

Times are of a host, which has loaded little: a spawned process imports what the
program does, so it starts later in a program that imports more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from mpviz.core.plan import START_METHODS
from mpviz.core.text import digits, seconds
from mpviz.engine import runner
from mpviz.experiments.finding import Finding
from mpviz.experiments.measured import nothing_shared as measured_sharing
from mpviz.experiments.measured import worker_cost as measured_cost
from mpviz.experiments.measuring import Measuring

if TYPE_CHECKING:
    from bokeh.plotting import figure

DISTURBED = 4.0  # times the fastest start: a median above that was not the machine's own
NAMES = {
    "threads": "threads",
    "processes": "processes",
    "queue": "a Queue",
    "pipe": "a Pipe",
    "manager": "a Manager",
    "shared_memory": "shared memory",
}


def worker_cost(
    *,
    timeout: float = 60.0,
    start: runner.Start = runner.start,
    start_methods: tuple[str, ...] = START_METHODS,
    workers: int = 5,
    rounds: int = 3,
) -> Finding:
    """Time to the first instruction, and memory, of threads and of processes.

    Parameters
    ----------
    timeout
        The deadline in seconds.
    start
        Starts a run.
    start_methods
        Of the processes.
    workers, rounds
        How many of each kind are alive at once, and how often all that is repeated.

    Raises
    ------
    mpviz.Refused
        When it could not be measured.
    """
    rows, printed = Measuring(timeout, start).rows(
        measured_cost.worker_cost,
        start_methods=list(start_methods),
        workers=workers,
        rounds=rounds,
    )
    frame = pd.DataFrame(rows).astype({"own_bytes": float})
    kinds = frame.groupby("kind", sort=False)
    took, size = kinds["first_instruction_s"].median(), kinds["own_bytes"].median()
    least, most = kinds["first_instruction_s"].min(), kinds["first_instruction_s"].max()
    titles = [
        f"{kind}: {seconds(took[kind])} ({seconds(least[kind])}–{seconds(most[kind])})"
        + _memory(size[kind])
        for kind in took.index
    ]
    ratios = _series(
        [f"by {kind} {digits(took[kind] / took['thread'])} times" for kind in start_methods]
    )
    sentence = (
        f"A thread runs its first instruction {seconds(took['thread'])} after start(); a process "
        f"takes {ratios} as long. {_duplicates(size)}"
    ).strip()
    if took["thread"] > DISTURBED * least["thread"]:
        sentence += (
            " Something else was using the CPUs meanwhile: the fastest thread took "
            f"{seconds(least['thread'])}, the fastest process "
            f"{seconds(least[list(start_methods)].min())}."
        )

    def draw() -> figure:
        from mpviz.charts.experiments_costs import worker_cost as chart

        return chart(frame, titles)

    return Finding(frame=frame, sentence=sentence, printed=printed, draw=draw)


def nothing_shared(
    *,
    timeout: float = 60.0,
    start: runner.Start = runner.start,
    keys: int = 1000,
    workers: int = 2,
    rounds: int = 5,
) -> Finding:
    """A dict filled by others in six ways, and what the parent sees of it.

    Parameters
    ----------
    timeout
        The deadline in seconds.
    start
        Starts a run.
    keys
        In the whole dict.
    workers, rounds
        How many share the filling, and how often each way is measured.

    Raises
    ------
    mpviz.Refused
        When it could not be measured.
    """
    rows, printed = Measuring(timeout, start).rows(
        measured_sharing.nothing_shared, keys=keys, workers=workers, rounds=rounds
    )
    frame = pd.DataFrame(rows)
    ways = frame.groupby("way", sort=False)
    took, seen = ways["took_s"].median(), ways["keys"].min()
    titles = [
        f"{NAMES[way]}: {seen[way]:,} of {keys:,} keys, {seconds(took[way])}" for way in took.index
    ]
    others = [f"{NAMES[way]} {seconds(took[way])}" for way in took.index if way != "processes"]
    sentence = (
        f"Of {keys:,} keys written by {workers} processes into the parent's dict, the parent sees "
        f"{seen['processes']:,}: each process filled a copy of its own. To have them all takes, "
        f"the start of the workers included: {_series(others)}."
    )

    def draw() -> figure:
        from mpviz.charts.experiments_costs import nothing_shared as chart

        return chart(frame, titles)

    return Finding(frame=frame, sentence=sentence, printed=printed, draw=draw)


def _memory(size: float) -> str:
    return "" if math.isnan(size) else f", owns {_bytes(size)}"


def _duplicates(size: pd.Series[float]) -> str:
    known = [kind for kind in size.index if kind != "thread" and not math.isnan(size[kind])]
    if not known or math.isnan(size["thread"]):
        return ""
    told = _series([f"{_bytes(size[kind])} by {kind}" for kind in known])
    return (
        f"A thread adds {_bytes(size['thread'])} of memory; a process has a copy of everything, of "
        f"which {told} is shared with no other process."
    )


def _bytes(size: float) -> str:
    return f"{digits(size / 1e6)} MB" if size >= 1e6 else f"{digits(size / 1e3)} kB"


def _series(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
