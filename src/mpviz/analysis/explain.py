"""What happened in a run, in words with numbers. Knows only a row of the runs frame.

Why it took as long as it did is for `mpviz.analysis.causes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mpviz.analysis.cautions import DISTURBED
from mpviz.analysis.metrics import NOISE, others_share, suspect
from mpviz.core.text import counted, digits, listed, percent, seconds, short

WORTH_A_WORD = 0.03  # a smaller share of the worker-seconds is not mentioned
WORTH_A_REASON = 0.1  # of the worker-seconds
MOST_NAMED = 5  # tasks
LOST = {
    "error": "raised an exception",
    "died": "died with the worker",
    "timeout": "did not come back before the deadline",
    "cancelled": "had not come back when the run was cancelled",
    "missing": "never came back",
}


def explain(run: Mapping[Any, Any]) -> str:
    """What happened, in words with numbers.

    Parameters
    ----------
    run
        One row by ``schema.RUNS``.
    """
    parts = [_failures(run), _ending(run), _speed(run), _shares(run), _disturbed(run)]
    return " ".join(part for part in parts if part)


def differ(run: Mapping[Any, Any]) -> bool:
    """Whether the answers are known to differ from the sequential run's."""
    agree = run["answers_agree"]  # a bool, numpy's bool, or what pandas has for unknown
    return not pd.isna(agree) and not agree


def failed(tasks: pd.DataFrame) -> list[str]:
    """Which tasks raised, died or were cut by the deadline, and with which input.

    Parameters
    ----------
    tasks
        Frame by ``schema.TASKS``.

    Returns
    -------
    list of str
        A sentence for each of the first few, and one that counts the others.
    """
    cut = (tasks["outcome"] == "timeout") & tasks["started_s"].notna()
    bad = tasks[tasks["outcome"].isin(["error", "died"]) | cut & tasks["finished_s"].isna()]
    told = [
        f"Task {row['task']} (input {_line(row['input'])}) {_what(row)}."
        for row in bad.head(MOST_NAMED).to_dict("records")
    ]
    more = len(bad) - len(told)
    return told + ([f"{counted(more, 'more task')} failed."] if more else [])


def _what(task: Mapping[Any, Any]) -> str:
    if task["outcome"] == "error":
        return f"raised {_line(task['result'].rstrip('.')) or 'an exception'}"
    return "died with its worker" if task["outcome"] == "died" else "was at work at the deadline"


def _line(text: str) -> str:
    return short(" ".join(text.split()))


def agreement(run: Mapping[Any, Any]) -> str:
    """Whether the answers agree with the sequential run's, in a word or two."""
    if pd.isna(run["answers_agree"]):
        return "not compared"
    if not differ(run):
        return "yes"
    return "within 1e-9" if _close(run) else "no"


def went_well(run: Mapping[Any, Any]) -> bool:
    """Whether the run came to its own end, every task ok and no answer known to differ."""
    return bool(run["ok"] == run["tasks"] and run["ending"] == "finished") and not differ(run)


def why_suspect(run: Mapping[Any, Any]) -> str:
    """Why the speedup can't be: "more than 2 CPUs can give"; empty where it can."""
    if not suspect(run["speedup"], run["possible_speedup"]):
        return ""
    if run["possible_speedup"] >= run["workers"]:
        return f"more than {counted(run['workers'], 'worker')} can give"
    if _gil_threads(run) and run["possible_speedup"] < run["usable_cpus"]:
        return "more than threads under one GIL can give"
    return f"more than {counted(run['usable_cpus'], 'CPU')} can give"


def _failures(run: Mapping[Any, Any]) -> str:
    if run["ok"] == run["tasks"]:
        return ""
    lost = [f"{run[name]:,} {words}" for name, words in LOST.items() if run[name]]
    return f"{run['ok']:,} of {counted(run['tasks'], 'task')} ended well; {listed(lost)}."


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
    if answers := _answers(run):
        told.append(answers)
    if left := run["left_behind"]:
        told.append(
            f"{counted(left, 'process')} went on after the program was done, and"
            f" {'were' if left > 1 else 'was'} ended."
        )
    if lost := run["lost_workers"]:
        told.append(
            f"{counted(lost, 'more worker')} started than could be recorded, and"
            f" {'are' if lost > 1 else 'is'} not shown."
        )
    return " ".join(told)


def _answers(run: Mapping[Any, Any]) -> str:
    note = f": {run['answers_note']}" if run["answers_note"] else ""
    if differ(run):
        if _close(run):
            return f"Its answers agree with the sequential run's within 1e-9, not exactly{note}."
        return f"Its answers differ from the sequential run's{note}."
    return f"Whether its answers are the sequential run's is not known{note}." if note else ""


def _close(run: Mapping[Any, Any]) -> bool:
    return not pd.isna(run["answers_close"]) and bool(run["answers_close"])


def _speed(run: Mapping[Any, Any]) -> str:
    took = seconds(run["makespan_s"])
    if run["mechanism"] == "sequential":
        return f"One process worked for {took}."
    kind = "thread" if run["mechanism"] == "threads" else "worker"
    crew = f"{counted(run['workers'], kind)} ({run['mechanism']})"
    if run["ok"] < run["tasks"]:
        return f"{crew} worked for {took}."
    if pd.isna(run["speedup"]):
        return f"{crew} did {counted(run['tasks'], 'task')} in {took}."
    alone, why = seconds(run["baseline_s"]), why_suspect(run)
    speedup = f"a speedup of {digits(run['speedup'])}{f', suspect: {why}' if why else ''}"
    return f"{crew} took {took}; one process alone takes {alone}: {speedup}."


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


def _disturbed(run: Mapping[Any, Any]) -> str:
    share = others_share(run)
    if not share >= DISTURBED:
        return ""
    return f"Disturbed: other programs took {percent(share)} of this machine's CPU time meanwhile."


def under_the_gil(run: Mapping[Any, Any]) -> bool:
    """Whether threads that compute all the time, when alone, had one CPU where there were more."""
    if not _gil_threads(run) or run["workers"] < 2:
        return False
    alone = run["computation_scaling"] * run["useful_s"]  # useful time of the sequential run
    computes = run["cpu_s"] > (1 - WORTH_A_REASON) * alone
    one = 1 - WORTH_A_REASON < run["cpu_s"] / run["makespan_s"] < 1 + NOISE
    return bool(computes and one and run["usable_cpus"] >= 2)


def _gil_threads(run: Mapping[Any, Any]) -> bool:
    gil = run["gil"]  # unknown in a record without an environment
    return run["mechanism"] == "threads" and not pd.isna(gil) and bool(gil)
