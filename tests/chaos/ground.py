"""What hostile tasks stand on: whom they may kill, what they may delete. Knows no task.

All of them may be run as root on a machine with other people's work on it, so each deed asks here
first: only processes that carry the run's own mark are signalled, only what lies below the test's
own folder is deleted. Standard library only.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

GROUND = "MPVIZ_CHAOS"  # in the environment: the folder that all is kept below
MARK = "MPVIZ_RUN"
LONG = 30.0  # seconds that anything left behind lives by itself, should it be missed
MIB = 2**20


class OffLimits(BaseException):
    """A hostile task was about to touch what is not its own."""


def below_ground(path: str | Path) -> Path:
    """The path, if it lies in the test's own folder."""
    ground = Path(os.environ[GROUND]).resolve()
    found = Path(path)
    where = found.parent.resolve() / found.name
    if ground == where or ground not in where.parents:
        raise OffLimits(f"{path} is not below {ground}")
    return found


def folder() -> Path:
    """The folder of the run, by the table that this process has mapped."""
    for line in Path("/proc/self/maps").read_text(errors="replace").splitlines():
        if line.endswith("/table"):
            return below_ground(Path(line.split(maxsplit=5)[5]).parent)
    raise OffLimits("no run's table is mapped here")


def temporary() -> Path:
    """The temporary folder of the run's tasks."""
    return below_ground(os.environ["TMPDIR"])


def remove(path: Path) -> None:
    """Remove a file, or a folder with all in it."""
    below_ground(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def is_ours(pid: int) -> bool:
    """Whether a process carries the mark of this run."""
    mark = f"{MARK}={os.environ[MARK]}".encode()
    with contextlib.suppress(OSError):
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return False


def ours() -> list[int]:
    """Every other process of this run."""
    return [int(n) for n in os.listdir("/proc") if n.isdigit() and is_other(int(n))]


def is_other(pid: int) -> bool:
    return pid != os.getpid() and is_ours(pid)


def said_by(pid: int) -> str:
    """The command line of a process."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def send(signum: int, pids: list[int]) -> None:
    """Send a signal to those that are of this run."""
    for pid in pids:
        if is_ours(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)


def send_to(signum: int, module: str) -> None:
    """Send a signal to the processes of this run that run a module."""
    send(signum, [pid for pid in [*ours(), os.getpid()] if module in said_by(pid)])


def siblings() -> list[int]:
    """The workers of this run beside this one."""
    parts = ("mpviz.engine.guard", "resource_tracker")
    return [
        pid for pid in ours() if pid != os.getppid() and not any(p in said_by(pid) for p in parts)
    ]


def quiet(deed: Callable[..., Any], *arguments: Any) -> None:
    """Do it, and never mind."""
    with contextlib.suppress(OSError, ValueError):
        deed(*arguments)


def for_ever() -> NoReturn:
    """Compute without end."""
    while True:
        pass


def asleep() -> None:
    """Wait, longer than any deadline here."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        time.sleep(0.5)


def child(deed: Callable[[], Any]) -> int:
    """Fork a child that does something and ends."""
    pid = os.fork()
    if pid == 0:
        try:
            deed()
        finally:
            os._exit(0)
    return pid


def daemon(deed: Callable[[], Any] = asleep) -> None:
    """Leave a process behind that nobody is the parent of."""

    def twice() -> None:
        os.setsid()
        child(deed)

    os.waitpid(child(twice), 0)


def descriptors(but: int = -1) -> list[int]:
    """The open file descriptors of this process."""
    return [int(name) for name in os.listdir("/proc/self/fd") if int(name) > but]


def target(fd: int) -> str:
    """What a descriptor stands for."""
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/self/fd/{fd}").readlink())
    return ""


def prctl(option: int, *values: Any) -> None:
    ctypes.CDLL(None).prctl(option, *values, *([0] * (4 - len(values))))


def words() -> memoryview:
    """The words of the run's table, writable."""
    from mpviz.engine.recording.task import state

    return state.words


def path_to_python() -> str:
    return sys.executable


def ignore(*signums: int) -> None:
    """Ignore signals; all that can be when none is named."""
    for signum in signums or range(1, signal.NSIG):
        quiet(signal.signal, signum, signal.SIG_IGN)
