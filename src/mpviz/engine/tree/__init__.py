"""The processes of a run, as the system tells of them: who they are, what they use, how they end.

Knows no run: only a root process, and the mark that everything a run starts carries in its
environment. Linux in full, from ``/proc``; elsewhere psutil says what it can. The choice is made
here, once; ``MPVIZ_TREE=portable`` takes the fallback on Linux too, for its tests.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

if sys.platform == "linux" and os.environ.get("MPVIZ_TREE") != "portable":
    from mpviz.engine.tree import linux as system
else:
    from mpviz.engine.tree import portable as system  # type: ignore[no-redef]

MARK = "MPVIZ_RUN"  # in the environment of guard, host and workers: the run's folder by name
# Seconds that multiprocessing's resource trackers get, once they are alone, to remove what is left
# in /dev/shm; it takes them milliseconds, on a busy machine more.
TRACKER_LIMIT = 0.6
PAUSE = 0.002
KILL_LIMIT = 2.0  # seconds in which a process that was killed has ended, unless it can't
REFUSED_LIMIT = 0.25  # seconds, if we may not kill it: it may be about to become ours
END_LIMIT = 10.0  # seconds for all, where ever new ones are found


def everyone(mark: str) -> list[int]:
    """Every process of the run below this one: by its line of parents, or by its mark."""
    return system.below(os.getpid(), mark)


def end_all(find: Callable[[], list[int]]) -> list[int]:
    """Stop, then kill, all that `find` finds, again and again until it finds none.

    Stopped first, so that none starts another while its siblings are killed. Gives those that are
    still there at the limits: another user's, or one that waits for a disk that does not answer.
    """
    began = last = time.perf_counter()  # last: when there was something else than trackers
    limits: dict[int, float] = {}  # when each is given up
    given_up: set[int] = set()
    while found := find():
        now = time.perf_counter()
        open_ones = [pid for pid in found if pid not in given_up]
        if not open_ones or now - began > END_LIMIT:
            return [pid for pid in found if not system.is_over(pid)]
        victims = [pid for pid in open_ones if not system.is_tracker(pid)]
        if victims:
            last = now
        elif now - last > TRACKER_LIMIT:
            victims = open_ones
        send(signal.SIGSTOP, victims)
        refused = send(signal.SIGKILL, victims)
        for pid in victims:
            limit = REFUSED_LIMIT if pid in refused else KILL_LIMIT
            limits[pid] = min(limits.get(pid, now + KILL_LIMIT), now + limit)
        given_up |= {pid for pid in victims if now > limits[pid]}
        time.sleep(PAUSE)
    return []


def send(signum: int, pids: list[int]) -> set[int]:
    """Send a signal to each that is still there, and give those to which we may not."""
    refused = set()
    for pid in pids:
        try:
            os.kill(pid, signum)
        except PermissionError:
            refused.add(pid)
        except ProcessLookupError:
            pass
    return refused


def names(pids: list[int]) -> list[str]:
    """Processes as one shows them: ``["123 (sleep)"]``."""
    return [f"{pid} ({system.name(pid)})" for pid in pids]
