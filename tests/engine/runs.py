"""Runs to look at, and what is left of them."""

from __future__ import annotations

import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from mpviz.analysis import frames
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.engine import runner
from mpviz.workloads import WORKLOADS

SLEEP = WORKLOADS["sleep"].function
SOON = 1.0  # seconds within which a run that is to end is gone
MIB = 2**20
Start = Callable[..., runner.Running]

# A kernel with a run under way, to be killed.
KERNEL = """
import sys, time
from mpviz.engine import runner
from mpviz.core.plan import Plan
from mpviz.workloads import sleep
running = runner.start(Plan(sleep, (60_000, 60_000, 60_000), mechanism=sys.argv[1], workers=2))
print(running.folder, flush=True)
time.sleep(60)
"""


def plan(function: Callable[[Any], Any], *inputs: Any, **options: Any) -> Plan:
    return Plan(function, inputs, **{"workers": 2, "timeout": 20} | options)


def run(function: Callable[[Any], Any], *inputs: Any, **options: Any) -> Record:
    return runner.start(plan(function, *inputs, **options)).wait()


def outcomes(record: Record) -> list[str]:
    return list(frames.tasks_frame(record)["outcome"])


def tagged(name: str) -> list[str]:
    """Living processes that carry the mark of a run."""
    found = []
    for process in psutil.process_iter():
        try:
            mark = Path(f"/proc/{process.pid}/environ").read_bytes()
            if f"MPVIZ_RUN={name}".encode() in mark and process.status() != "zombie":
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except (OSError, psutil.Error):
            continue
    return found


def gone(path: str, seconds: float = SOON) -> list[str]:
    """What is left of a run after so long: processes, folder; nothing as soon as nothing is."""
    end = time.monotonic() + seconds
    folder = Path(path)
    while (
        left := tagged(folder.name) + [str(folder)] * folder.exists()
    ) and time.monotonic() < end:
        time.sleep(0.01)
    return left


def by_value(function: Callable[..., Any], **names: Any) -> Callable[..., Any]:
    """A copy that travels by value: a worker that imports a test's module imports pytest too."""
    made = {"__builtins__": __builtins__, "__name__": "__main__"} | names
    return types.FunctionType(function.__code__, made, function.__name__)


def daemon(flag: str) -> None:
    """A task that starts a program which does all it can to outlive it."""
    import pathlib
    import subprocess
    import sys
    import time

    code = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
open(%r, "w").close()
time.sleep(60)
"""
    subprocess.Popen([sys.executable, "-c", code % flag], start_new_session=True)
    while not pathlib.Path(flag).exists():
        time.sleep(0.01)
    time.sleep(60)
