"""What a worker costs: time to its first instruction, and memory.

The times are those of a host, which has loaded little. A spawned process imports what the program
imports, so it starts later in a program that imports more.
"""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from mpviz.core.plan import DEFAULT_TIMEOUT, START_METHODS
from mpviz.core.text import digits, listed, seconds, size
from mpviz.engine import runner
from mpviz.experiments.finding import Experiment, Finding
from mpviz.experiments.measuring import Measuring
from mpviz.experiments.worker_cost import chart, measured

DISTURBED = 4.0  # times the fastest start: if the median is above, others used the CPUs


def worker_cost(
    *,
    timeout: float = DEFAULT_TIMEOUT,
    start: runner.Start = runner.start,
    start_methods: tuple[str, ...] = START_METHODS,
    workers: int = 5,
    rounds: int = 3,
) -> Finding:
    """Time to the first instruction, and memory, of threads and of processes.

    Parameters
    ----------
    timeout, start
        As for every `Experiment`.
    start_methods
        Of the processes.
    workers, rounds
        How many of each kind are alive at once, and how often all that is repeated.
    """
    rows, printed = Measuring(timeout, start).rows(
        measured.worker_cost,
        start_methods=list(start_methods),
        workers=workers,
        rounds=rounds,
    )
    frame = pd.DataFrame(rows).astype({"own_bytes": float})
    kinds = frame.groupby("kind", sort=False)
    took, owned = kinds["first_instruction_s"].median(), kinds["own_bytes"].median()
    least, most = kinds["first_instruction_s"].min(), kinds["first_instruction_s"].max()
    titles = [
        f"{kind}: {seconds(took[kind])} ({seconds(least[kind])}–{seconds(most[kind])})"
        + memory_title(owned[kind])
        for kind in took.index
    ]
    ratios = listed(
        [f"{digits(took[kind] / took['thread'])} times that by {kind}" for kind in start_methods]
    )
    sentence = (
        f"A thread runs its first instruction {seconds(took['thread'])} after start(); a process "
        f"takes {ratios}. {memory_sentence(owned)}"
    ).strip()
    if took["thread"] > DISTURBED * least["thread"]:
        sentence += (
            " Something else was using the CPUs meanwhile: the fastest thread took "
            f"{seconds(least['thread'])}, the fastest process "
            f"{seconds(least[list(start_methods)].min())}."
        )
    return Finding(
        frame=frame,
        sentence=sentence,
        printed=printed,
        draw=partial(chart.worker_cost, frame, titles),
    )


def memory_title(owned: float) -> str:
    """What a row's title says of memory; nothing where the system does not tell it."""
    return "" if math.isnan(owned) else f", {size(int(owned))} of its own"


def memory_sentence(owned: pd.Series[float]) -> str:
    """What threads and processes add in memory; nothing where the system does not tell it.

    Parameters
    ----------
    owned
        Bytes that one worker of each kind owns, in the order of the kinds.
    """
    known = [kind for kind in owned.index if kind != "thread" and not math.isnan(owned[kind])]
    if not known or math.isnan(owned["thread"]):
        return ""
    told = listed([f"{size(int(owned[kind]))} by {kind}" for kind in known])
    return (
        f"A thread adds {size(int(owned['thread']))} of memory; a process has its own copy of "
        f"everything, and the part that it shares with no other process is {told}."
    )


WORKER_COST = Experiment(
    name="worker_cost",
    title="The cost of a worker",
    about="Starts threads, and processes by each start method, and measures the time to the first "
    "instruction and the memory of each; about five seconds.",
    function=worker_cost,
    shows=(
        measured.in_threads,
        measured.wait_in_process,
        measured.in_processes,
        measured.own_bytes,
    ),
)
