"""multiprocessing.Pool."""


def pool_map(task, inputs, *, workers, context, chunk_size):
    """Pool.map: chunks of tasks to a fixed crew, all results at once, in order.

    One line, and the least cost a task with a good chunk size. Nothing is in hand before the last
    task is done; one exception loses the other results; a worker that is killed means waiting for
    ever.
    """
    with context.Pool(workers) as pool:
        yield from pool.map(task, inputs, chunk_size)
        pool.close()
        pool.join()
