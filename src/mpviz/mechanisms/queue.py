"""A queue of tasks, a queue of results."""

from queue import Empty

from mpviz.mechanisms.result import attempt, unwrap


def consume(task, to_do, done):
    """All that one consumer does, until its sentinel comes."""
    for item in iter(to_do.get, None):
        done.put(attempt(task, item))
        to_do.task_done()
    to_do.task_done()


def queue(task, inputs, *, workers, context, chunk_size):
    """Consumers take from a JoinableQueue and put into a SimpleQueue.

    Whoever is free takes the next task, so uneven tasks balance themselves. Blocking `get` and one
    sentinel a consumer: no race. A consumer that dies takes its task along, and the main process
    waits for its result until the deadline.
    """
    to_do, done = context.JoinableQueue(), context.SimpleQueue()
    crew = [
        context.Process(target=consume, args=(task, to_do, done), daemon=True)
        for _ in range(workers)
    ]
    for consumer in crew:
        consumer.start()
    for item in inputs:
        to_do.put(item)
    for _ in crew:
        to_do.put(None)
    for _ in inputs:
        yield unwrap(done.get())
    to_do.join()
    for consumer in crew:
        consumer.join()
    to_do.close()
    done.close()


def consume_until_empty(task, to_do, done):
    """All that one consumer of the lesson does."""
    while True:
        try:
            item = to_do.get_nowait()
        except Empty:
            return
        done.put(task(item))
        to_do.task_done()


def queue_lesson(task, inputs, *, workers, context, chunk_size):
    """As taught: consumers `get_nowait` from a JoinableQueue until it says Empty.

    Good for seeing a race. Empty means "not now" (another consumer is reading, or the thread that
    feeds the queue is behind), not "no more": consumers leave early, and what they left is
    missing. A task that raises or dies is missing too; an endless one, or more results than the
    pipe holds (64 KiB), means waiting for ever, since the consumers are joined before they are
    read.
    """
    to_do, done = context.JoinableQueue(), context.SimpleQueue()
    for item in inputs:
        to_do.put(item)
    crew = [
        context.Process(target=consume_until_empty, args=(task, to_do, done))
        for _ in range(workers)
    ]
    for consumer in crew:
        consumer.start()
    for consumer in crew:
        consumer.join()
    while not done.empty():
        yield done.get()
