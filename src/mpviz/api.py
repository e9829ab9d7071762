"""The public face: `run` a function over inputs. Knows no widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mpviz.analysis.trace import Trace, sound
from mpviz.core.plan import DEFAULT_START_METHOD, DEFAULT_TIMEOUT, Plan
from mpviz.core.record import Record
from mpviz.engine import runner, turns


def run(
    function: Callable[[Any], Any],
    inputs: Iterable[Any],
    *,
    mechanism: str = "pool.map",
    workers: int = 2,
    start_method: str = DEFAULT_START_METHOD,
    chunk_size: int = 1,
    timeout: float = DEFAULT_TIMEOUT,
    memory: int | None = None,
    baseline: bool = False,
) -> Trace:
    """Run `function` over `inputs` in a clean process and record what every worker did.

    One experiment runs at a time on a machine; while it waits for others it says so on stderr.

    Parameters
    ----------
    function
        Called with one input, gives one result; may be a lambda or live in a notebook.
    inputs
        One input a task.
    mechanism
        A key of ``mpviz.MECHANISMS``.
    workers
        Processes or threads that run tasks.
    start_method
        ``"fork"``, ``"spawn"`` or ``"forkserver"``; this Python's own default, if none is named.
    chunk_size
        Tasks handed over at once, where the mechanism does that.
    timeout
        The deadline in seconds, of each run.
    memory
        Bytes that all processes of a run may use together; if None, three quarters of what is free
        when it starts.
    baseline
        Measure `sequential` first, so that speedup and ``answers_agree`` are known; once more
        after the run, where the speedup is more than its workers and CPUs can give.

    Returns
    -------
    Trace

    Raises
    ------
    mpviz.Refused
        When the plan can't be run, or this thread is in the middle of an experiment; nothing was
        started then.
    mpviz.Failed
        When the machine can't: no space, or no process to be had.
    """
    plan = Plan(
        function=function,
        inputs=tuple(inputs),
        mechanism=mechanism,
        workers=workers,
        start_method=start_method,
        chunk_size=chunk_size,
        timeout=timeout,
        memory=memory,
        workload=getattr(function, "__name__", type(function).__name__),
        input_set=getattr(inputs, "name", ""),
    )
    runner.check(plan)
    with turns.turn():
        before = Trace(_finished(plan.baseline)) if baseline else None
        return sound(Trace(_finished(plan), before), _finished)


def _finished(plan: Plan) -> Record:
    return runner.finish(runner.start(plan))
