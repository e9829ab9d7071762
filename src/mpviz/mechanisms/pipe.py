"""A pipe for each worker."""

from multiprocessing.connection import wait

from mpviz.mechanisms.result import attempt, unwrap


def serve(task, connection):
    """All that one worker does, until it is sent None."""
    with connection:
        for item in iter(connection.recv, None):
            connection.send(attempt(task, item))


def pipe(task, inputs, *, workers, context, chunk_size):
    """A pipe for each worker; whoever answers is sent the next task.

    Nothing is shared, so nothing is locked. A worker that dies closes its pipe: the main process
    sees that at once, and the others go on with what is left.
    """
    to_do, crew = iter(inputs), {}
    for _ in range(workers):
        ours, theirs = context.Pipe()
        worker = context.Process(target=serve, args=(task, theirs), daemon=True)
        worker.start()
        theirs.close()
        crew[ours] = worker
        ours.send(next(to_do, None))
    while crew:
        for ours in wait(list(crew)):
            try:
                result = ours.recv()
                ours.send(next(to_do, None))
            except (EOFError, ConnectionError):
                crew.pop(ours).join()
                ours.close()
            else:
                yield unwrap(result)


def send_answer(task, item, sender):
    """All that one process of the lesson does."""
    sender.send(task(item))


def pipe_lesson(task, inputs, *, workers, context, chunk_size):
    """As taught: a Process for each input, all writing to one end of one Pipe.

    Good for few and small results that surely come. The main process receives as many messages as
    it started processes, so one that raises or dies means waiting for ever: the pipe never closes
    while the others, and the main process itself, hold that end. Nothing locks it either: large
    messages are written into each other.
    """
    receiver, sender = context.Pipe()
    crew = [context.Process(target=send_answer, args=(task, item, sender)) for item in inputs]
    for child in crew:
        child.start()
    for _ in crew:
        yield receiver.recv()
    for child in crew:
        child.join()
