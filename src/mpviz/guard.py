"""The guard: a small process between the notebook's kernel and the host, that ends what must end.

Runs no user code and knows no mechanism. It starts the host in a session of its own and watches
it, the kernel, the control pipe and the deadline. When any of them says so, every process of the
run is stopped, then killed, until none is left. The run is over when it says so on its standard
output; the run's folder is removed by whoever of kernel and guard is the last to need it.

    python -m mpviz.guard FOLDER KERNEL_PID DEADLINE_S

Standard input is the control pipe: ``c`` cancels, ``q`` says that the folder has been read, its end
that the kernel is dead.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from mpviz.model import Ending
from mpviz.recording.table import CALLED, CUT, EXITCODE, EXITED, HOST, PID, TraceTable

TICK = 0.05  # seconds between looks for new workers
BOOT_LIMIT = 30.0  # seconds within which the host must have called its mechanism
SAVE_LIMIT = 0.25  # seconds that a host gets to save the results in hand
TRACKER_LIMIT = 0.3  # resource trackers killed at once leave /dev/shm entries behind
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main() -> None:
    """Run one host, see it to its end, and clean up."""
    folder, kernel, deadline = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Not SIG_IGN, which the host would inherit: mechanisms end their workers with SIGTERM.
        signal.signal(signum, lambda _signum, _frame: None)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    table = TraceTable(folder / "table")
    host = start_host(folder)
    table.words[HOST] = host.pid
    kernel_fd = open_pidfd(kernel)
    ending = watch(table, host, kernel_fd, deadline)
    if ending is Ending.FINISHED and not (folder / "results").exists():
        ending = Ending.HOST_DIED  # a task ended the program, with a status that says all is well
    if ending is Ending.HOST_DIED:
        stamp_exits_of(table, host.pid)
    table.words[CUT] = time.perf_counter_ns()
    if ending in (Ending.DEADLINE, Ending.CANCELLED):
        # The host's handler writes down the results in hand; its workers may go on meanwhile.
        host.send_signal(signal.SIGUSR1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            host.wait(SAVE_LIMIT)
    kill_tree(table)
    with contextlib.suppress(OSError):
        os.write(1, f"{ending},{host.returncode}\n".encode())
        os.close(1)
    wait_for_goodbye(kernel_fd)
    shutil.rmtree(folder, ignore_errors=True)


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
    environment = os.environ | {"TMPDIR": str(folder / "tmp"), "MPVIZ_RUN": folder.name}
    with (folder / "host.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "mpviz.host", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def watch(
    table: TraceTable, host: subprocess.Popen[bytes], kernel_fd: int | None, deadline: float
) -> Ending:
    """Wait for the first thing that ends the run; stamp the workers that exit meanwhile."""
    began = time.perf_counter()
    poll = select.poll()
    ends = [fd for fd in (0, kernel_fd) if fd is not None]
    host_fd = open_pidfd(host.pid)
    for fd in (*ends, host_fd):
        if fd is not None:
            poll.register(fd, select.POLLIN)
    workers: dict[int, int] = {}  # pidfd -> worker row
    pending: list[int] = []
    seen = 0
    while host.poll() is None:
        claimed = table.claimed
        pending += range(seen, claimed)
        seen = claimed
        pending = follow_new_workers(table, pending, poll, workers)
        called = table.words[CALLED] / 1e9
        limit = called + deadline if called else began + BOOT_LIMIT + deadline
        left = limit - time.perf_counter()
        if left <= 0:
            return Ending.DEADLINE
        ready = {fd for fd, _ in poll.poll(1000 * min(TICK, left))}
        if ready.intersection(ends):
            return Ending.CANCELLED  # asked to, or the kernel is gone
        for fd in ready & workers.keys():
            stamp_exit(table, workers.pop(fd))
            poll.unregister(fd)
            os.close(fd)
    return Ending.FINISHED if host.returncode == 0 else Ending.HOST_DIED


def follow_new_workers(
    table: TraceTable, pending: list[int], poll: select.poll, workers: dict[int, int]
) -> list[int]:
    """Watch the processes of these rows; give the rows that have no process yet."""
    started = []
    for row in pending:
        pid = table.words[table.worker(row) + PID]
        if not pid:
            started.append(row)
        elif pid != table.words[HOST]:  # not a thread of the host
            fd = open_pidfd(pid)
            if fd is None:
                stamp_exit(table, row)
            else:
                workers[fd] = row
                poll.register(fd, select.POLLIN)
    return started


def stamp_exits_of(table: TraceTable, pid: int) -> None:
    """Write down that a process is no more, in the rows of all its threads."""
    for row in range(table.claimed):
        if table.words[table.worker(row) + PID] == pid:
            stamp_exit(table, row)


def stamp_exit(table: TraceTable, row: int) -> None:
    """Write down that a worker's process is no more."""
    table.words[table.worker(row) + EXITED] = time.perf_counter_ns()


def open_pidfd(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None when it has, or can't be."""
    try:
        return os.pidfd_open(pid)
    except (OSError, AttributeError):
        return None


def prctl(option: int, value: int) -> None:
    """Call Linux's prctl; elsewhere nothing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def kill_tree(table: TraceTable) -> None:
    """Stop, then kill, every process below this one, until there is none."""
    began = time.perf_counter()
    while True:
        reap(table)
        tree = list(descendants(os.getpid()))
        if time.perf_counter() - began < TRACKER_LIMIT:
            victims = [pid for pid in tree if not is_tracker(pid)]
        else:
            victims = tree
        if not tree:
            return
        for signum in (signal.SIGSTOP, signal.SIGKILL):
            for pid in victims:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signum)
        time.sleep(0.002)


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


def descendants(root: int) -> Iterator[int]:
    """Every process whose line of parents leads to `root`."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry))
    found = children.get(root, [])
    while found:
        yield from found
        found = [child for pid in found for child in children.get(pid, [])]


def is_tracker(pid: int) -> bool:
    """Whether it is multiprocessing's resource tracker, which must outlive its clients a moment."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"multiprocessing.resource_tracker" in file.read()
    except OSError:
        return False


if __name__ == "__main__":
    main()
