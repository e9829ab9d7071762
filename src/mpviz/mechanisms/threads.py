"""Threads: they share everything, including the GIL where Python has one."""

import queue

from mpviz.mechanisms.result import attempt, unwrap


def threads(task, inputs, *, workers, context, chunk_size):
    """Threads of one process, fed from one queue.

    Quick to start, and nothing is copied. While a task waits (for a disk, a network, a sleep),
    other threads go on. While tasks compute, the GIL lets only one thread run at a time; a
    free-threaded Python (3.13t and later) has no GIL, and its threads compute at the same time.
    """
    to_do = queue.SimpleQueue()
    done = queue.SimpleQueue()

    def work():
        for item in iter(to_do.get, None):
            done.put(attempt(task, item))

    crew = [context.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in crew:
        thread.start()
    for item in inputs:
        to_do.put(item)
    for _ in crew:
        to_do.put(None)
    for _ in inputs:
        yield unwrap(done.get())
    for thread in crew:
        thread.join()
