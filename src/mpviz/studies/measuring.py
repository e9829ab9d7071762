"""Drives a study to its end, run by run. Knows no widget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from mpviz.analysis.trace import Trace
from mpviz.core.plan import DEFAULT_START_METHOD, DEFAULT_TIMEOUT, Plan
from mpviz.core.record import Record
from mpviz.engine import runner, turns
from mpviz.studies.rounds import NextRun, Rounds
from mpviz.studies.study import Study
from mpviz.studies.sweep import DEFAULT_BUDGET, Sweep, grid


def sweep(
    function: Callable[[Any], Any],
    inputs: Iterable[Any],
    *,
    mechanisms: Sequence[str] = ("pool.map",),
    workers: Sequence[int] = (2,),
    start_methods: Sequence[str] = (DEFAULT_START_METHOD,),
    chunk_sizes: Sequence[int] | str = (1,),
    repeats: int | None = None,
    budget: float = DEFAULT_BUDGET,
    seed: int = 0,
    timeout: float = DEFAULT_TIMEOUT,
    memory: int | None = None,
    folder: str | Path | None = None,
    warm_up: bool = True,
) -> Study:
    """Measure many configurations of a function over inputs, in interleaved rounds.

    Each round runs every configuration and the sequential run once, in seeded random order, each
    run in a fresh process. A winner is named only by a test that allows for how often it looked.

    Parameters
    ----------
    function, inputs
        As for `mpviz.run`.
    mechanisms, workers, start_methods, chunk_sizes
        Lists; a configuration is one of each. What differs only in something that means nothing
        to the mechanism is measured once. ``chunk_sizes="doubling"`` is 1, 2, 4 … up to an even
        deal.
    repeats
        Rounds; if None, until the verdict is decided or the budget is spent.
    budget
        Seconds after which no further round begins, where `repeats` is None.
    seed
        Of the order of the runs within each round.
    timeout, memory
        Of each run, as for `mpviz.run`.
    folder
        Where each finished run is kept at once, as CSV. A study of the same that was stopped there
        is gone on with.
    warm_up
        Whether a round is run, and not counted, before the first.

    Returns
    -------
    Study

    Raises
    ------
    mpviz.Refused
        When a configuration can't be run, or the folder holds another study; nothing was started
        then.
    mpviz.Failed
        When the machine can't: no space, or no process to be had.
    """
    plans = grid(
        function,
        tuple(inputs),
        mechanisms=mechanisms,
        workers=workers,
        start_methods=start_methods,
        chunk_sizes=chunk_sizes,
        timeout=timeout,
        memory=memory,
        workload=getattr(function, "__name__", type(function).__name__),
        input_set=getattr(inputs, "name", ""),
    )
    wanted = Sweep(plans, repeats, budget, seed)
    check(wanted)
    with turns.turn():
        rounds = Rounds(wanted, Path(folder) if folder is not None else None, warm_up=warm_up)
        return measure(rounds, lambda plan: runner.finish(runner.start(plan)))


def check(wanted: Sweep) -> None:
    """Refuse inputs that can't travel to the workers of one of its configurations.

    Raises
    ------
    Refused
        One sentence that names the input.
    """
    for plan in wanted.plans:
        runner.check(plan)


def measure(
    rounds: Rounds,
    run: Callable[[Plan], Record],
    before: Callable[[Rounds, NextRun], object] = lambda _rounds, _step: None,
) -> Study:
    """Make run after run until the study is over, and give it.

    Parameters
    ----------
    rounds
        The study to drive. Whoever stops it (`Rounds.stop`) during a run discards that run.
    run
        Makes one run.
    before
        Called before each.
    """
    while step := rounds.next():
        before(rounds, step)
        began = time.perf_counter()
        record = run(step.plan)
        if not rounds.over:
            rounds.add(step, Trace(record), time.perf_counter() - began)
    return rounds.study
