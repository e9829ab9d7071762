"""The guard: a small process between the notebook's kernel and the host, that ends what must end.

Runs no user code and knows no mechanism. It starts the host in a session of its own and watches
it, the kernel, the control pipe, the deadline and the memory in use. When any of them says so,
every process of the run is stopped, then killed, until none is left. The run is over when it says
so on its standard output; the run's folder is removed by whoever of kernel and guard is the last to
need it. Should the guard itself be killed, the kernel does this instead: `mpviz.engine.runner`.

    python -m mpviz.engine.guard FOLDER KERNEL_PID DEADLINE_S MEMORY_BYTES

Standard input is the control pipe: ``c`` cancels, ``q`` says that the folder has been read, its end
that the kernel is dead. What it says is one line of JSON, whatever goes wrong: see `main`.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpviz.core.outcome import Ending
from mpviz.engine import folders
from mpviz.engine.ceiling import Ceiling
from mpviz.engine.cgroups import groups
from mpviz.engine.exits import reap, stamp_exit, stamp_exits_of
from mpviz.engine.recording.files import RESULTS, size_of
from mpviz.engine.recording.raw import FOR_US, LOG, UNBUFFERED, trim
from mpviz.engine.recording.table import (
    CALLED,
    CUT,
    HOST,
    LOADING,
    LOGGED,
    REQUESTED,
    TableFile,
)
from mpviz.engine.tree import MARK, end_all, everyone, names, send, system
from mpviz.engine.usage import Meter

TICK = 0.05  # seconds between looks for new workers
BOOT_LIMIT = 30.0  # seconds within which the host must come to the user's code
SAVE_LIMIT = 0.25  # seconds that a host gets to write down some more of the results in hand
SAVE_MOST = 5.0  # seconds for all of them
MOST_NEW = 1000  # rows of workers looked at in one tick: more can't have been started meanwhile
LEAVE_LIMIT = 0.5  # seconds in which what is about to end has ended
TRIM_EVERY = 0.1  # seconds between two looks at what was printed
GOODBYE_TICK = 1.0  # seconds between looks whether the kernel, which is reading, still lives
MOST_NAMES = 20  # of survivors, and of entries of shared memory, that are reported
MOST_DESCRIPTORS = 500  # of workers watched by one; the others are looked at every tick


def main() -> None:
    """Run one host, see it to its end, report it, and clean up.

    The report has ``ending``; ``status``, the host's exit status; ``left_behind``, how many
    processes went on after it; ``used``, the bytes in use when that was too much; ``usage``, what
    `mpviz.engine.usage.Meter` has counted; ``survivors``, the processes that could not be ended;
    ``shared``, entries of shared memory that the run's processes held, and that may be another's;
    ``fault``, what went wrong with the guard itself.
    """
    folder, kernel = Path(sys.argv[1]), int(sys.argv[2])
    deadline, allowed = float(sys.argv[3]), int(sys.argv[4])
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Not SIG_IGN, which the host would inherit: mechanisms end their workers with SIGTERM.
        signal.signal(signum, lambda _signum, _frame: None)
    report: dict[str, Any] = {"ending": Ending.HOST_DIED, "status": None, "left_behind": 0}
    report |= {"used": 0, "usage": {}, "survivors": [], "shared": [], "fault": ""}
    kernel_fd = open_kernel(kernel)
    held: set[Path] = set()
    table = None
    with noting(report):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        system.take_in_orphans()
        folders.hold(folder)
        entries = system.shared_memory()
        table = TableFile(folder / "table")
        host = start_host(folder)
        table.words[HOST] = host.pid
        meter = Meter(lambda: everyone(folder.name), groups)
        watch = Watch(table, host, (kernel, kernel_fd), Ceiling(allowed, folder.name), meter)
        report["ending"] = watch.until_the_end(deadline)
        report["used"] = watch.ceiling.used
        look_back(report, table, host, folder)
        report["usage"] = meter.report()
        new = system.shared_memory() - entries
        held = system.in_use(new, everyone(folder.name)) if new else new
        let_save(report["ending"], host, folder, kernel)
        report["status"] = host.returncode
    with noting(report):
        report["survivors"] = few(names(kill_tree(report, table, folder.name)))
    with noting(report):
        folders.clear_shared(folder)
        left = {entry for entry in held if os.path.lexists(entry)}
        left -= system.in_use(left) if left else left
        report["shared"] = few(sorted(str(entry) for entry in left))
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(report).encode() + b"\n")
        os.close(1)
    with contextlib.suppress(OSError):
        wait_for_goodbye(kernel, kernel_fd)
    folders.wipe(folder)


@contextlib.contextmanager
def noting(report: dict[str, Any]) -> Iterator[None]:
    """Whatever goes wrong is told in the report, instead of what would have come then."""
    try:
        yield
    except Exception as error:
        report["fault"] = report["fault"] or f"{type(error).__name__}: {error}"


def look_back(
    report: dict[str, Any], table: TableFile, host: subprocess.Popen[bytes], folder: Path
) -> None:
    """What there is to say of a run that has just ended, before anything is killed."""
    if host.returncode is not None:
        report["left_behind"] = left_behind(table, folder.name)
    if report["ending"] is Ending.FINISHED and not size_of(folder / RESULTS):
        # A task ended the program, with a status that says all is well.
        report["ending"] = Ending.HOST_DIED
    if report["ending"] is Ending.HOST_DIED:
        stamp_exits_of(table, host.pid)
    table.words[CUT] = time.perf_counter_ns()
    with contextlib.suppress(OSError):  # what comes now is said of our ending it
        table.words[LOGGED] = (folder / LOG).stat().st_size


def let_save(ending: Ending, host: subprocess.Popen[bytes], folder: Path, kernel: int) -> None:
    """Let a host that is about to be killed write down the results in hand, as long as it gets on.

    The rest of the run may go on for a moment; not while the host takes its time.
    """
    if ending is Ending.MEMORY:  # whoever eats it is to stop while the host saves
        stop_others(host, folder.name)
    if host.returncode is not None:
        return
    host.send_signal(signal.SIGUSR1)
    end = time.perf_counter() + SAVE_MOST
    before = -1
    while time.perf_counter() < end and (size := size_of(folder / RESULTS)) != before:
        if before >= 0 and os.getppid() != kernel:
            return  # nobody is left to read them
        before = size
        with contextlib.suppress(subprocess.TimeoutExpired):
            host.wait(SAVE_LIMIT)
            return
        stop_others(host, folder.name)


def stop_others(host: subprocess.Popen[bytes], mark: str) -> None:
    """Stop all of the run but its host."""
    rest = [pid for pid in everyone(mark) if pid != host.pid]
    send(signal.SIGSTOP, [pid for pid in rest if not system.is_tracker(pid)])


def few(words: list[str]) -> list[str]:
    """As many names as one reads, and how many there are beside."""
    more = len(words) - MOST_NAMES
    return [*words[:MOST_NAMES], f"{more:,} more"] if more > 0 else words


def open_kernel(kernel: int) -> int | None:
    """A descriptor that tells when the kernel is dead; None where there is none."""
    with contextlib.suppress(ProcessLookupError):
        return system.open_pidfd(kernel)
    return None


def wait_for_goodbye(kernel: int, kernel_fd: int | None) -> None:
    """Wait until the kernel has read what it needs, or is gone."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    if kernel_fd is not None:
        poll.register(kernel_fd, select.POLLIN)
    # The pipe's end alone can't say it: a process that the kernel forked holds the pipe as well.
    while os.getppid() == kernel:
        for fd, _ in poll.poll(1000 * GOODBYE_TICK):
            said = os.read(0, 64) if fd == 0 else b""
            if not said or b"q" in said:
                return


