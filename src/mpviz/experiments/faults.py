"""Two faults of the lesson's code beside their repair. Knows no figure and no host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from mpviz.core.outcome import Ending
from mpviz.core.text import percent, seconds
from mpviz.engine import runner
from mpviz.experiments.finding import Finding
from mpviz.experiments.measured.workloads import wait_or_die
from mpviz.experiments.measuring import Measuring
from mpviz.workloads import is_prime

if TYPE_CHECKING:
    from bokeh.plotting import figure

PIPES = ("pipe.lesson", "pipe")
QUEUES = ("queue.lesson", "queue")
MILLISECONDS = (300, 150, -80, 220)  # the third worker dies before it sends
HANGS = 5.0  # seconds after which a repetition of the race is given up


def waiting_pipe(
    *,
    timeout: float = 60.0,
    start: runner.Start = runner.start,
    milliseconds: Sequence[int] = MILLISECONDS,
    patience: float = 2.0,
) -> Finding:
    """The lesson's pipe with a worker that dies before it sends, and the pipe that notices.

    Parameters
    ----------
    timeout
        The deadline of it all in seconds.
    start
        Starts a run.
    milliseconds
        What each worker waits; one below zero dies after as long.
    patience
        The deadline of each run, in seconds.

    Raises
    ------
    mpviz.Refused
        When it could not be measured.
    """
    measuring = Measuring(timeout, start)
    parts, ended = [], {}
    for name in PIPES:
        trace = measuring.trace(
            wait_or_die, milliseconds, mechanism=name, workers=len(milliseconds), patience=patience
        )
        tasks, lives = trace.tasks, trace.workers.groupby("worker")["ended_s"].max()
        left = tasks["finished_s"].fillna(tasks["worker"].map(lives)).astype(float)
        ended[name] = trace.record.ending
        parts.append(
            pd.DataFrame(
                {
                    "mechanism": name,
                    "task": tasks["task"],
                    "started_s": tasks["started_s"],
                    "ended_s": left,
                    "received_s": tasks["received_s"],
                    "outcome": tasks["outcome"],
                    "over_s": trace.record.makespan_s,
                    "ending": str(trace.record.ending),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    over = frame.groupby("mechanism")["over_s"].max()
    came = frame["received_s"].notna().groupby(frame["mechanism"]).sum()
    count = len(milliseconds)
    waited = (
        f"waited for one more until the deadline of {seconds(patience)}"
        if ended["pipe.lesson"] is Ending.DEADLINE
        else f"ended after {seconds(over['pipe.lesson'])}"
    )
    sentence = (
        f"One of {count} workers died before it sent. The lesson's pipe had {came['pipe.lesson']} "
        f"of {count} answers and {waited}; with a pipe for each worker the loss was noticed, and "
        f"the {came['pipe']} others were in hand after {seconds(over['pipe'])}."
    )
    titles = [
        f"{name}: {came[name]} of {count} in hand, {ended[name]} at {seconds(over[name])}"
        for name in PIPES
    ]

    def draw() -> figure:
        from mpviz.charts.experiments_faults import waiting_pipe as chart

        return chart(frame, titles)

    return Finding(frame=frame, sentence=sentence, draw=draw)


def losing_queue(
    *,
    timeout: float = 60.0,
    start: runner.Start = runner.start,
    repetitions: int = 20,
    items: int = 300,
    workers: int = 2,
) -> Finding:
    """The `get_nowait` race, again and again, and the queue without it.

    Parameters
    ----------
    timeout
        The deadline of it all in seconds.
    start
        Starts a run.
    repetitions
        Of each version.
    items, workers
        Numbers to check in each, and the consumers that share them.

    Raises
    ------
    mpviz.Refused
        When it could not be measured.
    """
    measuring = Measuring(timeout, start)
    rows = []
    for turn in range(repetitions):
        for name in QUEUES:
            trace = measuring.trace(
                is_prime, range(items), mechanism=name, workers=workers, patience=HANGS
            )
            came = int(trace.tasks["received_s"].notna().sum())
            rows.append(
                {
                    "mechanism": name,
                    "repetition": turn + 1,
                    "items": items,
                    "came": came,
                    "lost": items - came,
                    "makespan_s": float(trace.summary["makespan_s"]),
                    "ending": str(trace.record.ending),
                }
            )
    frame = pd.DataFrame(rows)
    lost = frame.groupby("mechanism")["lost"].sum()
    runs = (frame["lost"] > 0).groupby(frame["mechanism"]).sum()
    whole = items * repetitions
    titles = [
        f"{name}: lost some in {runs[name]} of {repetitions} runs, "
        f"{percent(lost[name] / whole)} of all"
        for name in QUEUES
    ]
    sentence = (
        f"With get_nowait, numbers were lost in {runs['queue.lesson']} of {repetitions} runs, "
        f"{lost['queue.lesson']:,} of {whole:,} in all, and nothing said so; with a blocking get "
        f"and one sentinel a consumer, {lost['queue']:,} of {whole:,}."
    )
    if not lost["queue.lesson"]:
        sentence += " A race can go well: run it again."

    def draw() -> figure:
        from mpviz.charts.experiments_faults import losing_queue as chart

        return chart(frame, titles)

    return Finding(frame=frame, sentence=sentence, draw=draw)
