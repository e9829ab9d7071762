"""Signals: to those around, to itself, and what is done when they come."""

import faulthandler
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.chaos.ground import (
    OffLimits,
    asleep,
    child,
    for_ever,
    ignore,
    is_ours,
    prctl,
    send,
    send_to,
    siblings,
)

PR_SET_PDEATHSIG = 1
NAMES = """
SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGUSR1 SIGUSR2 SIGPIPE SIGALRM SIGTERM
SIGCHLD SIGCONT SIGTSTP SIGTTIN SIGURG SIGXCPU SIGVTALRM SIGPROF SIGIO SIGPWR SIGSYS SIGRTMIN
SIGRTMAX
"""


def to_parent(signum: int) -> None:
    """Only where the parent is of the run: never the kernel."""
    if not is_ours(os.getppid()):
        raise OffLimits("the parent is not of the run")
    send(signum, [os.getppid()])
    asleep()


def to_siblings(signum: int) -> None:
    send(signum, siblings())


def to(signum: int, module: str) -> None:
    send_to(signum, module)
    asleep()


def myself(name: str) -> None:
    os.kill(os.getpid(), getattr(signal, name))
    time.sleep(0.05)


def handler_that(deed: Callable[..., Any], *signums: int) -> None:
    for signum in signums:
        signal.signal(signum, deed)


def alarms() -> None:
    """A signal each millisecond from now on."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)


def block_all() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
    asleep()


def raises(*_: Any) -> None:
    raise RuntimeError("as asked")


FAMILIES: dict[str, dict[str, Callable[[], Any]]] = {
    "killing": {
        "its parent": lambda: to_parent(signal.SIGKILL),
        "its parent, politely": lambda: to_parent(signal.SIGTERM),
        "its parent stopped": lambda: to_parent(signal.SIGSTOP),
        "its siblings": lambda: to_siblings(signal.SIGKILL),
        "its siblings stopped": lambda: to_siblings(signal.SIGSTOP),
        "its group": lambda: os.killpg(0, signal.SIGKILL),
        "its group, politely": lambda: os.killpg(0, signal.SIGTERM),
        "the host": lambda: to(signal.SIGKILL, "mpviz.engine.host"),
        "the host stopped": lambda: to(signal.SIGSTOP, "mpviz.engine.host"),
        "the host, with Ctrl-C": lambda: to(signal.SIGINT, "mpviz.engine.host"),
        "the host, asked to save": lambda: to(signal.SIGUSR1, "mpviz.engine.host"),
        "the guard": lambda: to(signal.SIGKILL, "mpviz.engine.guard"),
        "the guard stopped": lambda: to(signal.SIGSTOP, "mpviz.engine.guard"),
        "the guard, politely": lambda: to(signal.SIGTERM, "mpviz.engine.guard"),
        "the guard, with SIGUSR1": lambda: to(signal.SIGUSR1, "mpviz.engine.guard"),
        "the resource tracker": lambda: to(signal.SIGKILL, "resource_tracker"),
        "the resource tracker stopped": lambda: to(signal.SIGSTOP, "resource_tracker"),
        "the fork server": lambda: to(signal.SIGKILL, "forkserver"),
        "the fork server stopped": lambda: to(signal.SIGSTOP, "forkserver"),
    },
    "to itself": {name: partial(myself, name) for name in NAMES.split()},
    "handlers": {
        "ignores SIGTERM": lambda: ignore(signal.SIGTERM),
        "ignores all, and computes": lambda: [ignore(), for_ever()],
        "ignores the end of children": lambda: ignore(signal.SIGCHLD),
        "ignores SIGUSR1, and sleeps": lambda: [ignore(signal.SIGUSR1), asleep()],
        "SIGTERM raises": lambda: handler_that(raises, signal.SIGTERM, signal.SIGUSR1),
        "SIGTERM never ends": lambda: handler_that(lambda *_: for_ever(), signal.SIGTERM),
        "SIGTERM forks": lambda: handler_that(lambda *_: child(asleep), signal.SIGTERM),
        "an alarm each millisecond": alarms,
        "an alarm in a second": lambda: signal.alarm(1),
        "blocks all": block_all,
        "dies with its thread": lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
        "a traceback, then exit": lambda: [
            faulthandler.dump_traceback_later(0.3, exit=True),
            asleep(),
        ],
    },
}
