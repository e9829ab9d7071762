"""Safer ways to write it: short functions to copy, each shown beside the cells it would mend.

They measure nothing and are not mechanisms of mpviz. Tests run each against the faults that it is
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
from concurrent.futures import ProcessPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path


def notice_deaths(task, items, workers=2):
    """Results, and the items that a dead worker left undone."""
    results, undone = {}, []
    with ProcessPoolExecutor(workers) as executor:
        futures = {executor.submit(task, item): item for item in items}
        for future in as_completed(futures):
            try:
                results[futures[future]] = future.result()
            except BrokenProcessPool:
                undone.append(futures[future])
    return results, undone


def done_within(seconds, task, items, workers=2):
    """Results after so many seconds, and the items still undone; no worker runs on."""
    executor = ProcessPoolExecutor(workers)
    try:
        futures = {executor.submit(task, item): item for item in items}
        done, undone = wait(futures, seconds)
        return {futures[one]: one.result() for one in done}, [futures[one] for one in undone]
    finally:
        kill_workers(executor)


def kill_workers(executor):
    """End an executor at once, whatever its workers are doing."""
    if hasattr(executor, "kill_workers"):  # Python 3.14
        executor.kill_workers()
        return
    workers = list(executor._processes.values())  # private: before 3.14 there is no other way
    executor.shutdown(wait=False, cancel_futures=True)  # from here on it starts no worker
    for worker in workers:
        worker.kill()


def call(task, item, sender):
    """Run the task in a process of its own, with its own end of a pipe."""
    with sender:
        sender.send(task(item))


def call_within(seconds, task, item):
    """The result, or TimeoutError, or EOFError if the process died: it never waits forever."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=call, args=(task, item, sender))
    child.start()
    sender.close()  # now only the child holds it: its death closes the pipe
    try:
        if not receiver.poll(seconds):
            raise TimeoutError(f"{item!r} took over {seconds} s")
        return receiver.recv()
    finally:
        child.kill()
        child.join()


def attempt(task, item):
    """Whether it went well, and the pickled result or the text of the error.

    The result is pickled inside the `try`; BaseException covers SystemExit and KeyboardInterrupt.
    """
    try:
        return True, pickle.dumps(task(item))
    except BaseException:
        return False, traceback.format_exc()


def name_of(path):
    """Pass a name, and open what it names where it is used."""
    with open(path, encoding="utf-8") as file:
        return len(file.read())


def leave_in_file(task, item, folder):
    """Leave a large result in a file, and return its name."""
    path = Path(folder) / f"{item}.pickle"
    path.write_bytes(pickle.dumps(task(item)))
    return path


def run_and_end(command, seconds):
    """Run a program, and end it with everything it started."""
    child = subprocess.Popen(command, start_new_session=True)
    try:
        return child.wait(seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):  # all have ended
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def limit_memory(size):
    """Run once in each worker: past `size` bytes it gets a MemoryError."""
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def pool_with_limit(task, items, size, workers=2):
    """Use a Pool whose workers may each use `size` bytes."""
    with multiprocessing.Pool(workers, initializer=limit_memory, initargs=(size,)) as pool:
        return pool.map(task, items)
