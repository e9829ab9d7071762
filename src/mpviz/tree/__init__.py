"""The processes of a run, as the system tells of them: who they are, what they use, how they end.

Knows no run: only a root process, and the mark that everything a run starts carries in its
environment. Linux in full, from ``/proc``; elsewhere psutil says what it can. The choice is made
here, once; ``MPVIZ_TREE=elsewhere`` takes the fallback on Linux too, for its tests.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable

if sys.platform == "linux" and os.environ.get("MPVIZ_TREE") != "elsewhere":
    from mpviz.tree import linux as system
else:
    from mpviz.tree import elsewhere as system  # type: ignore[no-redef]

MARK = "MPVIZ_RUN"  # in the environment of guard, host and workers: the run's folder by name
# Seconds that multiprocessing's resource trackers get, once they are alone, to remove what is left
# in /dev/shm; it takes them milliseconds, on a busy machine more.
TRACKER_LIMIT = 0.6
PAUSE = 0.002


def end_all(find: Callable[[], list[int]]) -> None:
    """Stop, then kill, all that `find` finds, again and again until it finds none.

    Stopped first, so that none starts another while its siblings are killed.
    """
    last = time.perf_counter()  # when there was something else than trackers
    while found := find():
        victims = [pid for pid in found if not system.is_tracker(pid)]
        now = time.perf_counter()
        if victims:
            last = now
        elif now - last > TRACKER_LIMIT:
            victims = found
        for signum in (signal.SIGSTOP, signal.SIGKILL):
            send(signum, victims)
        time.sleep(PAUSE)


def send(signum: int, pids: list[int]) -> None:
    """Send a signal to each that is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signum)
