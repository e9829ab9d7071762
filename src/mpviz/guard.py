"""The guard: a small process between the notebook's kernel and the host, that ends what must end.

Runs no user code and knows no mechanism. It starts the host in a session of its own and watches
it, the kernel, the control pipe, the deadline and the memory in use. When any of them says so,
every process of the run is stopped, then killed, until none is left. The run is over when it says
so on its standard output; the run's folder is removed by whoever of kernel and guard is the last to
need it. Should the guard itself be killed, the kernel does this instead (see `mpviz.runner`).

    python -m mpviz.guard FOLDER KERNEL_PID DEADLINE_S MEMORY_BYTES

Standard input is the control pipe: ``c`` cancels, ``q`` says that the folder has been read, its end
that the kernel is dead. What it says is one line: how the run ended, the host's exit status, how
many processes were left behind, and how many bytes were in use when that was too much.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from mpviz.model import Ending
from mpviz.recording.raw import FOR_US, LOG, UNBUFFERED, trim
from mpviz.recording.table import CALLED, CUT, EXITCODE, EXITED, HOST, LOGGED, PID, TraceTable
from mpviz.tree import MARK, end_all, send, system

TICK = 0.05  # seconds between looks for new workers
BOOT_LIMIT = 30.0  # seconds within which the host must have called its mechanism
SAVE_LIMIT = 0.25  # seconds that a host gets to save the results in hand
LEAVE_LIMIT = 0.5  # seconds in which what is about to end has ended
MEMORY_TICK, MEMORY_TICK_ALL = 0.1, 1.0  # seconds between looks at workers; at the whole tree
MOST_DESCRIPTORS = 500  # of workers watched by one; the others are looked at every tick


def main() -> None:
    """Run one host, see it to its end, and clean up."""
    folder, kernel = Path(sys.argv[1]), int(sys.argv[2])
    deadline, allowed = float(sys.argv[3]), int(sys.argv[4])
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Not SIG_IGN, which the host would inherit: mechanisms end their workers with SIGTERM.
        signal.signal(signum, lambda _signum, _frame: None)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    system.take_in_orphans()
    entries = system.shared_memory()
    table = TraceTable(folder / "table")
    host = start_host(folder)
    table.words[HOST] = host.pid
    watch = Watch(table, host, kernel, Ceiling(allowed, folder.name))
    ending = watch.until_the_end(deadline)
    left = 0
    if host.returncode is not None:
        left = left_behind(table, folder.name)
    if ending is Ending.FINISHED and not (folder / "results").exists():
        ending = Ending.HOST_DIED  # a task ended the program, with a status that says all is well
    if ending is Ending.HOST_DIED:
        stamp_exits_of(table, host.pid)
    table.words[CUT] = time.perf_counter_ns()
    with contextlib.suppress(OSError):  # what comes now is said of our ending it
        table.words[LOGGED] = (folder / LOG).stat().st_size
    new = system.shared_memory() - entries
    new = system.in_use(new, everyone(folder.name)) if new else new
    if ending is Ending.MEMORY:  # whoever eats it is to stop while the host saves
        rest = [pid for pid in everyone(folder.name) if pid != host.pid]
        send(signal.SIGSTOP, [pid for pid in rest if not system.is_tracker(pid)])
    if host.returncode is None:
        # The host's handler writes down the results in hand; its workers may go on meanwhile.
        host.send_signal(signal.SIGUSR1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            host.wait(SAVE_LIMIT)
    kill_tree(table, folder.name)
    for entry in new - system.in_use(new) if new else ():
        entry.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        os.write(1, f"{ending},{host.returncode},{left},{watch.ceiling.used}\n".encode())
        os.close(1)
    wait_for_goodbye(watch.kernel_fd)
    shutil.rmtree(folder, ignore_errors=True)


def everyone(mark: str) -> list[int]:
    """Every process of the run but the guard."""
    return system.below(os.getpid(), mark)


def wait_for_goodbye(kernel_fd: int | None) -> None:
    """Wait until the kernel has read what it needs, or is gone."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    if kernel_fd is not None:
        poll.register(kernel_fd, select.POLLIN)
    while all(fd == 0 for fd, _ in poll.poll()):
        said = os.read(0, 64)
        if not said or b"q" in said:
            return


def start_host(folder: Path) -> subprocess.Popen[bytes]:
    """Start the process that runs the mechanism: alone in its session, its noise in a file."""
    environment = {UNBUFFERED: FOR_US} | os.environ | {MARK: folder.name}
    with (folder / LOG).open("ab") as log:  # appending, as all who write there must
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "mpviz.host", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: system.die_with_parent(signal.SIGKILL),  # noqa: PLW1509  no threads here
        )


class Ceiling:
    """Whether the run's processes use more memory than they may."""

    def __init__(self, allowed: int, mark: str) -> None:
        self.used = 0  # bytes, when that was too much
        self._allowed, self._mark = allowed, mark
        self._next = self._next_all = 0.0

    def passed(self, known: Iterable[int]) -> bool:
        """Look at the known processes, now and then at all; not at every call."""
        now = time.perf_counter()
        if now < self._next:
            return False
        self._next = now + MEMORY_TICK
        if now >= self._next_all:
            self._next_all = now + MEMORY_TICK_ALL
            known = everyone(self._mark)
        if system.resident(known) <= self._allowed:
            return False
        # What forks share was counted for each of them: now exactly, which takes its time.
        used = system.used(everyone(self._mark))
        if used <= self._allowed:
            self._next += MEMORY_TICK_ALL - MEMORY_TICK
            return False
        self.used = used
        return True


