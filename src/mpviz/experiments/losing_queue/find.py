"""The lesson's queue, whose consumers may leave early, beside its repair."""

from __future__ import annotations

from functools import partial

import pandas as pd

from mpviz.core.plan import DEFAULT_TIMEOUT
from mpviz.core.text import percent
from mpviz.engine import runner
from mpviz.experiments.finding import Experiment, Finding
from mpviz.experiments.losing_queue import chart
from mpviz.experiments.measuring import Measuring
from mpviz.workloads import is_prime

QUEUES = ("queue.lesson", "queue")
HANGS = 5.0  # seconds after which a repetition of the race is given up


def losing_queue(
    *,
    timeout: float = DEFAULT_TIMEOUT,
    start: runner.Start = runner.start,
    repetitions: int = 20,
    items: int = 300,
    workers: int = 2,
) -> Finding:
    """The `get_nowait` race, again and again, and the queue without it.

    Parameters
    ----------
    timeout, start
        As for every `Experiment`.
    repetitions
        Runs of each of the two.
    items, workers
        Numbers to check in each run, and the consumers that share them.
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
        f"{name}: lost numbers in {runs[name]} of {repetitions} runs, "
        f"{percent(lost[name] / whole)} of all"
        for name in QUEUES
    ]
    silence = ", and nothing said so" if lost["queue.lesson"] else ""
    sentence = (
        f"With get_nowait, numbers were lost in {runs['queue.lesson']} of {repetitions} runs, "
        f"{lost['queue.lesson']:,} of {whole:,} in all{silence}; with a blocking get and one "
        f"sentinel for each consumer, {lost['queue']:,} of {whole:,}."
    )
    if not lost["queue.lesson"]:
        sentence += " A race can end well: run it again."
    return Finding(frame=frame, sentence=sentence, draw=partial(chart.losing_queue, frame, titles))


LOSING_QUEUE = Experiment(
    name="losing_queue",
    title="The queue that loses numbers",
    about="Runs the lesson's get_nowait queue twenty times beside the queue without the race, and "
    "counts what was lost; about fifteen seconds.",
    function=losing_queue,
    shows=QUEUES,
)
