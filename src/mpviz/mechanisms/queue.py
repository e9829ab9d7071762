"""A queue of tasks, a queue of results."""

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
