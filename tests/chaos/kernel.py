"""The kernel of a chaos run: a process that makes one run after the other and judges each.

    python -m tests.chaos.kernel

A cell is a line of JSON on standard input, a verdict a line on standard output. It is a process of
its own because a run that breaks its kernel is among what is looked for. It takes in orphans, so
that what a run leaves behind becomes its child, whatever it did to its environment.
"""

import contextlib
import faulthandler
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.outcome import Ending, Outcome
from mpviz.core.plan import Plan
from mpviz.core.record import Record
from mpviz.engine import runner
from mpviz.engine.recording.table import CALLED, HOST
from mpviz.engine.tree import linux as system
from tests.chaos.ground import GROUND, said_by
from tests.chaos.hostile import attempt
from tests.chaos.hostile.values import INPUTS

MEMORY = 320 * 2**20  # bytes for the processes of a run
OWN_MEMORY = 3 * 2**29  # bytes for this process, so that a run's files can't eat the machine
LATE = 1.0  # seconds past its deadline
STARTING = 3.0  # seconds in which a host has called its mechanism; no more is allowed for
OLD = time.time() - 3600
CALM = 0.15  # seconds for what the system itself takes to be done with a process that was killed


def main() -> None:
    """Judge cells until there are no more."""
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_DATA, (OWN_MEMORY, OWN_MEMORY))
    system.take_in_orphans()
    ground = Path(os.environ[GROUND])
    tempfile.tempdir = None
    canary = make_canary(ground)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        verdict = judged(json.loads(line), ground, canary)
        sys.stdout.write(json.dumps(verdict) + "\n")
        sys.stdout.flush()


def make_canary(ground: Path) -> dict[str, str]:
    """Folders and files that must live, some named as a run's are, and old: name to content."""
    for name in ("canary/.git", "mpviz-results/.git", "mpviz-canary"):
        (ground / name).mkdir(parents=True)
        for number in range(3):
            (ground / name / f"{number}.csv").write_text(f"{name} {number}\n")
    for path in (*sorted(ground.rglob("*"), reverse=True), ground / "canary"):
        os.utime(path, (OLD, OLD))
    return contents(ground)


def contents(ground: Path) -> dict[str, str]:
    """What there is of the canary."""
    return {
        str(path.relative_to(ground)): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("canary", "mpviz-results", "mpviz-canary")
        for path in (ground / name).rglob("*.csv")
        if not path.is_symlink()
    }


def judged(cell: dict[str, Any], ground: Path, canary: dict[str, str]) -> dict[str, Any]:
    """Make one run, with what is to befall it, and say all that is wrong afterwards."""
    shared = system.shared_memory()
    around = {path.name for path in ground.iterdir()}
    began = time.perf_counter()
    try:
        running = runner.start(plan_of(cell))
    except Refused as error:
        return {"faults": [f"refused: {error}"], "ending": "refused"}
    house = running.folder.parent
    said: list[str] = []
    deeds = threading.Thread(target=befall, args=(running, cell.get("signals", []), said))
    deeds.start()
    record, faults = None, []
    try:
        record = running.wait()
    except BaseException as error:
        faults.append(f"no record: wait raised {type(error).__name__}: {str(error)[:200]}")
    took = time.perf_counter() - began
    deeds.join()
    verdict: dict[str, Any] = {"took": round(took, 3), "signals": said}
    if record is not None:
        starting = record.called_ns / 1e9 - began
        starting = starting if 0 < starting < STARTING else STARTING
        late = took - starting - cell["deadline"]
        if late > LATE:
            faults.append(f"late: gone {late:.2f} s after its deadline")
        verdict |= {"ending": str(record.ending), "message": record.message[:200]}
        faults += wrong_with(record, verdict)
    faults += left_of(running.folder, house, ground, around)
    # What may be another program's is named and left.
    named = {path for path in system.shared_memory() if str(path) in verdict.get("message", "")}
    new = system.shared_memory() - shared
    named &= new
    if new - named:
        faults.append(f"shared memory left: {sorted(path.name for path in new - named)}")
    for path in new | named:
        with contextlib.suppress(OSError):
            path.unlink()
    now = contents(ground)
    if gone := [name for name, digest in canary.items() if now.get(name) != digest]:
        faults.append(f"deleted or changed: {gone}")
        for name in ("canary", "mpviz-results", "mpviz-canary"):
            shutil.rmtree(ground / name, ignore_errors=True)
        make_canary(ground)
    return verdict | {"faults": faults}


