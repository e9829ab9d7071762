"""One Process a task."""

from itertools import islice
from multiprocessing.connection import wait

from mpviz.mechanisms.result import attempt, unwrap


def send_result(task, item, sender):
    """All that one process does."""
    with sender:
        sender.send(attempt(task, item))


def process(task, inputs, *, workers, context, chunk_size):
    """A new Process for each task, at most `workers` alive; each sends its result over a pipe.

    The plainest way, and the dearest: every task pays for the start of a process. A process that
    dies closes its pipe, so its loss is noticed at once and the others go on.
    """
    to_do, alive = iter(inputs), {}
    while True:
        for item in islice(to_do, workers - len(alive)):
            receiver, sender = context.Pipe(duplex=False)
            child = context.Process(target=send_result, args=(task, item, sender), daemon=True)
            child.start()
            sender.close()
            alive[receiver] = child
        if not alive:
            return
        for receiver in wait(list(alive)):
            try:
                result = receiver.recv()
            except EOFError:
                pass  # it died before it could send
            else:
                yield unwrap(result)
            receiver.close()
            alive.pop(receiver).join()
