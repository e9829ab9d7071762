"""Two random numbers, two `apply_async`, two `get`."""

from __future__ import annotations

import secrets
from functools import partial

import pandas as pd

from mpviz.core.plan import DEFAULT_START_METHOD, DEFAULT_TIMEOUT
from mpviz.core.text import seconds
from mpviz.engine import runner
from mpviz.experiments.finding import Experiment, Finding
from mpviz.experiments.measuring import Measuring
from mpviz.experiments.pair import chart, measured
from mpviz.workloads import is_prime

LARGEST = 16_000_000  # is_prime takes some 0.3 s for a prime of that size


def pair(
    *,
    timeout: float = DEFAULT_TIMEOUT,
    start: runner.Start = runner.start,
    start_method: str = DEFAULT_START_METHOD,
    workers: int = 4,
    seed: int | None = None,
) -> Finding:
    """Two random numbers, two `apply_async`, two `get`.

    Parameters
    ----------
    timeout, start
        As for every `Experiment`.
    start_method, workers
        Of the pool.
    seed
        Of the two numbers; without one they differ each time.
    """
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    rows, printed = Measuring(timeout, start).rows(
        measured.pair, start_method=start_method, workers=workers, largest=LARGEST, seed=seed
    )
    frame = pd.DataFrame(rows).assign(seed=seed)
    first, second = frame.to_dict("records")
    asking = second["asked_s"] - first["asked_s"]
    told = [
        f"{row['number']:,} is {'prime' if row['prime'] else 'not prime'} "
        f"({seconds(row['finished_s'] - row['started_s'])} of work)"
        for row in (first, second)
    ]
    idle = workers - frame["worker"].nunique()
    sentence = (
        f"apply_async did not wait: the second number was sent {seconds(asking)} after the first. "
        f"{told[0]}, {told[1]}; both answers were in hand "
        f"{seconds(second['received_s'] - first['asked_s'])} after the first call, and {idle} of "
        f"{workers} workers had nothing to do."
    )
    return Finding(frame=frame, sentence=sentence, printed=printed, draw=partial(chart.pair, frame))


PAIR = Experiment(
    name="pair",
    title="The pair",
    about="Asks a Pool of four about two random numbers with apply_async, then gets the two "
    "answers; about a second.",
    function=pair,
    shows=(is_prime, measured.ask, measured.pair),
)
