"""What the processes of a run used, as the system counts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Usage:
    """What workers used, and what else took CPU time meanwhile.

    Attributes
    ----------
    workers
        Counts by name, by worker row; as of the guard's last look, since the process began, and
        only those that the system tells. Of the worker's main thread, or of its thread if it is
        one: ``waited_ns`` (ready to run, but no CPU was free), ``voluntary`` (times it gave up the
        CPU to wait for something), ``involuntary`` (times the CPU was taken from it). Of the whole
        process, so not of threads: ``minor_faults`` and ``major_faults`` of memory pages,
        ``read_b`` and ``written_b`` (bytes by system calls: files, pipes, sockets), ``threads``
        (the most alive at a look), ``peak_pss_b`` and ``last_pss_b`` (memory, shared pages by
        share; of a worker that lives some tenths of a second). The first 64 workers only. To a
        process's bytes and faults Linux adds those of the children that it has waited for.
    host
        The same of the program that calls the mechanism.
    watched_ns
        How long the guard watched, from the host's start to the run's end.
    others_ns
        CPU time that this machine spent meanwhile on anything but the run: other programs, the
        page's own kernel, interrupts. Counted in ticks of some 10 ms; -1 if unknown.
    throttled_ns
        How long cgroups kept their processes from the CPUs, summed over CPUs; -1 if unknown.
    """

    workers: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    host: Mapping[str, int] = field(default_factory=dict)
    watched_ns: int = 0
    others_ns: int = -1
    throttled_ns: int = -1
