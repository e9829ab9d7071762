"""The cgroups that this process is in. Standard library only."""

from __future__ import annotations

from pathlib import Path

ROOT, ME = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def groups(root: Path = ROOT, me: Path = ME, controller: str = "cpu") -> list[Path]:
    """The folders of the cgroups, v2 or v1, that this process is in, and of those above."""
    try:
        lines = [line.split(":", 2) for line in me.read_text(errors="replace").splitlines()]
    except OSError:
        return []
    found = []
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if not controllers:
            top = root
        elif controller in controllers.split(","):
            top = root / controller
        else:
            continue
        folder = top / path.lstrip("/")
        found += [group for group in (folder, *folder.parents) if group.is_relative_to(top)]
    return found
