"""What happened in a run, and why, in words with numbers. Knows only a row of the runs frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mpviz.mechanisms import MECHANISMS
from mpviz.text import digits, percent, seconds

WORTH_A_WORD = 0.03  # a smaller share of the worker-seconds is not mentioned
WORTH_A_REASON = 0.1  # of the worker-seconds
HALF = 0.5
MOST = 0.4  # of the worker-seconds: then it is the reason
SLOWER = 1.1  # tasks that take this many times as long as alone are mentioned
LOST = {
    "error": "raised an exception",
    "died": "died with the worker",
    "timeout": "did not come back before the deadline",
    "cancelled": "had not come back when the run was cancelled",
    "missing": "never came back",
}


def explain(run: Mapping[Any, Any]) -> str:
    """What happened and why, in words with numbers.

    Parameters
    ----------
    run
        One row by ``schema.RUNS``.
    """
    parts = [_failures(run), _ending(run), _speed(run), _shares(run), _cause(run)]
    return " ".join(part for part in parts if part)


def _failures(run: Mapping[Any, Any]) -> str:
    if run["ok"] == run["tasks"]:
        return ""
    lost = [f"{run[name]:,} {words}" for name, words in LOST.items() if run[name]]
    return f"{run['ok']:,} of {_tasks(run)} ended well; {_list(lost)}."


def _ending(run: Mapping[Any, Any]) -> str:
    message = " ".join(run["message"].split()).rstrip(".")
    told = []
    if run["ending"] == "raised":
        told.append(f"The call raised {message or 'an exception'}.")
    elif run["ending"] == "host died":
        told.append(f"The program died{': ' + message if message else ''}.")
    elif run["ending"] == "memory":
        told.append(f"The run was ended{': ' + message if message else ''}.")
    elif run["ending"] == "deadline":
        told.append(f"The deadline of {seconds(run['timeout_s'])} ended the run.")
    if message and run["ending"] in ("finished", "deadline", "cancelled"):
        told.append(f"{message[0].upper()}{message[1:]}.")
    if run["answers_agree"] is False:
        told.append("Its answers differ from the sequential run's.")
    return " ".join(told)


def _speed(run: Mapping[Any, Any]) -> str:
    took = seconds(run["makespan_s"])
    if run["mechanism"] == "sequential":
        return f"One process worked for {took}."
    kind = "thread" if run["mechanism"] == "threads" else "worker"
    crew = f"{run['workers']:,} {kind}{'s' if run['workers'] > 1 else ''} ({run['mechanism']})"
    if run["ok"] < run["tasks"]:
        return f"{crew} worked for {took}."
    if pd.isna(run["speedup"]):
        return f"{crew} did {_tasks(run)} in {took}."
    alone = seconds(run["baseline_s"])
    speedup = digits(run["speedup"])
    return f"{crew} took {took}; one process alone takes {alone}: a speedup of {speedup}."


def _shares(run: Mapping[Any, Any]) -> str:
    total = run["makespan_s"] * run["workers"]
    if not total > 0:
        return ""
    computing = run["computing_s"]
    inside = (
        {"inside tasks": run["useful_s"]}
        if pd.isna(computing)
        else {
            "computing": computing,
            "inside tasks but not computing": run["useful_s"] - computing,
        }
    )
    parts = {
        **inside,
        "starting workers": run["startup_s"],
        "idle between tasks": run["gap_s"],
        "idle at the end, with no task left to start": run["tail_s"],
    }
    told = [
        f"{percent(part / total)} {words}"
        for words, part in sorted(parts.items(), key=lambda pair: -pair[1])
        if part / total > WORTH_A_WORD
    ]
    return f"Of {seconds(total)} of worker time: {', '.join(told)}." if told else ""


def _cause(run: Mapping[Any, Any]) -> str:
    total = run["makespan_s"] * run["workers"]
    if run["died"] and run["ending"] == "deadline":
        return "The mechanism waited for a result that could no longer come."
    if run["startup_s"] > MOST * total:
        return "Starting workers cost more than the tasks: it pays with more, or longer, tasks."
    if run["useful_s"] - run["computing_s"] > WORTH_A_REASON * total:
        return _why_not_computing(run)
    if run["gap_s"] > MOST * total:
        cure = "larger chunks" if MECHANISMS[run["mechanism"]].chunks else "longer tasks"
        return f"Handing over a task takes long beside doing it: {cure} would help."
    if run["tail_s"] > MOST * total:
        return "The last tasks were long, or unevenly dealt: other workers had none left."
    if run["computation_scaling"] * SLOWER < 1:
        return (
            f"A task took {digits(1 / run['computation_scaling'])} times as long as it does alone: "
            "workers share caches, memory and the processor's clock."
        )
    return ""


def _why_not_computing(run: Mapping[Any, Any]) -> str:
    busy = run["computing_s"] > HALF * run["makespan_s"]  # of one CPU, all the time
    if busy and run["mechanism"] == "threads" and run["gil"]:
        return "The GIL lets one thread compute at a time; the others wait inside their tasks."
    if run["computing_s"] < WORTH_A_REASON * run["useful_s"] and not busy:
        return "These tasks wait rather than compute."
    if run["workers"] > run["usable_cpus"]:
        return f"{run['workers']} workers share {run['usable_cpus']:.3g} CPUs."
    return "Something else was using the CPUs, or the tasks wait."


def _tasks(run: Mapping[Any, Any]) -> str:
    return f"{run['tasks']:,} task{'s' if run['tasks'] != 1 else ''}"


def _list(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
