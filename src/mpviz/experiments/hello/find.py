"""One process, from Process(…) to close(), and what changes without `join` or `close`."""

from __future__ import annotations

from functools import partial

import pandas as pd

from mpviz.core.plan import DEFAULT_START_METHOD, DEFAULT_TIMEOUT
from mpviz.core.text import seconds
from mpviz.engine import runner
from mpviz.experiments.finding import Experiment, Finding
from mpviz.experiments.hello import chart, measured
from mpviz.experiments.measuring import Measuring


def hello(
    *,
    timeout: float = DEFAULT_TIMEOUT,
    start: runner.Start = runner.start,
    start_method: str = DEFAULT_START_METHOD,
    work_s: float = 0.05,
) -> Finding:
    """One named process, its life, and what changes without `join` or `close`.

    Parameters
    ----------
    timeout, start
        As for every `Experiment`.
    start_method
        How the process is started.
    work_s
        Seconds that it works before it prints.
    """
    rows, printed = Measuring(timeout, start).rows(
        measured.hello, start_method=start_method, work_s=work_s
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
        f"{seconds(taught['join() returned'] - taught['it ends'])} later. Without join, the "
        f"parent's next line ran {seconds(abs(ahead))} {order} the process printed, and found "
        f"{code}"
    )
    raised = "close() raised" in at["close, not joined"]
    sentence += "; close on a process that had not ended raised ValueError." if raised else "."
    return Finding(
        frame=frame, sentence=sentence, printed=printed, draw=partial(chart.hello, frame)
    )


HELLO = Experiment(
    name="hello",
    title="Hello",
    about="Makes, starts, joins and closes one named process, then leaves out join and close; "
    "about a second.",
    function=hello,
    shows=(measured.greet, measured.hello),
)
