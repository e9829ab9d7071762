"""The safer ways to write it: short functions to copy, each shown beside the cells it would mend.

They measure nothing and are no mechanism of mpviz; tests run each against the faults that it is
said to survive.
"""

import contextlib
import multiprocessing
import os
import pickle
import resource
import signal
import subprocess
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path


def notice_deaths(task, items, workers=2):
    """An executor says which tasks had no worker left to finish them."""
    results, undone = {}, []
    with ProcessPoolExecutor(workers) as executor:
        futures = {executor.submit(task, item): item for item in items}
        for future in as_completed(futures):
            try:
                results[futures[future]] = future.result()
            except BrokenProcessPool:
                undone.append(futures[future])
    return results, undone


def call(task, item, sender):
    """The task in a process of its own, with its own end of a pipe."""
    with sender:
        sender.send(task(item))


def call_within(seconds, task, item):
    """The result, or TimeoutError, or EOFError where the process died: never waiting for ever."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=call, args=(task, item, sender))
    child.start()
    sender.close()  # the child has the only one now: its death is the pipe's end
    try:
        if not receiver.poll(seconds):
            raise TimeoutError(f"{item!r} took over {seconds} s")
        return receiver.recv()
    finally:
        child.kill()
        child.join()


def attempt(task, item):
    """What happened as plain data, whatever it was: bytes of the result, or the text of an error.

    The result is pickled inside the `try`, and BaseException has SystemExit and KeyboardInterrupt.
    """
    try:
        return True, pickle.dumps(task(item))
    except BaseException:
        return False, traceback.format_exc()


def name_of(path):
    """Hand over what names the thing, and open it where it is used."""
    with open(path, encoding="utf-8") as file:
        return len(file.read())


def leave_in_file(task, item, folder):
    """A large result stays in a file; what travels is its name."""
    path = Path(folder) / f"{item}.pickle"
    path.write_bytes(pickle.dumps(task(item)))
    return path


def run_and_end(command, seconds):
    """Run a program, and end it with all that it started."""
    child = subprocess.Popen(command, start_new_session=True)
    try:
        return child.wait(seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):  # they have ended
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def limit_memory(size):
    """In a worker, once: past `size` bytes there is a MemoryError instead of a full machine."""
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def pool_with_limit(task, items, size, workers=2):
    """A Pool whose workers may each have so many bytes."""
    with multiprocessing.Pool(workers, initializer=limit_memory, initargs=(size,)) as pool:
        return pool.map(task, items)
