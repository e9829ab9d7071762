"""What the processes of a run used, as the system counts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What is known of a worker, in this order; -1 where nothing was told.
USAGE = (
    "waited_ns",  # ready to run, but no CPU was free
    "voluntary",  # times it gave up the CPU: it waited for something
    "involuntary",  # times the CPU was taken from it
    "minor_faults",
    "major_faults",
    "read_b",  # by system calls: files, pipes and sockets
    "written_b",
    "threads",  # the most alive at a look
    "peak_pss_b",
    "last_pss_b",
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What workers used, and what others took of the CPUs meanwhile, as the system counts it.

    ``workers`` maps worker rows to counts in the order of `USAGE`, as of the guard's last look.
    In ``watched_ns`` processes outside the run took ``others_ns`` of CPU time, and cgroups kept
    the run from the CPUs for ``throttled_ns``; -1 where the system tells nothing.
    """

    workers: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    watched_ns: int = 0
    others_ns: int = -1
    throttled_ns: int = -1
