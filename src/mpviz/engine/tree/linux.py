"""The processes of a run on Linux, from ``/proc``. Standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SHARED = Path("/dev/shm")
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")


def take_in_orphans() -> None:
    """Become the parent of every process below this one whose own parent ends."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signum: int) -> None:
    """Be sent a signal when the thread that started this process ends."""
    _prctl(PR_SET_PDEATHSIG, signum)


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def open_pidfd(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None where there can be none.

    Raises
    ------
    ProcessLookupError
        When it is gone.
    """
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except (OSError, AttributeError):
        return None


def is_stopped(pid: int) -> bool:
    """Whether the process was stopped by a signal."""
    return _read(pid, "stat").rpartition(b")")[2].split()[:1] in ([b"T"], [b"t"])


def is_over(pid: int) -> bool:
    """Whether the process has ended, reaped or not."""
    stat = _read(pid, "stat")
    return not stat or stat.rpartition(b")")[2].split()[0] in (b"Z", b"X")


def below(root: int, _mark: str = "") -> list[int]:
    """Every process whose line of parents leads to `root`, also those that have just ended.

    That is every process of the run where `root` takes in its orphans.
    """
    children: dict[int, list[int]] = {}
    for pid in _everyone():
        stat = _read(pid, "stat")
        if stat:
            children.setdefault(int(stat.rpartition(b")")[2].split()[1]), []).append(pid)
    found, level = [], children.get(root, [])
    while level:
        found += level
        level = [child for pid in level for child in children.get(pid, [])]
    return found


def marked(mark: str) -> list[int]:
    """Every living process that was started with ``MPVIZ_RUN=mark`` in its environment."""
    entry = f"MPVIZ_RUN={mark}".encode()
    mine = os.getpid()
    return [
        pid
        for pid in _everyone()
        if pid != mine and entry in _read(pid, "environ").split(b"\0")  # empty when it has ended
    ]


def name(pid: int) -> str:
    """The short name of a process."""
    said = _read(pid, "comm").decode(errors="replace").strip()
    return "".join(one for one in said if one.isprintable())


def is_tracker(pid: int) -> bool:
    """Whether it is multiprocessing's resource tracker, which must outlive its clients a moment."""
    return b"multiprocessing.resource_tracker" in _read(pid, "cmdline")


def is_server(pid: int) -> bool:
    """Whether it is multiprocessing's fork server, which ends by itself."""
    return b"multiprocessing.forkserver" in _read(pid, "cmdline")


def resident(pids: Iterable[int]) -> int:
    """Bytes in memory, pages that several of them share counted for each: quick, and too much."""
    return PAGE * sum(int((_read(pid, "statm").split() or (0, 0))[1]) for pid in pids)


def used(pids: Iterable[int]) -> int:
    """Bytes in memory, shared pages counted by share (PSS): exact, and slow."""
    total = 0
    for pid in pids:
        for line in _read(pid, "smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def counts(pid: int, tid: int) -> dict[str, int]:
    """What a worker has used, by the names of `mpviz.core.usage.Usage`; empty when it is gone.

    Of a thread beside its process's first only what is counted by thread.
    """
    found = {}
    own = pid == tid
    place = "" if own else f"task/{tid}/"
    if len(waited := _read(pid, f"{place}schedstat").split()) > 1:
        found["waited_ns"] = int(waited[1])
    status = _lines(_read(pid, f"{place}status"))
    named = [
        ("voluntary", b"voluntary_ctxt_switches"),
        ("involuntary", b"nonvoluntary_ctxt_switches"),
    ]
    moved: dict[bytes, bytes] = {}
    if own:
        named.append(("threads", b"Threads"))
        moved = _lines(_read(pid, "io"))
        stat = _read(pid, "stat").rpartition(b")")[2].split()
        if len(stat) > 9:
            found |= {"minor_faults": int(stat[7]), "major_faults": int(stat[9])}
    found |= {name: int(status[key]) for name, key in named if key in status}
    for name, key in (("read_b", b"rchar"), ("written_b", b"wchar")):
        if key in moved:
            found[name] = int(moved[key])
    return found


def cpu_ns(pids: Iterable[int]) -> int:
    """CPU time of these processes and of this one, with that of the children they waited for."""
    stats = [_read(pid, "stat").rpartition(b")")[2].split() for pid in {os.getpid(), *pids}]
    return TICK_NS * sum(int(word) for stat in stats for word in stat[11:15])


def busy_ns() -> int:
    """CPU time that this machine has spent on anything; -1 where it isn't told."""
    try:
        words = Path("/proc/stat").read_bytes().partition(b"\n")[0].split()
    except OSError:
        return -1
    if len(words) < 8 or words[0] != b"cpu":
        return -1
    user, nice, kernel, _idle, _iowait, irq, softirq = (int(word) for word in words[1:8])
    return TICK_NS * (user + nice + kernel + irq + softirq)


def _lines(text: bytes) -> dict[bytes, bytes]:
    """Lines of a name, a colon and a value."""
    parts = (line.partition(b":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in parts}


def boot() -> str:
    """The name of the time since this machine started; empty where it is not told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def has_mounts(folder: Path) -> bool:
    """Whether a file system is mounted below the folder: what is in it is somebody else's."""
    inside = os.fsencode(folder.resolve()) + b"/"
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
            place = re.sub(
                rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), line.split()[4]
            )
            if place.startswith(inside):
                return True
    return False


def shared_memory() -> set[Path]:
    """The entries of shared memory that there are on this machine."""
    try:
        return set(SHARED.iterdir())
    except OSError:
        return set()


def remove_shared(made: set[tuple[str, int]], prefix: str) -> None:
    """Remove the entries of shared memory that a run made, unless somebody uses them.

    Parameters
    ----------
    made
        Names and inodes: an entry of that name made by another has another inode.
    prefix
        How the names of the others that are the run's begin.
    """
    ours = set()
    for entry in shared_memory():
        with contextlib.suppress(OSError):
            about = entry.lstat()
            known = entry.name.startswith(prefix) or (entry.name, about.st_ino) in made
            if known and about.st_uid == os.getuid() and stat.S_ISREG(about.st_mode):
                ours.add(entry)
    for entry in ours - in_use(ours) if ours else ():
        with contextlib.suppress(OSError):
            entry.unlink()


def in_use(entries: set[Path], pids: Iterable[int] | None = None) -> set[Path]:
    """Those of the entries that these processes have mapped or open; by default any process."""
    found: set[Path] = set()
    # Not by name: glibc maps a semaphore under another, and gives it its own afterwards.
    # With the device: a container beside us has a /dev/shm of its own, and the same numbers there.
    numbers: dict[tuple[bytes, int], Path] = {}
    for entry in entries:
        with contextlib.suppress(OSError):
            about = entry.lstat()
            device = b"%02x:%02x" % (os.major(about.st_dev), os.minor(about.st_dev))
            numbers[device, about.st_ino] = entry
    for pid in _everyone() if pids is None else pids:
        lines = [line for line in _read(pid, "maps").splitlines() if b"/dev/shm/" in line]
        words = [line.split(maxsplit=5) for line in lines]
        mapped = {(device, int(number)) for _, _, _, device, number, _ in words}
        found |= {numbers[number] for number in mapped & numbers.keys()}
        with contextlib.suppress(OSError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    found |= {link.readlink()} & entries
    return found


def _everyone() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _read(pid: int, name: str) -> bytes:
    """A file of ``/proc`` about a process; empty when it is gone or not ours to read."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""
