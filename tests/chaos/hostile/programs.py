"""Threads, how a program ends, what multiprocessing leaves, limits."""

import _imp
import _multiprocessing  # type: ignore[import-not-found]  # it has no stub
import _thread
import atexit
import logging
import multiprocessing
import multiprocessing.util
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import connection, managers, shared_memory
from typing import Any

from tests.chaos.ground import MIB, asleep, child, daemon, for_ever, ignore, temporary
from tests.chaos.hostile.processes import as_nobody, in_thread, keep, times


def raises(*_: Any) -> None:
    raise RuntimeError("as asked")


def holding(lock: Any) -> None:
    lock.acquire()
    asleep()


def deadlock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def prints_for_ever() -> None:
    while True:
        print("still here")
        time.sleep(0.001)


def at_exit(deed: Callable[[], Any]) -> None:
    """Of a program, and of one of multiprocessing's workers."""
    atexit.register(deed)
    multiprocessing.util.Finalize(None, deed, exitpriority=100)


class Unprintable:
    def __str__(self) -> str:
        asleep()
        return ""

    __repr__ = __str__


def system_exit(code: Any) -> None:
    raise SystemExit(code)


def no_daemon() -> None:
    """Workers may start processes of their own then."""
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]


def nested_pool(leak: bool = False) -> Any:
    no_daemon()
    pool = multiprocessing.get_context("fork").Pool(2)
    if leak:
        keep(pool)
        return pool.map(abs, [1])
    with pool:
        return pool.map(abs, [-1, -2])


def shared(name: str = "", close: bool = False) -> None:
    memory = shared_memory.SharedMemory(create=True, size=MIB, name=name or None)
    if close:
        memory.close()
    else:
        keep(memory)


def semaphore(name: str) -> None:
    """One of the system's, that nobody keeps account of, held at the run's end."""
    keep(_multiprocessing.SemLock(1, 1, 1, f"/{name}", False))
    asleep()


def full_queue() -> None:
    queue = multiprocessing.get_context("fork").Queue()
    queue.put(b"x" * MIB)  # its thread can't be done, and is joined at exit
    keep(queue)


def left_worker() -> None:
    no_daemon()
    process = multiprocessing.get_context("spawn").Process(target=asleep)
    process.start()
    keep(process)


def manager() -> None:
    no_daemon()
    one = managers.SyncManager(ctx=multiprocessing.get_context("fork"))
    one.start()
    keep(one)


def listener() -> None:
    one = connection.Listener(family="AF_UNIX")
    keep(one)
    one.accept()


def wait_at_barrier() -> None:
    multiprocessing.get_context("fork").Barrier(2).wait()


def lower(limit: int, value: int, deed: Callable[[], Any] = lambda: None) -> None:
    resource.setrlimit(limit, (value, value))
    deed()


FAMILIES: dict[str, dict[str, Callable[[], Any]]] = {
    "threads": {
        "one without end": lambda: in_thread(asleep, daemonic=False),
        "one that computes": lambda: in_thread(for_ever, daemonic=False),
        "a hundred": lambda: times(100, lambda: in_thread(asleep)),
        "one that raises": lambda: in_thread(raises, wait=True),
        "one that prints": lambda: in_thread(prints_for_ever),
        "one that holds the imports": lambda: in_thread(lambda: [_imp.acquire_lock(), asleep()]),
        "a lock of the standard library held": lambda: holding(logging._lock),  # type: ignore[attr-defined]
        "a deadlock": deadlock,
        "one that forks": lambda: in_thread(lambda: times(20, lambda: child(asleep))),
        "one that exits": lambda: in_thread(lambda: os._exit(3)),
        "one that interrupts": lambda: in_thread(_thread.interrupt_main),
        "a timer": lambda: threading.Timer(20, asleep).start(),
    },
    "ending": {
        "sys.exit()": sys.exit,
        "sys.exit(1)": lambda: sys.exit(1),
        "sys.exit of a text": lambda: sys.exit("goodbye"),
        "sys.exit(2**70)": lambda: sys.exit(2**70),
        "sys.exit of what can't be shown": lambda: system_exit(Unprintable()),
        "os._exit(0)": lambda: os._exit(0),
        "os._exit(255)": lambda: os._exit(255),
        "os.abort": os.abort,
        "exit never ends": lambda: at_exit(asleep),
        "exit raises": lambda: at_exit(raises),
        "exit kills": lambda: at_exit(lambda: os.kill(os.getpid(), signal.SIGKILL)),
        "exit forks": lambda: at_exit(daemon),
    },
    "multiprocessing": {
        "a pool in a task": nested_pool,
        "a pool left": lambda: nested_pool(leak=True),
        "a manager left": manager,
        "a listener left": listener,
        "a worker left": left_worker,
        "a queue left full": full_queue,
        "shared memory left": shared,
        "shared memory closed": lambda: shared(close=True),
        "shared memory of a name": lambda: shared(os.environ["MPVIZ_RUN"]),
        "semaphores left": lambda: times(50, lambda: keep(multiprocessing.Semaphore())),
        "a semaphore held": lambda: semaphore(os.environ["MPVIZ_RUN"]),
        "a lock held": lambda: holding(multiprocessing.Lock()),
        "waits at a barrier": wait_at_barrier,
        "another start method": lambda: multiprocessing.set_start_method("spawn", force=True),
        "memory without a name": lambda: keep(os.memfd_create("mpviz")),
    },
    "limits": {
        "no more descriptors": lambda: lower(resource.RLIMIT_NOFILE, 3),
        "no more bytes": lambda: lower(resource.RLIMIT_FSIZE, 0, lambda: print("x" * 100_000)),
        "no more bytes, ignored": lambda: [
            ignore(signal.SIGXFSZ),
            lower(resource.RLIMIT_FSIZE, 0, lambda: print("x")),
        ],
        "a second of CPU": lambda: lower(resource.RLIMIT_CPU, 1, for_ever),
        "no more memory": lambda: lower(resource.RLIMIT_AS, 2**20, lambda: bytearray(MIB)),
        "no more data": lambda: lower(resource.RLIMIT_DATA, 2**20, lambda: bytearray(MIB)),
        "a small stack": lambda: lower(resource.RLIMIT_STACK, 2**16),
        "no processes": lambda: lower(resource.RLIMIT_NPROC, 0),
        "nice 19": lambda: os.nice(19),
        "one CPU": lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
        "when idle": lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)),
        "as nobody": as_nobody,
        "writes where nobody may": lambda: [as_nobody(), (temporary() / "x").write_text("x")],
    },
}
