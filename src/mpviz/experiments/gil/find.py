"""The same work in threads and in processes: how many CPUs compute.

CPU time is known only task by task: within a task it is taken to be spread evenly.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from mpviz.analysis.trace import Trace
from mpviz.core.plan import DEFAULT_TIMEOUT
from mpviz.core.text import digits, seconds
from mpviz.engine import runner
from mpviz.engine.environment import usable_cpus
from mpviz.experiments.finding import Experiment, Finding
from mpviz.experiments.gil import chart
from mpviz.experiments.measuring import Measuring
from mpviz.workloads import busy

UNDISTURBED = 0.9  # of a CPU that one process which only computes has to itself
ROWS = {"sequential": "one process", "threads": "threads", "queue": "processes"}


def gil(
    *,
    timeout: float = DEFAULT_TIMEOUT,
    start: runner.Start = runner.start,
    workers: int | None = None,
    tasks_each: int = 5,
    thousands: int = 2000,
    bins: int = 60,
) -> Finding:
    """CPU use over time, computing against not computing.

    Parameters
    ----------
    timeout, start
        As for every `Experiment`.
    workers
        Threads, and then processes; if none is given, one for each usable CPU, from 2 to 4.
    tasks_each
        Tasks for each of them.
    thousands
        Thousands of additions in one task.
    bins
        Into how many pieces of time the longest run is cut.
    """
    crew = workers if workers is not None else min(4, max(2, int(usable_cpus())))
    measuring = Measuring(timeout, start)
    traces = {
        name: measuring.trace(busy, [thousands] * (crew * tasks_each), mechanism=name, workers=crew)
        for name in ROWS
    }
    took = {name: float(trace.summary["makespan_s"]) for name, trace in traces.items()}
    used = {name: float(trace.tasks["cpu_s"].sum()) / took[name] for name, trace in traces.items()}
    edges = np.linspace(0.0, max(took.values()), bins + 1)
    frame = pd.concat(
        [cpu_use(trace.tasks, edges).assign(mechanism=name) for name, trace in traces.items()],
        ignore_index=True,
    )
    titles = [
        f"{label if name == 'sequential' else f'{crew} {label}'}: {seconds(took[name])}, "
        f"{digits(used[name])} CPUs computing"
        for name, label in ROWS.items()
    ]
    sentence = (
        f"One process alone takes {seconds(took['sequential'])}; {crew} threads take "
        f"{seconds(took['threads'])}, {digits(took['sequential'] / took['threads'])} times as "
        f"fast, with {digits(used['threads'])} CPUs computing; {crew} processes take "
        f"{seconds(took['queue'])}, {digits(took['sequential'] / took['queue'])} times as fast, "
        f"with {digits(used['queue'])}. {_why(traces['threads'], crew)}"
    )
    if used["sequential"] < UNDISTURBED:
        sentence += (
            " Something else was using the CPUs meanwhile, so the gain is smaller than it could be."
        )
    return Finding(
        frame=frame, sentence=sentence, draw=partial(chart.gil, frame, titles, workers=crew)
    )


def cpu_use(tasks: pd.DataFrame, edges: np.ndarray) -> pd.DataFrame:
    """In each piece of time: how many CPUs compute, and how many workers are in a task and don't.

    Parameters
    ----------
    tasks
        Frame by `schema.TASKS`.
    edges
        Of the pieces, in seconds, shape (n + 1,).
    """
    done = tasks[tasks["finished_s"].notna()]
    began, ended = (done[name].to_numpy(float)[:, None] for name in ("started_s", "finished_s"))
    inside = np.clip(np.minimum(ended, edges[1:]) - np.maximum(began, edges[:-1]), 0.0, None)
    length = np.maximum(ended - began, 1e-9)
    share = np.clip(done["cpu_s"].to_numpy(float)[:, None] / length, 0.0, 1.0)
    width = np.diff(edges)
    return pd.DataFrame(
        {
            "start_s": edges[:-1],
            "end_s": edges[1:],
            "computing": (inside * share).sum(axis=0) / width,
            "not_computing": (inside * (1 - share)).sum(axis=0) / width,
        }
    )


def _why(threads: Trace, crew: int) -> str:
    environment = threads.record.environment
    cpus = float(environment.get("usable_cpus", crew))
    few = "" if cpus >= crew else f" The {crew} processes share {cpus:g} usable CPUs."
    if not environment.get("gil", True):
        return f"This interpreter has no GIL, so its threads compute side by side.{few}"
    return f"The GIL lets one thread compute at a time; each process has its own GIL.{few}"


GIL = Experiment(
    name="gil",
    title="The GIL",
    about="Does the same work alone, in threads and in processes, and counts the CPUs that "
    "compute; about five seconds.",
    function=gil,
    shows=(busy, "threads", "queue"),
)
