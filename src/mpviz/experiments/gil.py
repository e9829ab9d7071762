"""The same work in threads and in processes: how many CPUs compute. Knows no figure and no host.

Knows CPU time only task by task: within one task it is taken to be spread evenly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mpviz.core.text import digits, seconds
from mpviz.engine import runner
from mpviz.engine.environment import usable_cpus
from mpviz.experiments.finding import Finding
from mpviz.experiments.measuring import Measuring
from mpviz.workloads import busy

if TYPE_CHECKING:
    from bokeh.plotting import figure

    from mpviz.analysis.trace import Trace

UNDISTURBED = 0.9  # of a CPU that one process which only computes has to itself
ROWS = {"sequential": "one process", "threads": "threads", "queue": "processes"}


def gil(
    *,
    timeout: float = 60.0,
    start: runner.Start = runner.start,
    workers: int | None = None,
    tasks_each: int = 5,
    thousands: int = 2000,
    bins: int = 60,
) -> Finding:
    """CPU use over time, computing against not computing.

    Parameters
    ----------
    timeout
        The deadline in seconds.
    start
        Starts a run.
    workers
        Threads, and then processes; as many as there are usable CPUs, from 2 to 4, if not told.
    tasks_each
        Tasks for each of them.
    thousands
        Of additions in one task.
    bins
        Pieces that the longest run is cut into.

    Raises
    ------
    mpviz.Refused
        When it could not be measured.
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
        sentence += " Something else was using the CPUs meanwhile, so it shows less than it could."

    def draw() -> figure:
        from mpviz.charts.experiments_use import gil as chart

        return chart(frame, titles, workers=crew)

    return Finding(frame=frame, sentence=sentence, draw=draw)


def cpu_use(tasks: pd.DataFrame, edges: np.ndarray) -> pd.DataFrame:
    """How many CPUs compute, and how many workers are in a task and do not, in each piece of time.

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
    few = "" if cpus >= crew else f" The {crew} processes share {digits(cpus)} usable CPUs."
    if not environment.get("gil", True):
        return f"This interpreter has no GIL, so its threads compute side by side.{few}"
    return f"The GIL lets one thread compute at a time; each process has a GIL of its own.{few}"
