"""The faults: each does what it says, where it is planted and nowhere else."""

import contextlib
import os
import pickle
import threading
import time

import cloudpickle
import pytest

from mpviz.core.text import as_text
from mpviz.faults.catalogue import CHOSEN, FAULTS, TASKS
from mpviz.faults.tasks import MIB, Stubborn, is_sending

NAMES = [
    "raises", "bad_exception", "os._exit", "sigkill", "segfault", "loop", "sleep", "sigstop",
    "bad_argument", "bad_result", "big_result", "big_results", "killed_sending", "sys.exit",
    "interrupt", "grandchild", "memory",
]  # fmt: skip
LONGEST = 25  # lines that a teacher could project


def test_there_are_these_in_the_order_of_the_issue() -> None:
    assert list(FAULTS) == NAMES
    assert [fault.name for fault in FAULTS.values()] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_projected_with_a_title_and_a_sentence(name: str) -> None:
    fault = FAULTS[name]
    assert fault.title
    assert fault.about.endswith(".")
    assert f"def {fault.function.__name__}(" in fault.source
    assert len(fault.source.splitlines()) <= LONGEST
    compile(fault.source, name, "exec")


def test_it_is_planted_into_the_third_of_eight_tasks_or_into_all() -> None:
    assert {name: fault.tasks for name, fault in FAULTS.items() if fault.tasks != (CHOSEN,)} == {
        "big_results": tuple(range(TASKS))
    }
    assert {len(fault.inputs) for fault in FAULTS.values()} == {8}


@pytest.mark.parametrize("name", NAMES)
def test_the_other_tasks_do_healthy_work(name: str) -> None:
    fault = FAULTS[name]
    healthy = [task for task in range(TASKS) if task not in fault.tasks]
    assert [fault.workload(task) for task in healthy] == [10 * task for task in healthy]
    assert [fault.answer_of(task) for task in healthy] == [str(10 * task) for task in healthy]


def test_the_workload_travels_as_names_so_that_a_worker_needs_only_the_standard_library() -> None:
    for fault in FAULTS.values():
        assert len(cloudpickle.dumps(fault.workload)) < 200


@pytest.mark.parametrize("name", ["bad_result", "big_result", "big_results"])
def test_what_a_chosen_task_gives_back_is_the_answer_expected_of_it(name: str) -> None:
    assert as_text(FAULTS[name].workload(CHOSEN)) == FAULTS[name].answer_of(CHOSEN)


def test_the_bad_argument_arrives_once_as_a_lock_and_travels_no_further() -> None:
    arrived = pickle.loads(cloudpickle.dumps(FAULTS["bad_argument"].inputs))
    assert [value for task, value in enumerate(arrived) if task != CHOSEN] == [0, 1, 3, 4, 5, 6, 7]
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(arrived[CHOSEN])
    assert as_text(FAULTS["bad_argument"].workload(arrived[CHOSEN])) == "true"


def test_the_bad_exception_can_be_pickled_and_not_unpickled() -> None:
    with pytest.raises(Stubborn) as raised:
        FAULTS["bad_exception"].workload(CHOSEN)
    data = pickle.dumps(raised.value)
    with pytest.raises(TypeError, match="argument"):
        pickle.loads(data)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("raises", ZeroDivisionError),
        ("bad_result", None),
        ("sys.exit", SystemExit),
        ("interrupt", KeyboardInterrupt),
    ],
)
def test_what_raises_raises_what_it_says(name: str, kind: type[BaseException] | None) -> None:
    if kind is None:
        with pytest.raises(TypeError):
            pickle.dumps(FAULTS[name].workload(CHOSEN))
    else:
        with pytest.raises(kind):
            FAULTS[name].workload(CHOSEN)


def held_up(size: int) -> bool:
    """Whether a thread that writes so many bytes into a pipe is seen as sending within 0.5 s."""
    reader, writer = os.pipe()
    thread = threading.Thread(target=lambda: os.write(writer, b"x" * size))
    thread.start()
    end = time.monotonic() + 0.5
    seen = False
    while thread.is_alive() and time.monotonic() < end and not seen:
        seen = is_sending(thread.native_id or 0)
    left = size
    while left:
        left -= len(os.read(reader, left))
    thread.join()
    os.close(reader)
    os.close(writer)
    return seen


def test_who_is_held_up_in_a_large_write_is_sending_and_nobody_else() -> None:
    assert held_up(4 * MIB)
    assert not held_up(MIB // 2)
    waiting = threading.Thread(target=time.sleep, args=(0.2,))
    waiting.start()
    while waiting.is_alive():
        with contextlib.suppress(OSError):  # it has just ended
            assert not is_sending(waiting.native_id or 0)
    waiting.join()
