"""What tasks do: the healthy work, and each fault in a few lines that a teacher could project.

Does not know which task is chosen. Standard library only.
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

WORK = 0.02  # seconds that a healthy task takes: long enough that every worker gets some
MIB = 2**20


def healthy(number: int) -> int:
    """Do what every other task does."""
    time.sleep(WORK)
    return 10 * number


def raises(number: int) -> float:
    """Divide by zero."""
    return number / 0


class Stubborn(Exception):
    """Takes two arguments, but pickle hands it only one: `Exception.args`."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} ({code})")


def bad_exception(number: int) -> None:
    """Raise an exception that can be pickled but not unpickled."""
    raise Stubborn(number, "no copy of this")


def os_exit(_number: int) -> None:
    """End the process at once, as a C library that calls exit does."""
    os._exit(1)


def sigkill(_number: int) -> None:
    """Die as by the system's OOM killer: no cleanup, no message."""
    os.kill(os.getpid(), signal.SIGKILL)


def segfault(_number: int) -> None:
    """Read address 0, as a bug in C code would."""
    ctypes.string_at(0)


def loop(_number: int) -> None:
    """Never stop computing."""
    while True:
        pass


def sleep(_number: int) -> None:
    """Never stop waiting, as for an answer that doesn't come."""
    while True:
        time.sleep(60)


def sigstop(_number: int) -> None:
    """Stop the process, as Ctrl-Z does: it is alive and does nothing."""
    os.kill(os.getpid(), signal.SIGSTOP)


class BadArgument:
    """Turns into a lock when it is unpickled, and a lock can't be pickled again."""

    def __reduce__(self) -> tuple[Any, ...]:
        return threading.Lock, ()


def bad_argument(lock: Any) -> bool:
    """Use an argument that no pipe or queue can carry."""
    with lock:
        return True


def bad_result(_number: int) -> Any:
    """Return something that can't be pickled."""
    return threading.Lock()


def big_result(_number: int) -> bytes:
    """Return 64 MiB."""
    return b"x" * (64 * MIB)


def big_results(_number: int) -> bytes:
    """Return 1 MiB, more than a pipe holds, as every task does here."""
    return b"x" * MIB


def killed_sending(_number: int) -> bytes:
    """Return 32 MiB, and be killed when part of it has been sent."""
    sender = threading.get_native_id()

    def watch() -> None:
        with contextlib.suppress(OSError):  # the thread has ended without sending
            while not is_sending(sender):
                time.sleep(0.0001)
            os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    return b"x" * (32 * MIB)


def is_sending(thread: int) -> bool:
    """Whether a thread is blocked in a write of over 1 MiB, so that part of it is in the pipe."""
    with open(f"/proc/self/task/{thread}/syscall") as file:
        call = [int(word, 0) for word in file.read().split() if word != "running"]
    # The number of the system call, then the arguments of write: file, buffer, size.
    return len(call) > 3 and call[1] < 4096 and call[2] > MIB and MIB < call[3] < 256 * MIB


def sys_exit(_number: int) -> None:
    """Exit as if all were well."""
    sys.exit(0)


def interrupt(_number: int) -> None:
    """Raise what Ctrl-C raises; `except Exception` doesn't catch it."""
    raise KeyboardInterrupt


def grandchild(number: int) -> int:
    """Start a process and leave it running."""
    subprocess.Popen(["sleep", "60"], start_new_session=True)
    return healthy(number)


def memory(_number: int) -> None:
    """Take more and more memory, 16 MiB at a time."""
    eaten = []
    while True:
        eaten.append(b"x" * (16 * MIB))
        time.sleep(0.01)