def start_host(folder: Path) -> subprocess.Popen[bytes]:
    """Start the process that runs the mechanism: alone in its session, its noise in a file."""
    environment = {UNBUFFERED: FOR_US} | os.environ | {MARK: folder.name}
    with (folder / LOG).open("ab") as log:  # appending, as all who write there must
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "mpviz.engine.host", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: system.die_with_parent(signal.SIGKILL),  # noqa: PLW1509  no threads here
        )


class Watch:
    """Watches a host and its workers until something ends the run.

    Attributes
    ----------
    ceiling
        What looks at the memory.
    """

    def __init__(
        self,
        table: TableFile,
        host: subprocess.Popen[bytes],
        kernel: tuple[int, int | None],
        ceiling: Ceiling,
        meter: Meter,
    ) -> None:
        self.ceiling = ceiling
        self._meter = meter
        self._metered: dict[int, tuple[int, int]] = {}  # worker row -> process, thread
        self._table, self._host, self._kernel = table, host, kernel[0]
        self._poll = select.poll()
        self._followed: dict[int, int] = {}  # pidfd -> worker row
        self._unfollowed: dict[int, int] = {}  # pid -> worker row, where there is no pidfd
        self._pending: list[int] = []  # worker rows without a process yet
        self._seen = 0
        self._called = self._loading = 0  # as first read: the user's code may write there later
        self._ends = {fd for fd in (0, kernel[1]) if fd is not None}
        with contextlib.suppress(ProcessLookupError):
            self._wake_on(system.open_pidfd(host.pid))
        for fd in self._ends:
            self._wake_on(fd)

    def _wake_on(self, fd: int | None) -> None:
        if fd is not None:
            self._poll.register(fd, select.POLLIN)

    def until_the_end(self, deadline: float) -> Ending:
        """Wait for the first thing that ends the run; stamp the workers that exit meanwhile."""
        began = trimmed = time.perf_counter()
        table, host = self._table, self._host
        while host.poll() is None:
            self._follow_new_workers()
            left = self._limit(began, deadline) - time.perf_counter()
            if left <= 0:
                return Ending.DEADLINE
            ready = {fd for fd, _ in self._poll.poll(1000 * min(TICK, left))}
            if ready & self._ends or os.getppid() != self._kernel:
                return Ending.CANCELLED  # asked to, or the kernel is gone
            self._stamp_exits(ready)
            if time.perf_counter() > trimmed + TRIM_EVERY:
                trim(table.path.parent)
                trimmed = time.perf_counter()
            self._meter.look(host.pid, self._metered)
            if self.ceiling.passed([host.pid, *self._unfollowed, *self._pids()]):
                return Ending.MEMORY
        return Ending.FINISHED if host.returncode == 0 else Ending.HOST_DIED

    def _limit(self, began: float, deadline: float) -> float:
        """When the run is to be ended: the deadline also holds for loading the user's code."""
        self._loading = self._loading or self._table.stamp(LOADING)
        self._called = self._called or self._table.stamp(CALLED)
        if since := self._called or self._loading:
            return since / 1e9 + deadline
        return began + BOOT_LIMIT

    def _pids(self) -> list[int]:
        return [pid for row in self._followed.values() if (pid := self._table.pid(row))]

    def _follow_new_workers(self) -> None:
        """Watch the processes of new rows, as soon as they have one."""
        table, seen = self._table, self._seen
        end = min(table.claimed, seen + MOST_NEW)
        while self._seen < end and table.words[table.worker(self._seen) + REQUESTED]:
            self._seen += 1
        pending = [*self._pending[-MOST_NEW:], *range(seen, self._seen)]
        self._pending = []
        for row in pending:
            pid = table.pid(row)
            if not pid:
                self._pending.append(row)
            elif pid != self._host.pid:
                if self._follow(pid, row):
                    self._metered[row] = pid, pid
            elif tid := table.tid(row):  # a thread of the host
                self._metered[row] = pid, tid
            else:
                self._pending.append(row)

    def _follow(self, pid: int, row: int) -> bool:
        """Watch a worker's process; False if it is gone already."""
        try:
            fd = system.open_pidfd(pid) if len(self._followed) < MOST_DESCRIPTORS else None
        except ProcessLookupError:
            stamp_exit(self._table, row)
            return False
        if fd is None:
            self._unfollowed[pid] = row
        else:
            self._followed[fd] = row
            self._poll.register(fd, select.POLLIN)
        return True

    def _stamp_exits(self, ready: set[int]) -> None:
        for fd in ready & self._followed.keys():
            row = self._followed.pop(fd)
            self._metered.pop(row, None)
            stamp_exit(self._table, row)
            self._poll.unregister(fd)
            os.close(fd)
        for pid in [pid for pid in self._unfollowed if system.is_over(pid)]:
            self._metered.pop(self._unfollowed[pid], None)
            stamp_exit(self._table, self._unfollowed.pop(pid))


def left_behind(table: TableFile, mark: str) -> int:
    """How many processes go on though their program is done; those about to end are waited for."""
    end = time.perf_counter() + LEAVE_LIMIT
    while True:
        reap(table)
        left = [
            pid
            for pid in everyone(mark)
            if not (system.is_tracker(pid) or system.is_server(pid) or system.is_over(pid))
        ]
        if not left or time.perf_counter() > end:
            return len(left)
        time.sleep(TICK / 10)


def kill_tree(report: dict[str, Any], table: TableFile | None, mark: str) -> list[int]:
    """End every process of the run, and give those that can't be ended."""

    def left() -> list[int]:
        with noting(report):  # what is wrong with the table must not save anyone
            reap(table)
        return everyone(mark)

    return end_all(left)


if __name__ == "__main__":
    main()
