"""The interpreter turned upside down, the standard library replaced, output, loops, asyncio."""

import asyncio
import builtins
import contextlib
import gc
import importlib.abc
import json
import logging
import mmap
import multiprocessing.connection
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

from tests.chaos.ground import MIB, asleep, child, for_ever, path_to_python


def put(where: Any, name: str, value: Any) -> None:
    """Replace something of a module for good."""
    setattr(where, name, value)


def raising(*_: Any, **__: Any) -> Any:
    raise RuntimeError("no longer what it was")


def nothing(*_: Any, **__: Any) -> Any:
    return None


def recording() -> Any:
    from mpviz.engine.recording import task

    return task


def hook_that_raises() -> None:
    def hook(event: str, _arguments: Any) -> None:
        if event.startswith(("open", "os.", "socket.")):
            raise RuntimeError(event)

    sys.addaudithook(hook)


class Nowhere(importlib.abc.MetaPathFinder):
    def find_spec(self, *_: Any) -> Any:
        raise ImportError("nothing is imported any more")


class Broken:
    """A stream that is none."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def traced(*_: Any) -> Any:
    raise RuntimeError("traced")


def deep_calls(limit: int) -> Any:
    sys.setrecursionlimit(limit)

    def call(number: int) -> int:
        return call(number + 1)

    return call(0)


def without_builtins(*names: str) -> None:
    for name in names:
        delattr(builtins, name)


def from_threads(deed: Callable[[], Any], count: int = 8) -> None:
    crew = [threading.Thread(target=deed, daemon=True) for _ in range(count)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()


def lines(count: int, text: str = "x" * 99) -> None:
    for _ in range(count):
        print(text)


def bytes_to(fd: int, size: int) -> None:
    left = size
    while left > 0:
        left -= os.write(fd, b"\x00\xff\x80" * 10_000)


def noisy(code: str) -> None:
    subprocess.run([path_to_python(), "-S", "-c", code], check=True)


def log_much() -> None:
    logging.basicConfig(level=logging.DEBUG, force=True)
    for number in range(2000):
        logging.debug("%d %s", number, "x" * 100)


def close_output() -> None:
    sys.stdout.close()
    print("after that")


def ask() -> str:
    return input("who is there? ")


def loop_of(coroutine: Callable[[], Any]) -> Any:
    return asyncio.run(coroutine())


async def never() -> None:
    await asyncio.Event().wait()


async def spins() -> None:
    while True:
        await asyncio.sleep(0)


async def leaves_tasks() -> None:
    globals()["_kept"] = [asyncio.create_task(never()) for _ in range(100)]


async def leaves_process() -> None:
    globals()["_kept"] = await asyncio.create_subprocess_exec("sleep", "30")


async def blocks_executor() -> None:
    await asyncio.get_running_loop().run_in_executor(None, asleep)


async def takes_signals() -> None:
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        loop.add_signal_handler(signum, nothing)
    await never()


def touched(size: int) -> int:
    view = mmap.mmap(-1, size)
    for at in range(0, size, 4096):
        view[at] = 1
    globals()["_kept"] = view
    return size


def eat() -> None:
    """Until the ceiling: 200 MiB beside what the run has anyway."""
    kept = []
    while True:
        kept.append(bytearray(8 * MIB))
        time.sleep(0.002)


def forks_that_eat() -> None:
    for _ in range(8):
        child(lambda: [touched(32 * MIB), asleep()])
    asleep()


def in_c() -> Any:
    """A loop in C that holds the GIL and hears no signal: 3**(3**15) takes minutes."""
    return pow(3, 3**17)


def catching_all() -> None:
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(0.01)


def in_finally() -> None:
    try:
        raise ValueError
    finally:
        for_ever()


def eat_objects() -> None:
    kept: list[Any] = []
    while True:
        kept.append([kept, len(kept)])


FAMILIES: dict[str, dict[str, Callable[[], Any]]] = {
    "the interpreter": {
        "recursion limit 30": lambda: deep_calls(60),
        "no recursion limit": lambda: deep_calls(10**8),
        "without collection": lambda: [gc.disable(), gc.freeze()],
        "a trace that raises": lambda: sys.settrace(traced),
        "a profile that raises": lambda: sys.setprofile(traced),
        "traces in all threads": lambda: threading.settrace(traced),
        "without modules": sys.modules.clear,
        "without a path": sys.path.clear,
        "without imports": lambda: sys.meta_path.insert(0, Nowhere()),
        "without builtins": lambda: without_builtins("print", "open", "len", "isinstance"),
        "an audit hook that raises": hook_that_raises,
        "an excepthook that raises": lambda: put(sys, "excepthook", raising),
        "without switching": lambda: sys.setswitchinterval(1000),
        "warnings are errors": lambda: [warnings.simplefilter("error"), warnings.warn("now")],
        "tracemalloc": lambda: tracemalloc.start(50),
        "a breakpoint": breakpoint,
    },
    "replaced": {
        "the clock stands still": lambda: put(time, "perf_counter_ns", lambda: 0),
        "the clock raises": lambda: put(time, "monotonic", raising),
        "sleep does nothing": lambda: put(time, "sleep", nothing),
        "os.write raises": lambda: put(os, "write", raising),
        "os.getpid is 1": lambda: put(os, "getpid", lambda: 1),
        "os.fork raises": lambda: put(os, "fork", raising),
        "os._exit does nothing": lambda: put(os, "_exit", nothing),
        "os.kill does nothing": lambda: put(os, "kill", nothing),
        "os.waitpid raises": lambda: put(os, "waitpid", raising),
        "pickle.dumps raises": lambda: put(pickle, "dumps", raising),
        "pickle.loads raises": lambda: put(pickle, "loads", raising),
        "json.dumps raises": lambda: put(json, "dumps", raising),
        "send raises": lambda: put(multiprocessing.connection.Connection, "send", raising),
        "send_bytes does nothing": lambda: put(
            multiprocessing.connection.Connection, "_send_bytes", nothing
        ),
        "threads do not start": lambda: put(threading.Thread, "start", raising),
        "our clock runs back": lambda: put(recording(), "perf_counter_ns", lambda: -1),
        "our clock gives texts": lambda: put(recording(), "perf_counter_ns", lambda: "now"),
        "our clock is too large": lambda: put(recording(), "perf_counter_ns", lambda: 2**70),
        "our words are gone": lambda: [recording().state.words.release()],
        "our output is none": lambda: put(recording().state, "output", None),
        "our place is none": lambda: put(recording().here, "place", None),
        "our task is another": lambda: put(recording().here.place, "task", 2**31),
        "our worker is another": lambda: put(recording().here.place, "worker", 10**6),
    },
    "printing": {
        "10 MB in lines": lambda: lines(100_000),
        "10 MB in one line": lambda: print("x" * 10**7),
        "10 MB without a line's end": lambda: [print("x" * 100, end="") for _ in range(100_000)],
        "200,000 empty lines": lambda: lines(200_000, ""),
        "10 MB on descriptor 1": lambda: bytes_to(1, 10**7),
        "10 MB on descriptor 2": lambda: bytes_to(2, 10**7),
        "from threads": lambda: from_threads(lambda: lines(5000, "x")),
        "half characters": lambda: print("\ud800 \udfff" * 100),
        "control characters": lambda: print("".join(map(chr, range(32))) + "\x1b[2J\x1b]0;x\x07"),
        "bytes": lambda: sys.stdout.buffer.write(b"\xff\x00\xfe" * 1000),
        "no text at all": lambda: sys.stdout.write(b"bytes"),
        "after closing": close_output,
        "without a stream": lambda: [put(sys, "stdout", None), put(sys, "stderr", None)],
        "into what is no stream": lambda: [
            put(sys, "stdout", Broken()),
            put(sys, "stderr", Broken()),
        ],
        "as a log": log_much,
        "as warnings": lambda: [warnings.warn(f"number {n}") for n in range(500)],
        "of a subprocess": lambda: noisy("print('x' * 10**7)"),
        "of a subprocess, without end": lambda: noisy(
            "import os\nwhile os.write(1, b'x' * 10**5): os.lseek(1, 0, 0)"
        ),
        "asks a question": ask,
    },
    "loops": {
        "in Python": for_ever,
        "in C": in_c,
        "in a regular expression": lambda: re.match(r"(a+)+$", "a" * 40 + "b"),
        "in threads": lambda: from_threads(for_ever, 4),
        "in children": lambda: [[child(for_ever) for _ in range(4)], for_ever()],
        "catching all": catching_all,
        "in finally": in_finally,
    },
    "memory": {
        "eats until the ceiling": eat,
        "children eat": forks_that_eat,
        "200 MiB mapped": lambda: touched(200 * MIB),
        "a terabyte": lambda: bytearray(2**40),
        "an endless list": eat_objects,
        "frees what is not its own": lambda: __import__("ctypes").CDLL(None).free(0x1000),
        "writes where nothing is": lambda: __import__("ctypes").memset(0x10, 0, 8),
    },
    "asyncio": {
        "waits for ever": lambda: loop_of(never),
        "spins": lambda: loop_of(spins),
        "leaves tasks": lambda: loop_of(leaves_tasks),
        "leaves a process": lambda: loop_of(leaves_process),
        "blocks its executor": lambda: loop_of(blocks_executor),
        "takes the signals": lambda: loop_of(takes_signals),
        "leaves a loop": lambda: put(asyncio, "_left", asyncio.new_event_loop()),
        "a loop in a thread": lambda: threading.Thread(target=loop_of, args=(never,)).start(),
    },
}
