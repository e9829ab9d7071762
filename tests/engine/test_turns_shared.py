"""One experiment at a time, among users of a machine and among processes that are killed."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from mpviz.engine.turns import Place
from tests.waiting import until

pytestmark = pytest.mark.process

PROCESSES, TURNS = 8, 20
KILLS = 40
NOBODY = 65534

# Prints what it does, each line a moment: about to arrive, arrived, at work, about to leave, left.
VISITOR = """
import json, os, random, sys, time
from mpviz.engine.turns import Place
def say(what):
    line = dict(t=time.monotonic_ns(), pid=os.getpid(), n=n, what=what)
    os.write(1, json.dumps(line).encode() + b"\\n")
for n in range(int(sys.argv[1])):
    say("arrives")
    place = Place()
    say("waits")
    while place.ahead():
        time.sleep(0.002)
    say("works")
    time.sleep(random.uniform(0, 0.01))
    say("leaves")
    place.leave()
    say("left")
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A line of its own for the test."""
    folder = tmp_path / "turns"
    monkeypatch.setenv("MPVIZ_TURNS", str(folder))
    return folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("first", [0, NOBODY])
def test_users_share_one_line(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    top = Path(tempfile.mkdtemp(dir="/tmp"))
    top.chmod(0o1777)
    monkeypatch.setenv("MPVIZ_TURNS", str(top / "turns"))
    mine, yours = os.pipe()
    here, there = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.umask(0o077)
            os.setuid(NOBODY - first)
            if first != 0:
                os.read(here, 1)
            place = Place()
            os.write(yours, bytes([place.ahead()]))
            os.read(here, 1)
            place.leave()
        finally:
            os._exit(0)
    try:
        os.seteuid(first)
        if first != 0:
            with Place() as place:
                assert place.ahead() == 0
                os.write(there, b".")
                assert os.read(mine, 1) == b"\x01"
        else:
            assert os.read(mine, 1) == b"\x00"
            with Place() as place:
                assert place.ahead() == 1
                os.write(there, b".")
                until(lambda: place.ahead() == 0)
        os.write(there, b".")
    finally:
        os.seteuid(0)
        for fd in (mine, yours, here, there):
            os.close(fd)
        os.waitpid(pid, 0)
        assert list((top / "turns").iterdir()) == []
        shutil.rmtree(top)


def test_many_processes_some_of_them_killed_are_served_one_by_one_in_order_of_arrival(
    folder: Path, tmp_path: Path
) -> None:
    rng = random.Random(0)
    log = tmp_path / "log"
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    killed: dict[int, int] = {}

    def visitor() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", VISITOR, str(TURNS)], stdout=out)

    visitors = [visitor() for _ in range(PROCESSES)]
    try:
        for _ in range(KILLS):
            time.sleep(rng.uniform(0, 0.08))
            place = rng.randrange(PROCESSES)
            if visitors[place].poll() is None:
                killed[visitors[place].pid] = time.monotonic_ns()
                visitors[place].kill()
                visitors[place].wait()
                visitors[place] = visitor()
        assert [one.wait(60) for one in visitors] == [0] * PROCESSES
    finally:
        for one in visitors:
            one.kill()
            one.wait()
        os.close(out)
    said = [json.loads(line) for line in log.read_text().splitlines()]
    visits: dict[tuple[int, int], dict[str, int]] = {}
    for line in said:
        visits.setdefault((line["pid"], line["n"]), {})[line["what"]] = line["t"]
    served = sorted(
        (visit["works"], visit.get("leaves", killed.get(pid, 0)), visit["arrives"], visit["waits"])
        for (pid, _), visit in visits.items()
        if "works" in visit
    )
    assert len(served) >= PROCESSES * TURNS
    for before, after in itertools.pairwise(served):
        assert before[1] <= after[0], "two were at work at once"
    earliest_ahead = 0
    for _, _, arrives, waits in served:
        # Whoever had arrived before somebody else began to was served before.
        assert waits >= earliest_ahead
        earliest_ahead = max(earliest_ahead, arrives)
    with Place() as last:
        assert last.ahead() == 0
    assert list(folder.iterdir()) == []
