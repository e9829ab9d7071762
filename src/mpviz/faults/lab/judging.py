"""Trace -> Cell: what was seen, judged by how the run and each of its tasks ended."""

from __future__ import annotations

import re

from mpviz.analysis.trace import Trace
from mpviz.core.outcome import Ending, Outcome
from mpviz.core.text import seconds, size
from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.advice import advice
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.reasons import UNSTARTED, reason

ENDED = {
    Ending.CANCELLED: Seen.CANCELLED,
    Ending.MEMORY: Seen.MEMORY,
    Ending.HOST_DIED: Seen.DIED,
    Ending.DEADLINE: Seen.HUNG,
    Ending.RAISED: Seen.RAISED,
}
# What these do to a program that does not catch them.
CONSEQUENCES = {
    "SystemExit": "a program that does not catch it ends there, silently, with status 0",
    "KeyboardInterrupt": "a program that does not catch it ends as by Ctrl-C",
}
LONGEST = 120  # characters of an exception in a sentence
UNREAD = re.compile(r"<\w+>")  # only its type is known: see mpviz.engine.recording.results


def judge(trace: Trace, *, gone_s: float = float("nan")) -> Cell:
    """What was seen of the mechanism with the fault.

    Parameters
    ----------
    trace
        The run of a plan by `mpviz.faults.lab.running.plan_of`.
    gone_s
        Seconds from the call until every process was gone.
    """
    record = trace.record
    plan = record.plan
    what = seen(trace)
    safer, code = advice(plan.mechanism, plan.workload, what)
    return Cell(
        mechanism=plan.mechanism,
        fault=plan.workload,
        start_method=plan.start_method,
        seen=what,
        sentence=sentence(trace, what),
        lost=lost(trace),
        raised=record.message if record.ending is Ending.RAISED else "",
        after_s=after(trace),
        left_behind=record.left_behind,
        safer=safer,
        safer_code=code,
        trace=trace,
        gone_s=gone_s,
    )


def seen(trace: Trace) -> Seen:
    """The outcome: how the run ended, or, if the call just returned, what it returned."""
    if trace.record.ending in ENDED:
        return ENDED[trace.record.ending]
    if lost(trace):
        return Seen.LOST
    if wrong(trace):
        return Seen.WRONG
    return Seen.LEFT if trace.record.left_behind else Seen.RIGHT


def lost(trace: Trace) -> int:
    """Tasks whose result never arrived."""
    return int((trace.tasks["outcome"] != Outcome.OK.value).sum())


def wrong(trace: Trace) -> int:
    """Tasks whose result arrived and is wrong."""
    fault = FAULTS[trace.record.plan.workload]
    return sum(
        result != fault.answer_of(task) and not UNREAD.fullmatch(result)
        for task, result in _arrived(trace)
    )


def unread(trace: Trace) -> int:
    """Tasks whose result arrived, but was too large to be read within the time for it."""
    return sum(bool(UNREAD.fullmatch(result)) for _, result in _arrived(trace))


def _arrived(trace: Trace) -> list[tuple[int, str]]:
    """The tasks whose result arrived, with its text."""
    tasks = trace.tasks[trace.tasks["outcome"] == Outcome.OK.value]
    return list(zip(map(int, tasks["task"]), map(str, tasks["result"]), strict=True))


def unstarted(trace: Trace) -> int:
    """Tasks that no worker started, though their input could be sent."""
    fault = FAULTS[trace.record.plan.workload]
    unsendable = () if fault.argument is None else fault.tasks
    waiting = trace.tasks["started_s"].isna() & ~trace.tasks["task"].isin(unsendable)
    return int(waiting.sum())


def after(trace: Trace) -> float:
    """Seconds from the call to its last result, to its exception, or to where it was ended."""
    return trace.record.makespan_s


def sentence(trace: Trace, what: Seen) -> str:
    """What was seen, why, what was left behind, and how many tasks ended how."""
    record = trace.record
    parts = [f"{_happened(trace, what)}."]
    if why := reason(record.plan.mechanism, record.plan.workload, what):
        parts.append(f"{why}.")
    early = UNSTARTED.get(record.plan.mechanism)
    if what is Seen.LOST and early and (count := unstarted(trace)):
        parts.append(f"{count} {'was' if count == 1 else 'were'} never started: {early}.")
    if count := unread(trace):
        parts.append(f"{count} {'result' if count == 1 else 'results'} took too long to check.")
    if count := record.left_behind:
        parts.append(f"{count} {'process was' if count == 1 else 'processes were'} left behind.")
    counts = trace.tasks["outcome"].value_counts()
    account = ", ".join(
        f"{counts[one.value]} {one.value}" for one in Outcome if counts.get(one.value)
    )
    return " ".join([*parts, f"Tasks: {account}."])


def _happened(trace: Trace, what: Seen) -> str:
    record, took = trace.record, seconds(after(trace))
    total = len(trace.tasks)
    message = shortened(record.message)
    answers = "answers" if unread(trace) else "right answers"
    if what is Seen.RAISED:
        kind = message.partition(":")[0]
        then = f"; {CONSEQUENCES[kind]}" if kind in CONSEQUENCES else ""
        return f"The call raised {message or 'an exception'} after {took}{then}"
    return {
        Seen.RIGHT: f"The call gave all {total} {answers} in {took}",
        Seen.LEFT: f"The call gave all {total} {answers} in {took}",
        Seen.WRONG: f"The call returned after {took}, and {wrong(trace)} answers are wrong",
        Seen.LOST: f"The call returned after {took} as if all were well, and {lost(trace)} of "
        f"{total} results never came",
        Seen.HUNG: "The call had not come back when the deadline of "
        f"{seconds(record.plan.timeout)} ended it",
        Seen.DIED: f"The program itself died after {took}: {message}",
        Seen.MEMORY: f"It was ended after {took}, at its memory ceiling of "
        f"{size(record.plan.memory or 0)}",
        Seen.CANCELLED: f"It was cancelled after {took}",
    }[what]


def shortened(message: str) -> str:
    """A message on one line, cut if it is long."""
    text = " ".join(message.split()).rstrip(".")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
