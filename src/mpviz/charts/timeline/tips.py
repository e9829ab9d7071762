"""The timeline's texts, most of them shown under the pointer. Knows no colour and no figure."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mpviz.charts.palette import DONE, FAILED
from mpviz.charts.timeline.merging import Bars, Ints
from mpviz.core.text import seconds, short

RUNNING = DONE["running"].label
# A task that never started has no result that could be lost.
NEVER_LABELS = {name: look.label for name, look in FAILED.items()} | {"missing": "no result"}


def task_tips(
    tasks: pd.DataFrame, bars: Bars, drawn: Ints, labels: list[str], open_: NDArray[np.bool_]
) -> list[str]:
    """Say of each bar which task it is, or how many and from when to when.

    Parameters
    ----------
    tasks
        Frame by `schema.TASKS`; ``bars.first`` points into it.
    bars
        Merged bars.
    drawn
        Which of the bars are meant, shape (k,).
    labels
        How the tasks of each such bar ended, k of them.
    open_
        Whether a task had no end of its own, shape (tasks,).
    """
    rows = tasks.iloc[bars.first[drawn]]
    columns = (rows[name].tolist() for name in ("task", "input", "result", "worker", "cpu_s"))
    spans = (bars.left[drawn], bars.right[drawn], bars.busy[drawn], bars.count[drawn])
    still = open_[bars.first[drawn]]
    tips = []
    for task, value, result, lane, cpu, start, end, busy, count, label, ran in zip(
        *columns, *(span.tolist() for span in spans), labels, still.tolist(), strict=True
    ):
        when = f"from {seconds(start)} to {seconds(end)}"
        if count > 1:
            share = busy / (end - start) if end > start else 1.0
            head = f"{count} tasks · {label} · worker {lane}"
            tips.append(f"{head}\nbusy {seconds(busy)} ({share:.0%}), {when}")
            continue
        lines = [f"task {task} · {label} · worker {lane}", f"input {short(value)}"]
        if isinstance(result, str) and result:
            lines.append(f"result {short(result)}")
        verb = "took" if not ran else "running for" if label == RUNNING else "had run for"
        took = f"{verb} {seconds(end - start)}"
        lines.append(took if np.isnan(cpu) else f"{took}, CPU time {seconds(cpu)}")
        tips.append("\n".join([*lines, when]))
    return tips


def quiet_tips(bars: Bars, drawn: Ints, lane: Ints, labels: list[str]) -> list[str]:
    """Say of each quiet bar what the worker was doing, and for how long."""
    spans: list[NDArray[Any]] = [bars.left, bars.right, bars.busy, bars.count]
    return [
        f"{label} · worker {worker}\n{seconds(busy)}"
        + (f" in {count} pieces" if count > 1 else "")
        + f", from {seconds(start)} to {seconds(end)}"
        for worker, label, start, end, busy, count in zip(
            lane.tolist(), labels, *(span[drawn].tolist() for span in spans), strict=True
        )
    ]


def never_tips(rows: pd.DataFrame, label: str) -> str:
    """Say which tasks one marker of the last row stands for."""
    numbers = rows["task"].tolist()
    if len(numbers) == 1:
        return f"task {numbers[0]} · never started · {label}\ninput {short(rows['input'].iloc[0])}"
    shown = ", ".join(map(str, numbers[:6])) + (", …" if len(numbers) > 6 else "")
    return f"{len(numbers)} tasks · never started · {label}\ntasks {shown}"


def never_note(outcomes: list[str]) -> str:
    """Count the tasks that never started, and say why if there is one reason."""
    counts = Counter(outcomes).most_common()
    if len(counts) == 1:
        return f"{len(outcomes)} never started: {NEVER_LABELS[counts[0][0]]}"
    return f"{len(outcomes)} never started"
