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


def print_answer(task, item):
    """All that one process of the lesson does."""
    _, answer = task(item)
    print(item[1], "✅" if answer else "❌")  # noqa: T201  the lesson prints


def process_lesson(task, inputs, *, workers, context, chunk_size):
    """As taught: a Process for each input, all at once, each printing ✅ or ❌.

    Good for a first look at processes, and for work that leaves its result elsewhere. Nothing
    comes back: what a function returns stays in its process, so every result is missing. As many
    processes as inputs share the CPUs, and each takes its start and its memory.
    """
    crew = [context.Process(target=print_answer, args=(task, item)) for item in inputs]
    for child in crew:
        child.start()
    for child in crew:
        child.join()
    yield from ()  # there is nothing to give
