"""Kernels that judge cells side by side, each in a folder of its own. Knows no cell.

If it may, a kernel mounts a small disk and a /dev/shm of its own: so a full disk is a small one,
and what is left in shared memory is known to be the kernel's.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from mpviz.engine.tree import linux as system
from tests.chaos.ground import GROUND

ROOT = Path(__file__).parents[2]
AT_ONCE = 6
PATIENCE = 15.0  # seconds beyond the deadline after which a run counts as one without an end
APART = ["unshare", "--mount", "--propagation", "private"]
MOUNTS = 'mount -t tmpfs -o size=256m none "$1" && mount -t tmpfs -o size=64m none /dev/shm'
Cell = dict[str, Any]


@cache
def may_mount() -> bool:
    """Whether a kernel can have its own disk and its own shared memory."""
    with tempfile.TemporaryDirectory() as place:
        command = [*APART, "sh", "-c", MOUNTS, "sh", place]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False


class Kernel:
    """A kernel's process; made again when a run has broken it."""

    def __init__(self) -> None:
        self.ground = Path(tempfile.mkdtemp(prefix="chaos-")).resolve()
        self.noise = (self.ground.parent / f"{self.ground.name}.log").open("wb+")
        command = [sys.executable, "-m", "tests.chaos.kernel"]
        if may_mount():
            command = [
                *APART,
                "sh",
                "-c",
                f'{MOUNTS} && shift && exec "$@"',
                "sh",
                str(self.ground),
                *command,
            ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.noise,
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(self.ground), GROUND: str(self.ground)},
        )
        if self._line(60.0) != b"ready\n":
            raise RuntimeError(f"no kernel: {self.close()}")

    def judge(self, cell: Cell) -> dict[str, Any]:
        """Judge a cell; a kernel that gives no verdict is a fault, and is closed."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(cell).encode() + b"\n")
        self.process.stdin.flush()
        if line := self._line(cell["deadline"] + PATIENCE):
            verdict: dict[str, Any] = json.loads(line)
            return verdict
        try:
            fault = f"no record: the kernel died with {self.process.wait(1)}"
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGUSR2)  # it prints its stacks
            fault = "no record: the kernel waits for ever"
        return {"faults": [fault], "noise": self.close()}

    def _line(self, seconds: float) -> bytes:
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return b""
        return self.process.stdout.readline()

    @property
    def closed(self) -> bool:
        return self.noise.closed

    def close(self) -> str:
        """End it; give the end of its output."""
        if self.closed:
            return ""
        try:
            self.process.communicate(timeout=2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        mark = f"{GROUND}={self.ground}".encode()
        for pid in system._everyone():  # a guard that was stopped, say
            if mark in system._read(pid, "environ").split(b"\0"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.noise.seek(0)
        output = self.noise.read()[-3000:].decode(errors="replace")
        self.noise.close()
        subprocess.run(["rm", "-rf", self.ground, self.noise.name], check=False)
        return output


def judged(cells: Iterable[Cell], at_once: int = AT_ONCE) -> list[tuple[Cell, dict[str, Any]]]:
    """Judge every cell; those that were only late are judged again, one at a time."""
    to_do, done = deque(cells), []

    def work() -> None:
        kernel: Kernel | None = None
        try:
            while True:
                try:
                    cell = to_do.popleft()
                except IndexError:
                    return
                kernel = Kernel() if kernel is None or kernel.closed else kernel
                done.append((cell, kernel.judge(cell)))
        finally:
            if kernel is not None:
                kernel.close()

    threads = [threading.Thread(target=work) for _ in range(min(at_once, len(to_do)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if at_once > 1:
        late = [cell for cell, verdict in done if only_late(verdict)]
        again = {id(cell): verdict for cell, verdict in judged(late, at_once=1)}
        done = [(cell, again.get(id(cell), verdict)) for cell, verdict in done]
    return done


def only_late(verdict: dict[str, Any]) -> bool:
    """Whether it is only late, which may have been the machine's fault."""
    return bool(verdict["faults"]) and all(one.startswith("late") for one in verdict["faults"])


def described(cell: Cell, verdict: dict[str, Any]) -> str:
    """Describe a cell and what is wrong with it, in a line."""
    what = cell.get("hostile") or (["inputs", cell["input"]] if "input" in cell else [])
    name = " ".join((cell["mechanism"], cell["start_method"], ": ".join(what)))
    about = [*verdict["faults"], *verdict.get("signals", [])]
    return f"{name} ({verdict.get('ending', '')}): {'; '.join(about)}"
