"""The processes of a run where there is no Linux: what psutil can tell, and no more.

Nobody takes in orphans here, so a process whose parent has ended is found by the mark in its
environment, where the system lets us read that. Workers' deaths are seen when the run ends, not at
the moment; shared memory cannot be listed, so multiprocessing's resource tracker alone removes it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import psutil

T = TypeVar("T")


def take_in_orphans() -> None:
    """Nothing: no such thing here."""


def die_with_parent(_signum: int) -> None:
    """Nothing: no such thing here."""


def open_pidfd(_pid: int) -> int | None:
    """None: no such thing here."""
    return None


def is_stopped(pid: int) -> bool:
    """Whether the process was stopped by a signal."""
    return _ask(pid, lambda one: one.status() == psutil.STATUS_STOPPED, False)


def is_over(pid: int) -> bool:
    """Whether the process has ended, reaped or not."""
    return _ask(pid, lambda one: one.status() == psutil.STATUS_ZOMBIE, True)


def below(root: int, mark: str = "") -> list[int]:
    """Every process whose line of parents leads to `root`, and all that carry the mark."""
    found = set(marked(mark)) if mark else set()
    with contextlib.suppress(psutil.Error):
        found |= {child.pid for child in psutil.Process(root).children(recursive=True)}
    return sorted(found - {root})


def marked(mark: str) -> list[int]:
    """Every living process that was started with ``MPVIZ_RUN=mark`` in its environment."""
    return [
        process.pid
        for process in psutil.process_iter()
        if process.pid != os.getpid()
        and _ask(process.pid, lambda one: one.environ().get("MPVIZ_RUN") == mark, False)
    ]


def name(pid: int) -> str:
    """The short name of a process."""
    return _ask(pid, lambda one: one.name(), "")


def is_tracker(pid: int) -> bool:
    """Whether it is multiprocessing's resource tracker, which must outlive its clients a moment."""
    return "multiprocessing.resource_tracker" in _command(pid)


def is_server(pid: int) -> bool:
    """Whether it is multiprocessing's fork server, which ends by itself."""
    return "multiprocessing.forkserver" in _command(pid)


def resident(pids: Iterable[int]) -> int:
    """Bytes in memory, pages that several of them share counted for each."""
    return sum(_ask(pid, lambda one: int(one.memory_info().rss), 0) for pid in pids)


def used(pids: Iterable[int]) -> int:
    """Bytes that are each process's own (USS), where the system tells; else as `resident`."""
    return sum(_ask(pid, lambda one: int(one.memory_full_info().uss), 0) for pid in pids)


def counts(_pid: int, _tid: int) -> dict[str, int]:
    """Nothing: it is not told here in the same words."""
    return {}


def cpu_ns(_pids: Iterable[int]) -> int:
    """Unknown here."""
    return -1


def busy_ns() -> int:
    """Unknown here."""
    return -1


def boot() -> str:
    """The name of the time since this machine started; the same at every call until then."""
    return str(int(psutil.boot_time()))


def has_mounts(folder: Path) -> bool:
    """Whether a file system is mounted below the folder: what is in it is somebody else's."""
    inside = f"{folder.resolve()}{os.sep}"
    try:
        return any(one.mountpoint.startswith(inside) for one in psutil.disk_partitions(all=True))
    except (psutil.Error, OSError):
        return False


def shared_memory() -> set[Path]:
    """None: it cannot be listed here."""
    return set()


def remove_shared(_made: set[tuple[str, int]], _prefix: str) -> None:
    """Nothing: what there is cannot be looked at here."""


def in_use(_entries: set[Path], _pids: Iterable[int] | None = None) -> set[Path]:
    """None: there are no entries here."""
    return set()


def _command(pid: int) -> str:
    return _ask(pid, lambda one: " ".join(one.cmdline()), "")


def _ask(pid: int, question: Callable[[psutil.Process], T], otherwise: T) -> T:
    """An answer about a process; `otherwise` when it is gone or not ours to ask."""
    try:
        return question(psutil.Process(pid))
    except (psutil.Error, OSError, AttributeError):
        return otherwise
