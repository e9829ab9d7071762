"""The safer ways: each cell that went wrong has one, and each survives what it is said to."""

import subprocess
import sys
from pathlib import Path

import pytest

from mpviz.faults.lab.advice import advice
from mpviz.faults.lab.cell import Seen
from tests.faults.lab.conftest import everything_seen


def test_whatever_went_wrong_has_its_advice_in_words_and_in_code_that_compiles() -> None:
    for mechanism, fault, seen in everything_seen():
        text, code = advice(mechanism, fault, seen)
        assert bool(text) == bool(code) == (seen is not Seen.RIGHT), (mechanism, fault)
        compile(code, fault, "exec")


@pytest.mark.parametrize("fault", ["loop", "sleep", "sigstop"])
def test_a_task_that_never_returns_costs_an_executor_its_workers(fault: str) -> None:
    for mechanism in ("executor.map", "executor.submit"):
        text, code = advice(mechanism, fault, Seen.HUNG)
        assert "`kill_workers()`" in text
        assert "def done_within(" in code
        assert "def kill_workers(" in code
    assert "kill_workers" not in "".join(advice("pool.map", fault, Seen.HUNG))


SAFER = """
from mpviz.faults.lab.safer import *
from mpviz.faults.catalogue import FAULTS
from mpviz.faults.tasks import MIB

def work(name):
    return FAULTS[name].workload

def raised(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return type(error).__name__

if __name__ == "__main__":
    for name in ("os._exit", "sigkill", "segfault"):
        results, undone = notice_deaths(work(name), range(8))
        assert 2 in undone and sorted([*results, *undone]) == list(range(8)), name
    for name in ("loop", "sleep", "sigstop"):
        results, undone = done_within(3, work(name), range(8))
        assert undone == [2] and results[7] == 70 and len(results) == 7, name
        assert raised(done_within, 5, work("raises"), range(8)) == "ZeroDivisionError"
        end = time.monotonic() + 5  # nobody waits for what is killed
        while multiprocessing.active_children():
            assert time.monotonic() < end, name
            time.sleep(0.01)
    assert call_within(5, work("raises"), 3) == 30
    for name in ("loop", "sleep", "sigstop"):
        assert raised(call_within, 0.3, work(name), 2) == "TimeoutError", name
    for name in ("os._exit", "sigkill", "segfault", "sys.exit", "raises", "bad_result"):
        assert raised(call_within, 5, work(name), 2) == "EOFError", name
    assert raised(call_within, 5, work("killed_sending"), 2) == "OSError"
    assert len(call_within(20, work("big_result"), 2)) == 64 * MIB
    assert attempt(work("raises"), 3) == (True, pickle.dumps(30))
    for name in ("raises", "bad_exception", "bad_result", "sys.exit", "interrupt"):
        well, text = attempt(work(name), 2)
        assert not well and text.startswith("Traceback"), name
    path = leave_in_file(work("big_results"), 2, sys.argv[1])
    assert len(pickle.loads(path.read_bytes())) == MIB
    (path.parent / "named").write_text("seven b")
    assert name_of(path.parent / "named") == 7
    assert run_and_end(["true"], 5) == 0
    assert raised(run_and_end, ["sh", "-c", "sleep 60 & sleep 60"], 0.2) == "TimeoutExpired"
    assert raised(pool_with_limit, work("memory"), range(8), 256 * MIB) == "MemoryError"
    print("all well")
"""


def test_each_safer_way_survives_what_it_is_said_to(tmp_path: Path) -> None:
    program = tmp_path / "safer_ways.py"
    program.write_text("import pickle, sys, time\n" + SAFER)
    done = subprocess.run(
        [sys.executable, program, tmp_path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "all well\n", done.stderr
