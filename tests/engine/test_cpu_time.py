"""CPU time of a task: its threads and its children count, nobody else."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mpviz
from tests.engine.runs import by_value

pytestmark = pytest.mark.process


def burn(seconds: float) -> None:
    """Use a CPU so long."""
    import time

    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize(("mechanism", "method"), [("sequential", "fork"), ("pool.map", "spawn")])
def test_children_and_threads_of_a_task_count_as_computing(mechanism: str, method: str) -> None:
    burning = by_value(burn)

    def by_a_child(_: str) -> None:

        code = "import time\nwhile time.process_time() < 0.3: pass"
        subprocess.run([sys.executable, "-c", code], check=True)

    def by_a_thread(_: str) -> None:
        import threading

        helper = threading.Thread(target=burning, args=(0.3,))
        helper.start()
        helper.join()

    trace = mpviz.run(
        lambda how: {"child": by_a_child, "thread": by_a_thread, "self": burning}[how](
            0.3 if how == "self" else how
        ),
        ["child", "thread", "self"],
        mechanism=mechanism,
        start_method=method,
        workers=1,
        timeout=30,
    )
    assert list(trace.tasks["outcome"]) == ["ok"] * 3
    assert (trace.tasks["cpu_s"] >= 0.28).all()
    assert trace.summary["computing_s"] >= 0.84


def test_what_children_used_before_is_not_a_later_task_s() -> None:
    def wait_for_a_child(number: int) -> None:
        import time

        if number == 0:
            code = "import time\nwhile time.process_time() < 0.3: pass"
            subprocess.run([sys.executable, "-c", code], check=True)
        else:
            time.sleep(0.01)

    trace = mpviz.run(wait_for_a_child, range(3), mechanism="process", workers=1, timeout=30)
    assert trace.tasks["cpu_s"][0] >= 0.28
    assert (trace.tasks["cpu_s"][1:] < 0.2).all()


def test_threads_whose_children_computed_are_not_said_to_wait() -> None:
    def by_a_child(_: int) -> None:

        code = "import time\nwhile time.process_time() < 0.3: pass"
        subprocess.run([sys.executable, "-c", code], check=True)

    trace = mpviz.run(by_a_child, [0, 1], mechanism="threads", workers=2, timeout=30)
    assert trace.summary["computing_s"] != trace.summary["computing_s"]  # NaN
    assert "computing" not in trace.sentence
    assert "inside tasks" in trace.sentence


@pytest.mark.timed
def test_threads_that_wait_are_said_to() -> None:
    sleep = mpviz.WORKLOADS["sleep"].function
    trace = mpviz.run(sleep, [300, 300], mechanism="threads", workers=2, timeout=20)
    assert trace.summary["computing_s"] < 0.1
    assert "inside tasks but not computing" in trace.sentence
