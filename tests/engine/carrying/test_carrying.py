"""What plain multiprocessing carries to a worker, a run carries too; what it can't, it refuses."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from itertools import product
from pathlib import Path
from queue import Empty

import pytest
from jupyter_client.manager import KernelManager

import mpviz
from mpviz.engine.carrying.state import globals_of
from tests.engine.carrying import settings
from tests.sampling import sampled

HERE = Path(__file__).parent
CARRIED = HERE / "carried.py"
ALL_WELL = "tried 24"
METHODS = ("fork", "spawn", "forkserver")
# Together they take each way in and out: a process, a queue, a pipe, a pool, an executor.
MECHANISMS = sampled(
    ("queue", "executor.submit"),
    ("process", "queue", "pipe", "pool.map", "pool.imap", "executor.submit"),
)
NOT_FORKED = sampled(
    [("process", "spawn"), ("pool.map", "forkserver")],
    list(product(("process", "pool.map"), ("spawn", "forkserver"))),
)


def script(*arguments: str, folder: Path = HERE, file: str = "carried.py") -> str:
    done = subprocess.run(
        [sys.executable, str(folder / file), *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return (done.stdout + done.stderr).strip()


@pytest.mark.process
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_what_a_script_can_send_with_plain_pool_map_it_can_send_here(mechanism: str) -> None:
    assert script("fork", mechanism) == ALL_WELL


@pytest.mark.process
@pytest.mark.parametrize(("mechanism", "method"), NOT_FORKED)
def test_so_it_can_where_workers_are_not_forked(mechanism: str, method: str) -> None:
    assert script(method, mechanism, "fork") == "tried 22"


@pytest.mark.process
@pytest.mark.parametrize("method", METHODS)
def test_globals_set_at_run_time_are_seen_where_plain_multiprocessing_sees_them(
    method: str,
) -> None:
    assert script(method, "pool.map").startswith("tried 2")


@pytest.mark.process
def test_what_a_notebook_can_send_with_plain_pool_map_it_can_send_here() -> None:
    assert notebook("fork", "pool.map") == ALL_WELL


@pytest.mark.process
@pytest.mark.parametrize("mechanism", sampled(["queue"], ["threads", "process", "queue"]))
def test_a_notebook_s_classes_reach_spawned_workers(mechanism: str) -> None:
    assert notebook("spawn", mechanism, "fork") == "tried 22"


def notebook(*arguments: str) -> str:
    """What the cells of a notebook print, in which the program is written."""
    manager = KernelManager()
    manager.start_kernel()
    try:
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=30)
        setting = f"import sys; sys.path.insert(0, {str(HERE)!r}); sys.argv[1:] = {arguments!r}"
        for cell in (setting, CARRIED.read_text(encoding="utf-8")):
            client.execute(cell)
            printed = outputs(client)
        client.stop_channels()
        return printed.strip()
    finally:
        manager.shutdown_kernel(now=True)


def outputs(client: object) -> str:
    text = ""
    while True:
        try:
            message = client.get_iopub_msg(timeout=100)  # type: ignore[attr-defined]
        except Empty:
            return f"{text}\nand nothing more"
        content = message["content"]
        if message["msg_type"] == "stream":
            text += content["text"]
        elif message["msg_type"] == "error":
            text += "\n".join(content["traceback"])
        elif message["msg_type"] == "status" and content["execution_state"] == "idle":
            return text


@pytest.mark.process
def test_a_module_of_the_user_s_comes_before_an_installed_one_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("def answer(value):\n    return 'mine'\n")
    (tmp_path / "program.py").write_text(
        textwrap.dedent(
            """
            import click, mpviz
            if __name__ == "__main__":
                print(list(mpviz.run(click.answer, [1], start_method="spawn").tasks["result"]))
            """
        )
    )
    assert script(folder=tmp_path, file="program.py") == "['\"mine\"']"


def test_an_input_that_can_t_be_pickled_is_refused_before_the_run_and_named() -> None:
    with pytest.raises(mpviz.Refused, match=r"^Input 1 \(<generator object .*> \) can't|^Input 1 "):
        mpviz.run(str, [1, (n for n in "ab")], mechanism="queue")


@pytest.mark.process
def test_where_nothing_is_pickled_such_an_input_is_carried() -> None:
    trace = mpviz.run(lambda one: one(2), [lambda value: 3 * value], mechanism="threads")
    assert list(trace.tasks["result"]) == ["6"]


def test_an_open_file_is_refused_and_never_becomes_something_else() -> None:
    with CARRIED.open() as file:
        for mechanism in ("sequential", "threads", "process", "pool.map"):
            with pytest.raises(mpviz.Refused, match=r"carried\.py"):
                mpviz.run(str, [file], mechanism=mechanism)


def test_a_global_of_the_workload_that_can_t_be_carried_is_named() -> None:
    with CARRIED.open() as log:
        code = compile("def work(value):\n    return log.name, value\n", "cell", "exec")
        cell: dict[str, object] = {"__name__": "__main__", "log": log}
        exec(code, cell)
        with pytest.raises(mpviz.Refused, match="its global log: the open file"):
            mpviz.run(cell["work"], [1])


@pytest.mark.process
def test_a_module_s_global_that_can_t_be_carried_ends_the_run_before_its_first_task() -> None:
    settings.connection = threading.local()  # type: ignore[assignment]
    try:
        trace = mpviz.run(settings.connected, [1, 2], baseline=False)
    finally:
        settings.connection = None
    assert list(trace.tasks["outcome"]) == ["missing", "missing"]
    assert trace.tasks["started_s"].isna().all()
    assert "tests.engine.carrying.settings.connection is a _local in the caller and a NoneType" in (
        trace.sentence
    )


@pytest.mark.process
def test_a_module_s_global_that_is_too_large_is_said_not_to_be_carried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "table", bytes(65 * 2**20))
    with pytest.warns(UserWarning, match=r"settings\.table takes more than 64 MiB"):
        trace = mpviz.run(settings.looked_up, [1])
    assert list(trace.tasks["result"]) == ["0"]


@pytest.mark.process
def test_a_workload_that_can_t_be_imported_in_a_clean_process_says_so(tmp_path: Path) -> None:
    (tmp_path / "here_only.py").write_text(
        "import os\nif 'MPVIZ_RUN' in os.environ:\n    raise ImportError('only in the caller')\n"
        "def work(value):\n    return value\n"
    )
    (tmp_path / "program.py").write_text(
        "import here_only, mpviz\nprint(mpviz.run(here_only.work, [1]).sentence)\n"
    )
    said = script(folder=tmp_path, file="program.py")
    assert "The call raised ImportError: only in the caller" in said


def test_the_globals_of_a_workload_are_those_that_its_code_names() -> None:
    found = {name for _, name, _ in globals_of(settings.limited)}
    assert found == {"limit"}
    assert {name for _, name, _ in globals_of(settings.connected)} == {"connection"}