class Watch:
    """Watches a host and its workers until something ends the run.

    Attributes
    ----------
    ceiling
        What looks at the memory.
    kernel_fd
        A descriptor that tells when the kernel is dead; None where the system has none.
    """

    def __init__(
        self, table: TraceTable, host: subprocess.Popen[bytes], kernel: int, ceiling: Ceiling
    ) -> None:
        self.ceiling = ceiling
        self._table, self._host, self._kernel = table, host, kernel
        self._poll = select.poll()
        self._followed: dict[int, int] = {}  # pidfd -> worker row
        self._unfollowed: dict[int, int] = {}  # pid -> worker row, where there is no pidfd
        self._pending: list[int] = []  # worker rows without a process yet
        self._seen = 0
        self._poll.register(0, select.POLLIN)
        self.kernel_fd = self._descriptor(kernel)
        self._ends = {fd for fd in (0, self.kernel_fd) if fd is not None}
        self._descriptor(host.pid)

    def _descriptor(self, pid: int) -> int | None:
        with contextlib.suppress(ProcessLookupError):
            fd = system.open_pidfd(pid)
            if fd is not None:
                self._poll.register(fd, select.POLLIN)
            return fd
        return None

    def until_the_end(self, deadline: float) -> Ending:
        """Wait for the first thing that ends the run; stamp the workers that exit meanwhile."""
        began = trimmed = time.perf_counter()
        table, host = self._table, self._host
        while host.poll() is None:
            self._follow_new_workers()
            called = table.words[CALLED] / 1e9
            limit = called + deadline if called else began + BOOT_LIMIT + deadline
            left = limit - time.perf_counter()
            if left <= 0:
                return Ending.DEADLINE
            ready = {fd for fd, _ in self._poll.poll(1000 * min(TICK, left))}
            if ready & self._ends or os.getppid() != self._kernel:
                return Ending.CANCELLED  # asked to, or the kernel is gone
            self._stamp_exits(ready)
            if time.perf_counter() > trimmed + MEMORY_TICK:
                trim(table.path.parent)
                trimmed = time.perf_counter()
            if self.ceiling.passed([host.pid, *self._unfollowed, *self._pids()]):
                return Ending.MEMORY
        return Ending.FINISHED if host.returncode == 0 else Ending.HOST_DIED

    def _pids(self) -> list[int]:
        table = self._table
        return [table.words[table.worker(row) + PID] for row in self._followed.values()]

    def _follow_new_workers(self) -> None:
        """Watch the processes of new rows, as soon as they have one."""
        table, claimed = self._table, self._table.claimed
        pending = [*self._pending, *range(self._seen, claimed)]
        self._pending, self._seen = [], claimed
        for row in pending:
            pid = table.words[table.worker(row) + PID]
            if not pid:
                self._pending.append(row)
            elif pid != table.words[HOST]:  # not a thread of the host
                self._follow(pid, row)

    def _follow(self, pid: int, row: int) -> None:
        try:
            fd = system.open_pidfd(pid) if len(self._followed) < MOST_DESCRIPTORS else None
        except ProcessLookupError:
            stamp_exit(self._table, row)
            return
        if fd is None:
            self._unfollowed[pid] = row
        else:
            self._followed[fd] = row
            self._poll.register(fd, select.POLLIN)

    def _stamp_exits(self, ready: set[int]) -> None:
        for fd in ready & self._followed.keys():
            stamp_exit(self._table, self._followed.pop(fd))
            self._poll.unregister(fd)
            os.close(fd)
        for pid in [pid for pid in self._unfollowed if system.is_over(pid)]:
            stamp_exit(self._table, self._unfollowed.pop(pid))


def left_behind(table: TraceTable, mark: str) -> int:
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


def stamp_exits_of(table: TraceTable, pid: int) -> None:
    """Write down that a process is no more, in the rows of all its threads."""
    for row in range(table.claimed):
        if table.words[table.worker(row) + PID] == pid:
            stamp_exit(table, row)


def stamp_exit(table: TraceTable, row: int) -> None:
    """Write down that a worker's process is no more."""
    table.words[table.worker(row) + EXITED] = time.perf_counter_ns()


def kill_tree(table: TraceTable, mark: str) -> None:
    """End every process of the run."""

    def left() -> list[int]:
        reap(table)
        return everyone(mark)

    end_all(left)


def reap(table: TraceTable) -> None:
    """Take the exit codes of children that ended, also of those that became ours.

    A worker that died while its mechanism hung has nobody else to ask how.
    """
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            for row in range(table.claimed):
                at = table.worker(row)
                exited = table.words[at + EXITED]
                if table.words[at + PID] == ended[0] and 0 < exited < table.words[CUT]:
                    table.words[at + EXITCODE] = os.waitstatus_to_exitcode(ended[1])


if __name__ == "__main__":
    main()
