"""What the parent sees of a dict that others fill, and what it costs to see all of it."""

from __future__ import annotations

from functools import partial

import pandas as pd

from mpviz.core.plan import DEFAULT_TIMEOUT
from mpviz.core.text import listed, seconds
from mpviz.engine import runner
from mpviz.experiments.finding import Experiment, Finding
from mpviz.experiments.measuring import Measuring
from mpviz.experiments.nothing_shared import chart, measured

NAMES = {
    "threads": "threads",
    "processes": "processes",
    "queue": "a Queue",
    "pipe": "a Pipe",
    "manager": "a Manager",
    "shared_memory": "shared memory",
}


def nothing_shared(
    *,
    timeout: float = DEFAULT_TIMEOUT,
    start: runner.Start = runner.start,
    keys: int = 1000,
    workers: int = 2,
    rounds: int = 5,
) -> Finding:
    """A dict that others fill in six ways, and what the parent sees of it.

    The processes are forked, whatever this Python's own start method: a forked process begins with
    the parent's dict in its memory, and even so fills a copy.

    Parameters
    ----------
    timeout, start
        As for every `Experiment`.
    keys
        In the whole dict.
    workers, rounds
        How many share the filling, and how often each way is measured.
    """
    rows, printed = Measuring(timeout, start).rows(
        measured.nothing_shared, keys=keys, workers=workers, rounds=rounds
    )
    frame = pd.DataFrame(rows)
    ways = frame.groupby("way", sort=False)
    took, seen = ways["took_s"].median(), ways["keys"].min()
    titles = [
        f"{NAMES[way]}: {seen[way]:,} of {keys:,} keys, {seconds(took[way])}" for way in took.index
    ]
    others = [f"{seconds(took[way])} with {NAMES[way]}" for way in took.index if way != "processes"]
    sentence = (
        f"Of {keys:,} keys that {workers} forked processes put into the dict, the parent sees "
        f"{seen['processes']:,}: each process filled its own copy. Getting all of them took, the "
        f"start of the workers included, {listed(others)}."
    )
    return Finding(
        frame=frame,
        sentence=sentence,
        printed=printed,
        draw=partial(chart.nothing_shared, frame, titles),
    )


NOTHING_SHARED = Experiment(
    name="nothing_shared",
    title="Nothing is shared",
    about="Fills a dict from threads, from processes, and through a Queue, a Pipe, a Manager and "
    "shared memory, and counts the keys that the parent sees; about two seconds.",
    function=nothing_shared,
    shows=(
        measured.fill,
        measured.send_by_queue,
        measured.send_by_pipe,
        measured.fill_memory,
        measured.start,
        measured.finish,
        *measured.WAYS,
    ),
)
