"""What is public, and what it costs to import it."""

import json
import subprocess
import sys

import pytest

import mpviz

PUBLIC = {
    "Answer", "Cancelled", "Cause", "EXPERIMENTS", "Ending", "Experiment", "FAULTS", "Failed",
    "Fault", "Finding", "InputSet", "Line", "MECHANISMS", "Mechanism", "MpvizError", "Outcome",
    "Plan", "Record", "Refused", "Study", "Trace", "WORKLOADS", "Workload", "fit_amdahl", "fit_usl",
    "input_set", "read_csv", "read_study", "run", "sweep",
}  # fmt: skip


def test_the_public_names_are_these_and_no_others() -> None:
    assert set(mpviz.__all__) == PUBLIC
    assert set(dir(mpviz)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(mpviz, name) is not None


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'mpviz' has no attribute 'nothing'"):
        _ = mpviz.nothing


def test_everything_can_be_imported_by_a_star() -> None:
    space: dict[str, object] = {}
    exec("from mpviz import *", space)
    assert set(space) >= PUBLIC


def modules_after(code: str) -> set[str]:
    program = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    run = [sys.executable, "-c", program]
    return set(json.loads(subprocess.run(run, check=True, capture_output=True).stdout))


@pytest.mark.process
def test_importing_mpviz_loads_nothing_else() -> None:
    added = modules_after("import mpviz") - modules_after("")
    assert {name for name in added if name.partition(".")[0] not in sys.stdlib_module_names} == {
        "mpviz"
    }


@pytest.mark.process
def test_the_mechanisms_and_workloads_need_only_the_standard_library() -> None:
    added = modules_after("import mpviz; mpviz.MECHANISMS; mpviz.WORKLOADS; mpviz.input_set")
    tops = {name.partition(".")[0] for name in added - modules_after("")}
    # multiprocessing calls the main module so.
    assert tops - sys.stdlib_module_names - {"__mp_main__"} == {"mpviz"}


@pytest.mark.process
def test_running_loads_no_bokeh_before_a_figure_is_asked_for() -> None:
    added = modules_after("import mpviz; mpviz.run")
    assert not {"bokeh", "ipywidgets", "voila", "IPython"} & added


def test_the_version_is_the_package_s() -> None:
    from importlib.metadata import version

    assert mpviz.__version__ == version("mpviz")


def test_the_lesson_s_mechanisms_are_there_in_the_lesson_s_order() -> None:
    assert list(mpviz.MECHANISMS) == [
        "sequential", "threads", "process", "process.lesson", "queue", "queue.lesson", "pipe",
        "pipe.lesson", "pool.map", "pool.map_async", "pool.imap", "pool.imap_unordered",
        "pool.starmap", "pool.apply_async", "executor.map", "executor.submit",
    ]  # fmt: skip
    assert list(mpviz.WORKLOADS) == ["is_prime", "sleep", "busy", "payload"]
