"""Where a run happened: CPU, Python, load, versions. Knows no run."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import sys
import sysconfig
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import CodeType
from typing import Any

PACKAGES = ("mpviz", "bokeh", "cloudpickle", "ipywidgets", "numpy", "pandas", "voila")


def usable_cpus() -> float:
    """CPUs that this process may use: its affinity, or its cgroup's quota where that is less."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:
        allowed = os.cpu_count() or 1
    return min(float(allowed), cgroup_quota())


def cgroup_quota(
    root: Path = Path("/sys/fs/cgroup"), me: Path = Path("/proc/self/cgroup")
) -> float:
    """CPUs that the tightest cgroup (v2 or v1) above this process allows; infinity without one."""
    quotas = [float("inf")]
    try:
        groups = [line.split(":", 2) for line in me.read_text().splitlines()]
    except OSError:
        return quotas[0]
    for _, controllers, path in (group for group in groups if len(group) == 3):
        if not controllers:
            folder = root / path.lstrip("/")
            above = [group for group in (folder, *folder.parents) if group.is_relative_to(root)]
            quotas += [_v2(group / "cpu.max") for group in above]
        elif "cpu" in controllers.split(","):
            for group in (root / "cpu" / path.lstrip("/"), root / "cpu"):
                quotas.append(_v1(group))
    return min(quotas)


def _v2(file: Path) -> float:
    try:
        quota, period = file.read_text().split()
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


def workload_hash(function: Callable[..., Any]) -> str:
    """Twelve hexadecimal digits of the function's code; of its name where it has none."""
    code = getattr(function, "__code__", None)
    seen = _content(code) if code else repr(function)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:12]


def _content(constant: Any) -> Any:
    """What a code object does, without where it lies in memory or in a file."""
    if not isinstance(constant, CodeType):
        return repr(constant)
    inner = [_content(one) for one in constant.co_consts]
    return constant.co_code, constant.co_names, inner


def environment(function: Callable[..., Any]) -> dict[str, Any]:
    """What a record carries of the place and the moment; keys as in the runs' columns."""
    gil = getattr(sys, "_is_gil_enabled", lambda: True)
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    try:
        load = os.getloadavg()[0]
    except OSError:
        load = float("nan")
    return {
        "cpu_model": cpu_model(),
        "usable_cpus": usable_cpus(),
        "load": load,
        "python": f"{platform.python_implementation()} {platform.python_version()}"
        + (" free-threaded" if free_threaded else ""),
        "gil": gil(),
        "platform": platform.platform(),
        "versions": versions(),
        "workload_hash": workload_hash(function),
        "started_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
