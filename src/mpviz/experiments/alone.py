"""Hello and the pair: one process, and two answers. Knows no figure and no host."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pandas as pd

from mpviz.core.text import seconds
from mpviz.engine import runner
from mpviz.experiments.finding import Finding
from mpviz.experiments.measured import hello as measured_hello
from mpviz.experiments.measured import pair as measured_pair
from mpviz.experiments.measuring import Measuring

if TYPE_CHECKING:
    from bokeh.plotting import figure

LARGEST = 16_000_000  # a prime of that size takes is_prime some 0.3 s


def hello(
    *,
    timeout: float = 60.0,
    start: runner.Start = runner.start,
    start_method: str = "fork",
    work_s: float = 0.05,
) -> Finding:
    """One named process, its life, and what changes without `join` or `close`.

    Parameters
    ----------
    timeout
        The deadline in seconds.
    start
        Starts a run.
    start_method
        How the process is started; what a spawned one prints is not captured.
    work_s
        Seconds that it works before it prints.

    Raises
    ------
    mpviz.Refused
        When it could not be measured.
    """
    rows, printed = Measuring(timeout, start).rows(
        measured_hello.hello, start_method=start_method, work_s=work_s
    )
    frame = pd.DataFrame(rows)
    at = frame.set_index(["variant", "moment"])["at_s"]
    taught, hasty = at["start, join, close"], at["without join"]
    ahead = hasty["it prints"] - hasty["parent's next line"]
    order = "before" if ahead > 0 else "after"
    said = frame.drop_duplicates("variant").set_index("variant")["afterwards"]
    code = said["without join"].partition(",")[0]
    sentence = (
        f"The process ran its first instruction {seconds(taught['first instruction'])} after "
        f"Process(…) was called and ended after {seconds(taught['it ends'])}; join() returned "
        f"{seconds(taught['join() returned'] - taught['it ends'])} later. Without join the "
        f"parent's next line ran {seconds(abs(ahead))} {order} the process printed, and found "
        f"{code}"
    )
    raised = "close() raised" in at["close, not joined"]
    sentence += "; close on a process that had not ended raised ValueError." if raised else "."

    def draw() -> figure:
        from mpviz.charts.experiments_life import hello as chart

        return chart(frame)

    return Finding(frame=frame, sentence=sentence, printed=printed, draw=draw)


def pair(
    *,
    timeout: float = 60.0,
    start: runner.Start = runner.start,
    start_method: str = "fork",
    workers: int = 4,
    seed: int | None = None,
) -> Finding:
    """Two random numbers, two `apply_async`, two `get`.

    Parameters
    ----------
    timeout
        The deadline in seconds.
    start
        Starts a run.
    start_method, workers
        Of the pool.
    seed
        Of the two numbers; others each time without one.

    Raises
    ------
    mpviz.Refused
        When it could not be measured.
    """
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    rows, printed = Measuring(timeout, start).rows(
        measured_pair.pair, start_method=start_method, workers=workers, largest=LARGEST, seed=seed
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
        f"apply_async did not wait: the second number was on its way {seconds(asking)} after the "
        f"first. {told[0]}, {told[1]}; the two answers were in hand "
        f"{seconds(second['received_s'] - first['asked_s'])} after the first question, and {idle} "
        f"of {workers} workers had nothing to do."
    )

    def draw() -> figure:
        from mpviz.charts.experiments_life import pair as chart

        return chart(frame)

    return Finding(frame=frame, sentence=sentence, printed=printed, draw=draw)