def plan_of(cell: dict[str, Any]) -> Plan:
    """Four tasks, the second of them hostile where the cell has one."""
    tasks: list[Any] = list(cell.get("tasks", [1, 2, 3, 4]))
    if "input" in cell:
        tasks[1] = INPUTS[cell["input"]]()
    elif "hostile" in cell:
        tasks[1] = tuple(cell["hostile"])
    return Plan(
        function=attempt if "hostile" in cell or "input" in cell else time.sleep,
        inputs=tuple(tasks),
        mechanism=cell["mechanism"],
        workers=2,
        start_method=cell["start_method"],
        timeout=cell["deadline"],
        workload="chaos",
        memory=MEMORY,
    )


def befall(
    running: runner.Running, signals: list[tuple[float, float, float, int]], said: list[str]
) -> None:
    """Send each signal at its moment to the guard, the host or another, as two shares say."""
    guard = running._guard.pid
    for moment, group, share, signum in signals:
        time.sleep(moment)
        below = system.below(guard)
        groups = [one for one in ([guard], below[:1], below[1:]) if one]
        members = groups[int(group * len(groups))]
        pid = members[int(share * len(members))]
        if pid == guard and running._guard.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            whom = role(pid, running)
            os.kill(pid, signum)
            said.append(f"{signal.Signals(signum).name} to {whom}")


def role(pid: int, running: runner.Running) -> str:
    """What a member of the tree is."""
    if pid == running._guard.pid:
        return "the guard"
    with contextlib.suppress(ValueError):  # the table is closed by now
        if pid == running.table.words[HOST]:
            return f"the host ({'called' if running.table.words[CALLED] else 'starting'})"
    line = said_by(pid)
    for name in ("resource_tracker", "forkserver", "spawn_main"):
        if name in line:
            return name
    return "a worker" if line else "a zombie"


def wrong_with(record: Record, verdict: dict[str, Any]) -> list[str]:
    """What a record lacks."""
    faults = []
    if record.ending not in set(Ending) - {Ending.RUNNING}:
        faults.append(f"ending {record.ending!r}")
    try:
        trace = Trace(record)
        outcomes = list(trace.tasks["outcome"])
        assert trace.sentence
        assert len(trace.workers) >= 0
        assert len(trace.runs) == 1
    except BaseException as error:
        faults.append(f"no trace: {type(error).__name__}: {str(error)[:200]}")
        return faults
    verdict["outcomes"] = outcomes
    verdict["begun"] = bool(trace.tasks["started_s"].notna().iloc[1])
    if len(outcomes) != len(record.plan.inputs):
        faults.append(f"{len(outcomes)} outcomes of {len(record.plan.inputs)} tasks")
    if not set(outcomes) <= {one.value for one in Outcome}:
        faults.append(f"outcomes {outcomes}")
    return faults


def left_of(folder: Path, house: Path, ground: Path, around: set[str]) -> list[str]:
    """Processes and folders that a run has left; they are ended and removed, for the next."""
    found = children()
    end = time.monotonic() + CALM
    while found and time.monotonic() < end:
        time.sleep(0.01)
        found = children()
    faults = []
    if found:
        faults.append(f"processes left: {[said_by(pid)[:60] for pid in found[:4]]} ({len(found)})")
    while found:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        found = children()
    new = [path for path in ground.iterdir() if path.name not in around]
    if house != ground:  # runs may have a house of their own, which stays, with what marks it
        new = [path for path in new if path != house and path not in house.parents]
        new += [path for path in house.iterdir() if path.is_dir() or path.is_symlink()]
    new += [folder] if os.path.lexists(folder) and folder not in new else []
    # What a task made of its run's folder elsewhere is its own affair, as any file of a user's.
    for path in [path for path in new if path.name in ("mpviz-renamed", f"{folder.name}-away")]:
        subprocess.run(["rm", "-rf", path], check=False)
        new.remove(path)
    if left := sorted({str(path.relative_to(ground)) for path in new}):
        faults.append(f"folders left: {left}")
        subprocess.run(["rm", "-rf", *(ground / name for name in left)], check=False)
    return faults


def children() -> list[int]:
    """Every living process below this one; those that have ended are taken note of."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return [pid for pid in system.below(os.getpid()) if not system.is_over(pid)]


if __name__ == "__main__":
    main()
