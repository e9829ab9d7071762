"""Processes left behind, in hiding, in the place of a worker."""

import ctypes
import os
import pty
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.chaos.ground import (
    asleep,
    child,
    daemon,
    for_ever,
    ignore,
    path_to_python,
    prctl,
)

SLEEP = ["sleep", "30"]
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_SUBREAPER = 1, 4, 15, 36
CLONE_NEWPID = 0x20000000
kept: list[Any] = []  # what must live on after its task


def keep(thing: Any) -> None:
    kept.append(thing)


def times(count: int, deed: Callable[[], Any]) -> None:
    for _ in range(count):
        deed()


def ignoring() -> None:
    ignore()
    asleep()


def chain(until: float) -> None:
    """A process that starts the next and ends, so that none is there for long."""
    while time.monotonic() < until:
        if os.fork():
            os._exit(0)
        os.setsid()
        time.sleep(0.002)


def bomb(until: float, depth: int = 6) -> None:
    """Each forks two, down to 64 of them."""
    for _ in range(depth):
        os.fork()
    while time.monotonic() < until:
        time.sleep(0.1)
    os._exit(0)


def soon() -> float:
    return time.monotonic() + 10


def in_thread(deed: Callable[[], Any], daemonic: bool = True, wait: bool = False) -> None:
    thread = threading.Thread(target=deed, daemon=daemonic)
    thread.start()
    if wait:
        thread.join()


def program(code: str, *arguments: str, bare: bool = False, **options: Any) -> None:
    """Start a Python of its own and leave it."""
    command = [path_to_python(), "-S", "-c", code, *arguments]
    keep(subprocess.Popen(command, env={} if bare else None, **options))


def hidden() -> None:
    """A daemon that has cleared its environment: no mark, another session, no parent."""
    daemon(lambda: os.execve("/bin/sleep", ["sleep", "30"], {}))


def new_pid_namespace() -> None:
    if ctypes.CDLL(None).unshare(CLONE_NEWPID):
        raise PermissionError("no new namespace")
    child(lambda: [child(ignoring), asleep()])


def own_reaper() -> None:
    prctl(PR_SET_SUBREAPER, 1)
    times(5, daemon)


def stopped_child() -> None:
    os.kill(child(asleep), signal.SIGSTOP)


def traced() -> None:
    ctypes.CDLL(None).ptrace(0, 0, 0, 0)  # PTRACE_TRACEME
    os.kill(os.getpid(), signal.SIGINT)


def both_go_on() -> str:
    """Both come back from the task, and both go on as the worker."""
    return "child" if os.fork() == 0 else "parent"


def in_terminal() -> None:
    if pty.fork()[0] == 0:
        os.execvp("sleep", SLEEP)


def exec_in_place(*command: str) -> None:
    os.execvp(command[0], command)


def as_nobody() -> None:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    daemon()
    print("who am I?")


FAMILIES: dict[str, dict[str, Callable[[], Any]]] = {
    "left behind": {
        "a child": lambda: child(asleep),
        "a daemon": daemon,
        "fifty children": lambda: times(50, lambda: child(asleep)),
        "a child that ignores all": lambda: child(ignoring),
        "a child that is stopped": stopped_child,
        "a child that computes": lambda: child(for_ever),
        "a child of a thread": lambda: in_thread(lambda: child(asleep), wait=True),
        "itself twice": both_go_on,
        "a chain of processes": lambda: child(lambda: chain(soon())),
        "sixty-four processes": lambda: child(lambda: bomb(soon())),
        "a subprocess": lambda: keep(subprocess.Popen(SLEEP)),
        "a subprocess in a session": lambda: keep(subprocess.Popen(SLEEP, start_new_session=True)),
        "a shell's background": lambda: os.system("sleep 30 & sleep 30 &"),
        "a spawned process": lambda: os.posix_spawnp("sleep", SLEEP, os.environ),
        "a terminal": in_terminal,
        "a pipe's reader": lambda: keep(os.popen("sleep 30")),
    },
    "in hiding": {
        "without its mark": hidden,
        "ten of them": lambda: times(10, hidden),
        "as a resource tracker": lambda: program(
            "import time; time.sleep(30)", "multiprocessing.resource_tracker", bare=True
        ),
        "as a fork server": lambda: program(
            "import time; time.sleep(30)", "multiprocessing.forkserver", bare=True
        ),
        "under another name": lambda: prctl(PR_SET_NAME, b"init"),
        "not to be read": lambda: [prctl(PR_SET_DUMPABLE, 0), daemon()],
        "under its own reaper": own_reaper,
        "in its own group": lambda: os.setpgid(0, 0),
        "in its own session": lambda: child(lambda: [os.setsid(), asleep()]),
        "in its own namespace": new_pid_namespace,
        "traced": traced,
        "as nobody": as_nobody,
    },
    "in its place": {
        "sleep": lambda: exec_in_place(*SLEEP),
        "true": lambda: exec_in_place("true"),
        "false": lambda: exec_in_place("false"),
        "a shell": lambda: exec_in_place("sh", "-c", "sleep 30 & exit 3"),
        "python": lambda: exec_in_place(path_to_python(), "-c", "while True: pass"),
        "nothing": lambda: exec_in_place("no-such-program"),
    },
}
