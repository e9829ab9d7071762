"""The host: a clean process that runs one plan, and nothing else.

Knows no kernel, no deadline and no frame. What it has to say it leaves in the run's folder: the
trace table, the output file, and ``results``, written when the mechanism is done or when the guard
asks for it with SIGUSR1. Standard library only (cloudpickle where a function travels by value).

    python -m mpviz.engine.host FOLDER
"""

from __future__ import annotations

import contextlib
import multiprocessing.process
import os
import pickle
import signal
import sys
from pathlib import Path
from time import perf_counter_ns
from types import FrameType
from typing import Any

from mpviz.core.outcome import Ending
from mpviz.engine.carrying.state import restore
from mpviz.engine.recording import raw
from mpviz.engine.recording.context import open_lanes, recording_context
from mpviz.engine.recording.output import RAISED_BY_CALL
from mpviz.engine.recording.results import Sink
from mpviz.engine.recording.results import save as write
from mpviz.engine.recording.table import CALLED, ENDED, FULL, HOST_CPU, RECEIVED, stamp_loading
from mpviz.engine.recording.task import Setup, cpu_time, install, note_error, state, timed_task
from mpviz.mechanisms import MECHANISMS

LONGEST_FOLDER = 107 - len("/listener-12345678")  # of a socket's path, in bytes


class _Saving:
    """How far this host is with saving its results, and whether it is to leave after that."""

    begun = over = leave = False


saving = _Saving()


def main() -> None:
    """Run the plan in the folder named by the first argument."""
    folder = Path(sys.argv[1])
    plan = pickle.loads((folder / "plan").read_bytes())
    stamp_loading(folder / "table")
    sink = Sink(folder)
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
        save(sink, Ending.RAISED, results)
        return
    save_when_asked(sink, results)
    ending = call(plan, setup, inputs, results)
    save(sink, ending, results)


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


def save(sink: Sink, ending: Ending, results: list[tuple[int, Any]]) -> None:
    """Leave the results in hand as text; FULL says what kept some of it from being written."""
    saving.begun = True
    write(sink, ending, results)
    if sink.failed:
        state.words[FULL] = sink.failed
    saving.over = True
    if saving.leave:
        os._exit(0)


def save_when_asked(sink: Sink, results: list[tuple[int, Any]]) -> None:
    """Save and leave when the guard ends the run; what is being saved is saved to its end.

    Not on SIGTERM, with which mechanisms end their workers: Python forgets a signal that it would
    handle when it comes to a child in the midst of its fork, and the mechanism waits for ever.
    """
    host = os.getpid()

    def leave(_signum: int, _frame: FrameType | None) -> None:
        if os.getpid() != host:  # a forked worker has the handler too
            return
        saving.leave = True
        if saving.over:
            os._exit(0)
        stop_cpu_time()
        if not saving.begun:
            save(sink, Ending.CANCELLED, results)

    signal.signal(signal.SIGUSR1, leave)


if __name__ == "__main__":
    main()
