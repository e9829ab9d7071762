"""What a spawned worker imports before its first task, and how long that takes. On demand.

Asks the interpreter itself: ``python -X importtime``, in a process of its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

from mpviz.core.errors import Failed

LIMIT = 60.0  # seconds for the imports of one worker
LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
WORKER = """
import sys
sys.path[:] = sys.argv[2:]
import multiprocessing.spawn, mpviz.engine.recording.task
__import__(sys.argv[1])  # what importlib imports, -X importtime does not name
"""


def slowest_imports(module: str) -> list[tuple[str, float]]:
    """What importing each package takes in a worker that is spawned for a module's function.

    Parameters
    ----------
    module
        The function's module.

    Returns
    -------
    list
        Top-level packages and seconds, without what they import from others; the slowest first.

    Raises
    ------
    mpviz.Failed
        When the module can't be imported in a process of its own, or not in time.
    """
    command = [sys.executable, "-X", "importtime", "-c", WORKER, module, *sys.path]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=LIMIT, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Failed(f"The imports of {module} took more than {LIMIT:.0f} s.") from error
    except OSError as error:
        raise Failed(f"The imports can't be timed: {error.strerror}.") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise Failed(f"{module} can't be imported in a process of its own: {last}")
    spent: Counter[str] = Counter()
    for microseconds, name in LINE.findall(done.stderr):
        spent[name.partition(".")[0]] += int(microseconds)
    return [(name, microseconds / 1e6) for name, microseconds in spent.most_common()]
