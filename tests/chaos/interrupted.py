"""Interrupts `mpviz.run` at each of its lines, as Ctrl-C in a notebook may, and says what is left.

    python -m tests.chaos.interrupted FIRST STEP

The kernel lives on afterwards, and keeps what was raised, as a notebook does. It says a line of
JSON for each: where it was interrupted, and what was wrong then.
"""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import mpviz
from mpviz import api
from mpviz.engine import folders, runner, turns
from mpviz.engine.tree import linux as system

OURS = {module.__file__ for module in (api, folders, runner, turns)}
AT_ONCE = 4
SOON = 1.0  # seconds until nothing is left
BUSY = 0.5  # seconds more, for several of them go on beside each other


def nap(number: float) -> float:
    """What each task does: 0.2 s, so that a run that goes on is seen to."""
    time.sleep(0.2)
    return number


def main() -> None:
    """Interrupt at the lines that are asked for, each in a kernel of its own."""
    first, step = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with own_ground():
        places, _ = run_interrupted("")
    alive = 0
    for place in list(dict.fromkeys(places))[first::step]:
        if alive == AT_ONCE:
            os.wait()
            alive -= 1
        if os.fork() == 0:
            judge(place)
            os._exit(0)
        alive += 1
    while alive:
        os.wait()
        alive -= 1


@contextmanager
def own_ground() -> Iterator[Path]:
    """A temporary folder and a line of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as ground:
        tempfile.tempdir = os.environ["TMPDIR"] = ground
        os.environ[turns.VARIABLE] = str(Path(ground, "turns"))
        yield Path(ground)
    tempfile.tempdir = os.environ["TMPDIR"] = str(Path(ground).parent)


def give_up(_signum: int, _frame: FrameType | None) -> None:
    raise TimeoutError("it waits for ever")


def judge(place: str) -> None:
    """Be a kernel that is interrupted at a line; say what is wrong then."""
    with own_ground() as ground:
        system.take_in_orphans()
        faults = []
        _, error = run_interrupted(place)
        if type(error) is not KeyboardInterrupt:
            faults.append(f"raised {type(error).__name__}: {error}")
        end = time.monotonic() + SOON + BUSY
        while (found := list(left(ground))) and time.monotonic() < end:
            time.sleep(0.02)
        faults += found
        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(15)
        try:
            mpviz.run(abs, [1], mechanism="sequential", timeout=10)
        except BaseException as next_one:
            faults.append(f"the next run: {type(next_one).__name__}: {next_one}")
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        os.write(1, json.dumps({"place": place, "faults": faults}).encode() + b"\n")


def run_interrupted(place: str) -> tuple[list[str], BaseException | None]:
    """Run, and be interrupted when a line of ours is come to; the lines, and what was raised."""
    places: list[str] = []

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename not in OURS:
            return None
        if event == "line":
            name = Path(frame.f_code.co_filename).name
            places.append(f"{name}:{frame.f_lineno} in {frame.f_code.co_qualname}")
            if places[-1] == place:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        mpviz.run(nap, (1.0,) * 6, mechanism="process", workers=2, timeout=20)
    except BaseException as error:
        return places, error
    finally:
        sys.settrace(None)
    return places, None


def left(ground: Path) -> Iterator[str]:
    """Processes, files of runs and tickets that there are."""
    yield from (f"process {pid}" for pid in children())
    yield from (str(path.name) for path in ground.glob("turns/*"))
    for name in ("table", "plan", "output", "host.log"):
        yield from (str(path.relative_to(ground)) for path in ground.rglob(name))


def children() -> list[int]:
    """Every living process below this one."""
    return [pid for pid in system.below(os.getpid()) if not system.is_over(pid)]


if __name__ == "__main__":
    main()
