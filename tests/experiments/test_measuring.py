"""The seam that experiments run through: limits, cancelling, what comes home."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mpviz.core.errors import Cancelled, Failed, Refused
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.experiments.measuring import Measuring


def two_rows(first: int) -> Iterator[dict[str, Any]]:
    print("a line\nand another")
    yield {"n": first, "pid": os.getpid(), "text": "é\u2028\x1e\n"}
    yield {"n": first + 1, "pid": os.getpid(), "text": ""}


def dawdle() -> Iterator[dict[str, Any]]:
    yield {"n": 1}
    time.sleep(60)


def stumble() -> Iterator[dict[str, Any]]:
    yield {"n": 1}
    raise OSError("no room\nfor it.")


def nothing() -> Iterator[dict[str, Any]]:
    return iter(())


@pytest.mark.process
def test_rows_and_printed_lines_come_home_from_another_process() -> None:
    rows, printed = Measuring(30.0).rows(two_rows, first=4)
    assert [row["n"] for row in rows] == [4, 5]
    assert rows[0]["text"] == "é\u2028\x1e\n"
    assert rows[0]["pid"] not in {os.getpid(), os.getppid()}
    assert printed == ("a line", "and another")


@pytest.mark.process
def test_the_deadline_is_named_in_one_sentence() -> None:
    with pytest.raises(Failed, match=r"^Nothing was found: the deadline of 500 ms ended it\.$"):
        Measuring(0.5).rows(dawdle)


@pytest.mark.process
def test_the_deadline_is_for_all_runs_together() -> None:
    began = time.perf_counter()
    with pytest.raises(Failed, match=r"the deadline of 1\.00 s ended it"):
        EXPERIMENTS["losing_queue"].function(timeout=1.0, repetitions=100)
    assert time.perf_counter() - began < 20


@pytest.mark.process
def test_what_it_raised_is_told() -> None:
    with pytest.raises(Failed, match=r"could not be measured: OSError: no room for it\.$"):
        Measuring(30.0).rows(stumble)


@pytest.mark.process
def test_having_measured_nothing_is_told() -> None:
    with pytest.raises(Failed, match="without having measured"):
        Measuring(30.0).rows(nothing)


@pytest.mark.parametrize("timeout", [0, -1.0, "soon", float("nan"), True])
def test_a_limit_that_makes_no_sense_is_refused(timeout: Any) -> None:
    with pytest.raises(Refused, match="timeout must be"):
        EXPERIMENTS["hello"].function(timeout=timeout)


@pytest.mark.process
def test_the_caller_can_keep_the_run_and_cancel_it() -> None:
    kept: list[runner.Running] = []

    def start(plan: Plan) -> runner.Running:
        kept.append(runner.start(plan))
        threading.Timer(0.3, kept[-1].cancel).start()
        return kept[-1]

    began = time.perf_counter()
    with pytest.raises(Cancelled, match="it was cancelled"):
        EXPERIMENTS["waiting_pipe"].function(start=start, patience=30.0)
    assert len(kept) == 1
    assert time.perf_counter() - began < 20


@pytest.mark.process
def test_an_unknown_start_method_is_a_sentence() -> None:
    with pytest.raises(Failed, match="could not be measured: ValueError"):
        EXPERIMENTS["hello"].function(start_method="teleport")
