"""The lesson's pipe with a worker that dies before it sends, beside its repair."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from mpviz.core.outcome import Ending
from mpviz.core.plan import DEFAULT_TIMEOUT
from mpviz.core.text import seconds
from mpviz.engine import runner
from mpviz.experiments.finding import Experiment, Finding
from mpviz.experiments.measuring import Measuring
from mpviz.experiments.waiting_pipe import chart, measured

PIPES = ("pipe.lesson", "pipe")
MILLISECONDS = (300, 150, -80, 220)  # the third worker dies before it sends


def waiting_pipe(
    *,
    timeout: float = DEFAULT_TIMEOUT,
    start: runner.Start = runner.start,
    milliseconds: Sequence[int] = MILLISECONDS,
    patience: float = 2.0,
) -> Finding:
    """The lesson's pipe with a worker that dies before it sends, and the pipe that notices.

    Parameters
    ----------
    timeout, start
        As for every `Experiment`.
    milliseconds
        How long each worker waits; one below 0 dies after as long.
    patience
        The deadline of each run, in seconds.
    """
    measuring = Measuring(timeout, start)
    parts, ended = [], {}
    for name in PIPES:
        trace = measuring.trace(
            measured.wait_or_die,
            milliseconds,
            mechanism=name,
            workers=len(milliseconds),
            patience=patience,
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
        f"the other {came['pipe']} were in hand after {seconds(over['pipe'])}."
    )
    titles = [
        f"{name}: {came[name]} of {count} in hand, {ended[name]} at {seconds(over[name])}"
        for name in PIPES
    ]
    return Finding(frame=frame, sentence=sentence, draw=partial(chart.waiting_pipe, frame, titles))


WAITING_PIPE = Experiment(
    name="waiting_pipe",
    title="The pipe that waits for ever",
    about="Lets one worker die before it sends, with the lesson's pipe and with a pipe for each "
    "worker; about four seconds, most of them spent waiting for the deadline.",
    function=waiting_pipe,
    shows=(measured.wait_or_die, *PIPES),
)
