"""Where a run happened: CPU, Python, load, versions. Knows no run."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import json
import os
import platform
import sys
import sysconfig
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from mpviz.engine.cgroups import ME, ROOT, groups
from mpviz.engine.identity import workload_hash

PACKAGES = ("mpviz", "bokeh", "cloudpickle", "ipywidgets", "numpy", "pandas", "voila")


def usable_cpus() -> float:
    """CPUs that this process may use: its affinity, or its cgroup's quota where that is less."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:
        allowed = os.cpu_count() or 1
    return min(float(allowed), cgroup_quota())


def has_gil() -> bool:
    """Whether this interpreter runs with its global lock."""
    enabled: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
    return enabled()


def free_memory(root: Path = ROOT, me: Path = ME) -> int:
    """Bytes that new processes may use: what is free, or what the tightest cgroup leaves.

    Pages of files that were not used lately (``inactive_file``) are free: the system gives them
    back before it ends anybody.
    """
    free = [psutil.virtual_memory().available]
    for group in groups(root, me, "memory"):
        for most, now, idle in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            with contextlib.suppress(OSError, ValueError):  # "max", where there is no limit
                used = int((group / now).read_text()) - _statistic(group / "memory.stat", idle)
                free.append(int((group / most).read_text()) - max(0, used))
    return max(0, min(free))


def _statistic(file: Path, name: str) -> int:
    """One number of a cgroup's statistics; 0 where it isn't told."""
    with contextlib.suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0


def cgroup_quota(root: Path = ROOT, me: Path = ME) -> float:
    """CPUs that the tightest cgroup (v2 or v1) above this process allows; infinity without one."""
    above = groups(root, me, "cpu")
    return min([float("inf"), *map(_v2, above), *map(_v1, above)])


def _v2(group: Path) -> float:
    try:
        quota, period = (group / "cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return float("inf")


def _v1(group: Path) -> float:
    try:
        quota = int((group / "cpu.cfs_quota_us").read_text())
        period = int((group / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return float("inf")
    return quota / period if quota > 0 and period > 0 else float("inf")


@functools.cache
def cpu_model() -> str:
    """The processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def clock_mhz() -> float:
    """The clock speed of the CPUs at this moment, in MHz, on average; NaN where it isn't told."""
    try:
        now = psutil.cpu_freq()
    except (OSError, NotImplementedError, AttributeError):
        return float("nan")
    return float(now.current) if now and now.current > 0 else float("nan")


@functools.cache
def versions() -> str:
    """JSON of our packages' versions."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return json.dumps(found)


def environment(function: Callable[..., Any]) -> dict[str, Any]:
    """What a record carries of the place and the moment; keys as in the runs' columns."""
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    try:
        load = os.getloadavg()[0]
    except OSError:
        load = float("nan")
    return {
        "cpu_model": cpu_model(),
        "clock_mhz": clock_mhz(),
        "cpus": os.cpu_count(),
        "usable_cpus": usable_cpus(),
        "load": load,
        "python": f"{platform.python_implementation()} {platform.python_version()}"
        + (" free-threaded" if free_threaded else ""),
        "gil": has_gil(),
        "platform": platform.platform(),
        "versions": versions(),
        "workload_hash": workload_hash(function),
        "started_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
