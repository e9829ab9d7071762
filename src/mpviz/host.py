"""The host: a clean process that runs one plan, and nothing else.

Knows no kernel, no deadline and no frame. What it has to say it leaves in the run's folder: the
trace table, the output file, and ``results``, written when the mechanism is done or when the guard
asks for it with SIGUSR1. Standard library only (cloudpickle where a function travels by value).

    python -m mpviz.host FOLDER
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing.process
import os
import pickle
import signal
import sys
from pathlib import Path
from time import perf_counter_ns
from types import FrameType
from typing import Any

from mpviz.carrying.state import restore
from mpviz.mechanisms import MECHANISMS
from mpviz.model import Ending
from mpviz.recording import raw
from mpviz.recording.context import open_lanes, recording_context
from mpviz.recording.output import RAISED_BY_CALL
from mpviz.recording.table import CALLED, ENDED, FULL, HOST_CPU, RECEIVED
from mpviz.recording.task import Setup, cpu_time, install, note_error, state, timed_task
from mpviz.text import as_text

LONGEST_FOLDER = 107 - len("/listener-12345678")  # of a socket's path, in bytes
SPARE = "spare"  # room on the disk to say how it ended, given back for that


def main() -> None:
    """Run the plan in the folder named by the first argument."""
    folder = Path(sys.argv[1])
    plan = pickle.loads((folder / "plan").read_bytes())
    with contextlib.suppress(OSError):
        (folder / SPARE).write_bytes(bytes(4096))
    # The caller's order: a module of the user's own may have the name of an installed one.
    sys.path[:] = dict.fromkeys([*plan["sys_path"], *sys.path])
    sys.argv = plan["argv"]
    with contextlib.suppress(OSError):
        (folder / raw.FOLDER).mkdir()
    keep_sockets_in(folder / "tmp")
    setup = Setup(folder, plan["code"])
    results: list[tuple[int, Any]] = []
    try:
        install(setup)
        restore(plan["state"])
        inputs = list(enumerate(pickle.loads(plan["inputs"])))
    except BaseException as error:
        note_error(error, RAISED_BY_CALL)
        save(folder, Ending.RAISED, results)
        return
    save_when_asked(folder, results)
    ending = call(plan, setup, inputs, results)
    save(folder, ending, results)


def keep_sockets_in(folder: Path) -> None:
    """Let multiprocessing make its sockets in the run's folder, which is removed with the run.

    Workers get this folder's name with their process object, under each start method. What a task
    makes with `tempfile` is the user's, and stays where plain code would leave it.
    """
    place = str(folder)
    if len(os.fsencode(place)) > LONGEST_FOLDER:
        # A socket's path has room for 107 bytes. This one leads to the folder while we live.
        place = f"/proc/{os.getpid()}/fd/{os.open(folder, os.O_RDONLY | os.O_DIRECTORY)}"
        if not Path(place).is_dir():  # no Linux: let multiprocessing find a place
            return
    multiprocessing.process.current_process()._config["tempdir"] = place  # type: ignore[attr-defined]  # no public way


def call(
    plan: dict[str, Any],
    setup: Setup,
    inputs: list[tuple[int, Any]],
    results: list[tuple[int, Any]],
) -> Ending:
    """Call the mechanism, stamping each result as it comes into our hands."""
    words, first = state.words, state.table.task(0) + RECEIVED
    stride = state.table.task(1) - state.table.task(0)
    mechanism = MECHANISMS[plan["mechanism"]]
    lanes = open_lanes(setup, state.table)
    context = recording_context(plan["start_method"])
    words[CALLED] = perf_counter_ns()
    words[HOST_CPU] = -cpu_time()
    if not mechanism.processes:
        raw.forget_unbuffered()
    if not mechanism.parallel:
        lanes.main_thread()
    coming = mechanism.function(
        timed_task,
        inputs,
        workers=plan["workers"],
        context=context,
        chunk_size=plan["chunk_size"],
    )
    try:
        for pair in coming:
            words[first + pair[0] * stride] = words[ENDED] = perf_counter_ns()
            results.append(pair)
    except BaseException as error:
        words[ENDED] = perf_counter_ns()
        stop_cpu_time()
        note_error(error, RAISED_BY_CALL)
        return Ending.RAISED
    stop_cpu_time()
    if not results:  # none is ever in hand: what ends it then is that the call came back
        words[ENDED] = perf_counter_ns()
    return Ending.FINISHED


def stop_cpu_time() -> None:
    """Write down the CPU time that this process took since the mechanism was called."""
    if state.words[HOST_CPU] < 0:
        state.words[HOST_CPU] += cpu_time()


def save(folder: Path, ending: Ending, results: list[tuple[int, Any]]) -> None:
    """Leave the results in hand as text; how it ended alone where the disk has no room for them."""
    texts = [(index, as_text(result)) for index, result in results]
    part = folder / "results.part"
    for kept in (texts, []):  # the second has the room of the spare, where all other is taken
        try:
            part.write_text(json.dumps([ending, kept]), encoding="utf-8")
            part.rename(folder / "results")
            return
        except OSError:
            state.words[FULL] = 1
            for taken in (part, folder / SPARE):
                with contextlib.suppress(OSError):
                    taken.unlink()


def save_when_asked(folder: Path, results: list[tuple[int, Any]]) -> None:
    """Save and leave at once when the guard ends the run.

    Not on SIGTERM, with which mechanisms end their workers: Python forgets a signal that it would
    handle when it comes to a child in the midst of its fork, and the mechanism waits for ever.
    """
    host = os.getpid()

    def leave(_signum: int, _frame: FrameType | None) -> None:
        if os.getpid() == host:  # a forked worker has the handler too
            stop_cpu_time()
            save(folder, Ending.CANCELLED, results)
            os._exit(0)

    signal.signal(signal.SIGUSR1, leave)


if __name__ == "__main__":
    main()
