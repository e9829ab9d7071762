"""Record -> pandas. Knows how the trace table's words lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import pandas_dtype

from mpviz.analysis import metrics
from mpviz.analysis.answers import Agreement, compare
from mpviz.core import schema
from mpviz.core.outcome import Ending, Outcome, outcome
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.core.text import as_text
from mpviz.engine.recording import table as words
from mpviz.mechanisms import MECHANISMS

Words = NDArray[np.int64]

NAN = float("nan")
READING = 20_000  # nanoseconds of CPU time between a task's wall stamps and its CPU stamps
LATE_NS = 10**9 * 3600  # after a run's end nothing of it is stamped any more
COUNTED = (
    *("voluntary", "involuntary", "minor_faults", "major_faults", "read_b", "written_b"),
    *("threads", "peak_pss_b", "last_pss_b"),
)
UNTOLD = 0.03  # of the time in tasks: so much CPU time may be nobody's


def shaped(columns: dict[str, Any], wanted: Sequence[schema.Column]) -> pd.DataFrame:
    """A frame of just the wanted columns, in their order, with their dtypes; empty ones too."""
    return pd.DataFrame(
        {
            column.name: pd.array(columns[column.name], dtype=_dtype(column.dtype))
            for column in wanted
        }
    )


@cache
def _dtype(name: str) -> Any:
    """A dtype by its name; looking one up takes pandas longer than making a short column."""
    return pandas_dtype(name)


def tasks_frame(record: Record, run: int = 0) -> pd.DataFrame:
    """A row a task, by ``schema.TASKS``; times in seconds since the mechanism was called."""
    rows = _task_rows(record)
    crew = _crew(record)
    plan = record.plan
    state = rows[:, words.STATE] & 3
    row_of = rows[:, words.STATE] >> 2
    known = (state > 0) & (row_of >= 0)
    place = np.where(known, row_of, 0)
    outcomes = _outcomes(record, rows, crew)
    known_results = dict(record.results) | dict(record.errors)
    results = [known_results.get(index, "") for index in range(len(rows))]
    ended = state >= words.DONE
    return shaped(
        {
            **_plan_columns(plan, run, len(rows)),
            "task": np.arange(len(rows)),
            "input": [as_text(value) for value in plan.inputs],
            "worker": _integers(crew[place, words.LANE] if len(crew) else place, known),
            "pid": _integers(crew[place, words.PID] if len(crew) else place, known),
            "tid": _integers(crew[place, words.TID] if len(crew) else place, known),
            "started_s": _seconds(rows[:, words.STARTED], record, state > 0),
            "finished_s": _seconds(rows[:, words.FINISHED], record, ended),
            "received_s": _seconds(rows[:, words.RECEIVED], record),
            "cpu_s": np.where(ended, _cpu_seconds(rows), NAN),
            "outcome": outcomes,
            "result": results,
        },
        schema.TASKS,
    )


def _cpu_seconds(rows: Words) -> NDArray[np.float64]:
    """CPU time of each task; what exceeds its wall time by no more than a reading takes is cut."""
    wall = rows[:, words.FINISHED] - rows[:, words.STARTED]
    cpu = rows[:, words.CPU]
    return np.where(cpu - wall < READING, np.minimum(cpu, wall), cpu) / 1e9


def computing_of(record: Record, tasks: pd.DataFrame) -> float:
    """Seconds that tasks were computing, of their wall time; NaN where it can't be told.

    A thread's own CPU time says nothing of other threads and of children that computed for it
    meanwhile; whether there were any, the CPU time of the whole process tells. Of a task that did
    not come to its end nothing is known.
    """
    wall = tasks["finished_s"] - tasks["started_s"]
    if (wall.isna() & tasks["started_s"].notna()).any():
        return NAN
    computing = float(np.fmin(tasks["cpu_s"], wall).sum())
    mechanism = MECHANISMS[record.plan.mechanism]
    if mechanism.processes or not mechanism.parallel:
        return computing
    others = record.host_cpu_ns / 1e9 - float(tasks["cpu_s"].sum())
    told = record.host_cpu_ns > 0 and others <= UNTOLD * float(wall.sum())
    return computing if told else NAN


def _outcomes(record: Record, rows: Words, crew: Words) -> Any:
    state = rows[:, words.STATE] & 3
    row_of = rows[:, words.STATE] >> 2
    over = (
        (crew[:, words.EXITED] > 0)
        | (crew[:, words.STOPPED] > 0)
        | (crew[:, words.EXITCODE] != words.NO_EXITCODE)
    )
    if record.ending is Ending.RAISED:
        # A call that raises may terminate its workers, and a program that ends does: no death of
        # theirs. The latter leaves no exit code, only the guard's stamp.
        code, exited = crew[:, words.EXITCODE], crew[:, words.EXITED]
        over &= (code != -15) & ~((code == words.NO_EXITCODE) & (exited > record.ended_ns))
    died = np.zeros(len(rows), dtype=bool)
    known = (state > 0) & (row_of >= 0)
    died[known] = over[row_of[known]]
    if record.ending is Ending.RUNNING:
        so_far = ["", "running", "ok", "error", Outcome.DIED.value]
        died_now = died & (state == words.RUNNING)
        return _named(so_far, np.where(died_now, 4, state).astype(np.int64))
    facts = [
        state > 0,
        state >= words.DONE,
        state == words.FAILED,
        rows[:, words.RECEIVED] > 0,
        died,
    ]
    code = np.bitwise_or.reduce([fact.astype(np.int64) << bit for bit, fact in enumerate(facts)])
    names = [
        outcome(
            started=bool(bits & 1),
            finished=bool(bits & 2),
            failed=bool(bits & 4),
            received=bool(bits & 8),
            worker_died=bool(bits & 16),
            ending=record.ending,
        ).value
        for bits in range(32)
    ]
    return _named(names, code)


def workers_frame(record: Record, run: int = 0) -> pd.DataFrame:
    """A row a worker that was started, by ``schema.WORKERS``."""
    crew = _crew(record)
    rows = _task_rows(record)
    state = rows[:, words.STATE] & 3
    row_of = rows[:, words.STATE] >> 2
    begun = (state > 0) & (row_of >= 0)
    over = begun & (state >= words.DONE)
    size = len(crew)
    wall = (rows[:, words.FINISHED] - rows[:, words.STARTED])[over] / 1e9
    cpu = _cpu_seconds(rows[over])
    first = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first, row_of[begun], rows[begun, words.STARTED])
    last = np.zeros(size, dtype=np.int64)
    np.maximum.at(last, row_of[over], rows[over, words.FINISHED])
    counts = np.bincount(row_of[begun], minlength=size)
    stopped = crew[:, words.STOPPED]
    code = crew[:, words.EXITCODE]
    names = crew[:, words.NAME : words.NAME + words.NAME_WORDS]
    return shaped(
        {
            "run": np.full(size, run),
            "worker": crew[:, words.LANE],
            "name": [row.tobytes().rstrip(b"\0").decode("utf-8", "replace") for row in names],
            "pid": _integers(crew[:, words.PID], crew[:, words.PID] > 0),
            "tid": _integers(crew[:, words.TID], crew[:, words.TID] > 0),
            "requested_s": _seconds(crew[:, words.REQUESTED], record),
            "booted_s": _seconds(crew[:, words.BOOTED], record),
            "first_task_s": _seconds(first, record, counts > 0),
            "last_task_s": _seconds(last, record),
            "ended_s": _seconds(np.where(stopped > 0, stopped, crew[:, words.EXITED]), record),
            "exitcode": _integers(code, code != words.NO_EXITCODE),
            "tasks": counts,
            "useful_s": np.bincount(row_of[over], wall, minlength=size),
            "cpu_s": np.bincount(row_of[over], cpu, minlength=size),
            **_usage_columns(record, size),
        },
        schema.WORKERS,
    )


def _usage_columns(record: Record, size: int) -> dict[str, Any]:
    """What the guard counted of each worker; NA where the system tells nothing."""
    rows = [record.usage.workers.get(row, {}) for row in range(size)]
    counts = {name: [row.get(name) for row in rows] for name in COUNTED}
    return {"waited_s": [row.get("waited_ns", NAN) / 1e9 for row in rows], **counts}


def intervals_frame(record: Record, tasks: pd.DataFrame, workers: pd.DataFrame) -> pd.DataFrame:
    """The account of time of one run, by ``schema.INTERVALS``."""
    return metrics.account(tasks, workers, lanes=record.plan.lanes, makespan=record.makespan_s)


def runs_frame(
    record: Record,
    tasks: pd.DataFrame,
    intervals: pd.DataFrame,
    *,
    baseline: tuple[Record, pd.DataFrame, Mapping[Any, Any]] | None = None,
    run: int = 0,
) -> pd.DataFrame:
    """The one row of a run, by ``schema.RUNS``.

    Parameters
    ----------
    baseline
        The sequential run's record, its tasks, and its row. Speedup is NaN without one, and
        wherever a task of either run did not end as ok: the ratio of unequal work says nothing.
    """
    plan, makespan, lanes = record.plan, record.makespan_s, record.plan.lanes
    counts = tasks["outcome"].value_counts()
    seconds = metrics.seconds_by_kind(intervals)
    useful = metrics.useful_by_lane(intervals, lanes)
    balance = metrics.load_balance(useful)
    communication = metrics.communication_efficiency(useful, makespan)
    environment = record.environment
    unknown = {column.name: NAN for column in schema.RUNS if column.dtype == "float64"}
    row = {
        **{column.name: None for column in schema.RUNS},
        **{column.name: "" for column in schema.RUNS if column.dtype == "str"},
        **unknown,
        **environment,
        **{name: values[0] for name, values in _plan_columns(plan, run, 1).items()},
        "input_set": plan.input_set,
        "timeout_s": plan.timeout,
        "ending": record.ending.value,
        "message": record.message,
        "makespan_s": makespan,
        "load_balance": balance,
        "communication_efficiency": communication,
        "parallel_efficiency": balance * communication,
        "startup_s": seconds["startup"],
        "gap_s": seconds["gap"],
        "tail_s": seconds["tail"],
        "useful_s": seconds["task"],
        "cpu_s": float(tasks["cpu_s"].sum()),
        "computing_s": computing_of(record, tasks),
        "tasks": len(tasks),
        **{name.value: int(counts.get(name.value, 0)) for name in Outcome},
        "answers_note": "",
        "lost_workers": record.lost_workers,
        "left_behind": record.left_behind,
        "watched_s": record.usage.watched_ns / 1e9 or NAN,
        "others_s": _told(record.usage.others_ns),
        "throttled_s": _told(record.usage.throttled_ns),
    }
    if baseline is not None:
        before, tasks_before, row_before = baseline
        agree = agreement(record, tasks, before, tasks_before)
        row |= {
            **metrics.compared(row, row_before),
            "answers_agree": agree.same,
            "answers_close": agree.close,
            "answers_note": agree.note,
        }
    return shaped({name: [value] for name, value in row.items()}, schema.RUNS)


def _told(nanoseconds: int) -> float:
    return nanoseconds / 1e9 if nanoseconds >= 0 else NAN


def agreement(
    record: Record, tasks: pd.DataFrame, before: Record, tasks_before: pd.DataFrame
) -> Agreement:
    """Whether the results that both runs have agree; not known where there are none."""
    both = (tasks["outcome"] == "ok") & (tasks_before["outcome"] == "ok")
    return compare(record, before, np.flatnonzero(both.to_numpy()).tolist())


def _plan_columns(plan: Plan, run: int, size: int) -> dict[str, Any]:
    mechanism = MECHANISMS[plan.mechanism]
    constants = {
        "run": run,
        "workload": plan.workload,
        "mechanism": plan.mechanism,
        "start_method": plan.start_method if mechanism.processes else "",
        "workers": plan.lanes,
        "chunk_size": plan.chunk_size if mechanism.chunks else 1,
    }
    everywhere = np.zeros(size, dtype=np.int64)
    return {name: _named([value], everywhere) for name, value in constants.items()}


def _named(values: list[Any], places: Words) -> Any:
    """``values[place]`` for each place; for 100,000 texts ten times as fast as from a list."""
    dtype: Any = "str" if isinstance(values[0], str) else "int64"
    return pd.array(values, dtype=dtype).take(places)


def _task_rows(record: Record) -> Words:
    """The rows of tasks; where the user's code wrote what can't be, as if nothing were written."""
    rows = np.frombuffer(record.tasks, dtype=np.int64).reshape(-1, words.TASK_WORDS).copy()
    for cell in (words.STARTED, words.FINISHED, words.CPU, words.RECEIVED):
        _clear_impossible(rows[:, cell], record)
    state = rows[:, words.STATE]
    state[rows[:, words.STARTED] == 0] = 0
    state[(state & 3 >= words.DONE) & (rows[:, words.FINISHED] == 0)] = 0
    lost = state >> 2 >= len(record.workers) // (words.WORKER_WORDS * words.WORD)
    state[lost] = -1 << 2 | state[lost] & 3
    return rows


def _crew(record: Record) -> Words:
    """The rows of workers; where the user's code wrote what can't be, as if nothing were."""
    crew = np.frombuffer(record.workers, dtype=np.int64).reshape(-1, words.WORKER_WORDS).copy()
    for cell in (words.REQUESTED, words.BOOTED, words.STOPPED, words.EXITED):
        _clear_impossible(crew[:, cell], record)
    lane = crew[:, words.LANE]
    lane[(lane < 0) | (lane >= len(crew))] = 0
    return crew


def _clear_impossible(stamps: Words, record: Record) -> None:
    stamps[(stamps < 0) | (stamps > record.ended_ns + LATE_NS)] = 0


def _seconds(stamps: Words, record: Record, known: NDArray[np.bool_] | None = None) -> Any:
    known = stamps > 0 if known is None else known
    return np.where(known, (stamps - record.called_ns) / 1e9, NAN)


def _integers(values: Words, known: NDArray[np.bool_]) -> Any:
    return pd.arrays.IntegerArray(values.astype(np.int64), ~known)
