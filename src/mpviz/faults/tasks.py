"""What tasks do: the healthy work, and each fault in a few lines that a teacher could project.

Knows not which task is chosen. Standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

WORK = 0.02  # seconds that a healthy task takes, so that every worker has some
MIB = 2**20


def healthy(number: int) -> int:
    """What every other task does."""
    time.sleep(WORK)
    return 10 * number


def raises(number: int) -> float:
    """Divide by zero."""
    return number / 0


class Stubborn(Exception):
    """Pickle hands it back its one argument, and it wants two."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} ({code})")


def bad_exception(number: int) -> None:
    """Raise what can be pickled and can't be unpickled."""
    raise Stubborn(number, "no copy of this")


def os_exit(_number: int) -> None:
    """End the process at once, as a C library does that calls exit."""
    os._exit(1)


def sigkill(_number: int) -> None:
    """Die as the system's OOM killer ends a process: no cleanup, no message."""
    os.kill(os.getpid(), signal.SIGKILL)


def segfault(_number: int) -> None:
    """Read address 0, as a bug in C code does."""
    ctypes.string_at(0)


def loop(_number: int) -> None:
    """Compute for ever."""
    while True:
        pass


def sleep(_number: int) -> None:
    """Wait for ever, as for an answer that never comes."""
    while True:
        time.sleep(60)


def sigstop(_number: int) -> None:
    """Stop the process, as Ctrl-Z does: alive, and doing nothing."""
    os.kill(os.getpid(), signal.SIGSTOP)


class BadArgument:
    """Becomes a lock when it is unpickled; and a lock can't be pickled again."""

    def __reduce__(self) -> tuple[Any, ...]:
        return threading.Lock, ()


def bad_argument(lock: Any) -> bool:
    """Use an argument that no pipe or queue can carry."""
    with lock:
        return True


def bad_result(_number: int) -> Any:
    """Give back what can't be pickled."""
    return threading.Lock()


def big_result(_number: int) -> bytes:
    """Give back 64 MiB."""
    return b"x" * (64 * MIB)


def big_results(_number: int) -> bytes:
    """Give back 1 MiB, more than a pipe holds; as every other task does."""
    return b"x" * MIB


def killed_sending(_number: int) -> bytes:
    """Give back 32 MiB, and be killed when a part of it is on its way."""
    sender = threading.get_native_id()

    def watch() -> None:
        with contextlib.suppress(OSError):  # the sender has ended: it had nothing to send
            while not is_sending(sender):
                time.sleep(0.0001)
            os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    return b"x" * (32 * MIB)


def is_sending(thread: int) -> bool:
    """Whether a thread is held up in a write of over 1 MiB, so that a part is in the pipe."""
    with open(f"/proc/self/task/{thread}/syscall") as file:
        call = [int(word, 0) for word in file.read().split() if word != "running"]
    # The call's number, then what a write is given: file, buffer, size.
    return len(call) > 3 and call[1] < 4096 and call[2] > MIB and MIB < call[3] < 256 * MIB


def sys_exit(_number: int) -> None:
    """Leave politely, and say that all is well."""
    sys.exit(0)


def interrupt(_number: int) -> None:
    """Raise what Ctrl-C raises; `except Exception` doesn't catch it."""
    raise KeyboardInterrupt


def grandchild(number: int) -> int:
    """Start a process of its own, and leave it."""
    subprocess.Popen(["sleep", "60"], start_new_session=True)
    return healthy(number)


def memory(_number: int) -> None:
    """Eat memory without end, 16 MiB at a time."""
    eaten = []
    while True:
        eaten.append(b"x" * (16 * MIB))
        time.sleep(0.01)
