"""multiprocessing.Pool: a fixed crew of processes, and six ways to hand it work.

What they share: a worker that is killed takes its task along, and the call waits for that result
for ever. An exception that leaves the `with` block kills the workers; where that meets one as it
hands in a result, leaving the block can itself take for ever, as it did in 2 of 2,200 runs.
"""


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


def pool_map_async(task, inputs, *, workers, context, chunk_size):
    """Pool.map_async: as Pool.map, but the call comes back at once, with a promise of all results.

    Good where the main process has something else to do meanwhile. `get` still waits for the last
    task; one exception loses the other results; a worker that is killed means waiting for ever,
    unless `get` is given a timeout.
    """
    with context.Pool(workers) as pool:
        promise = pool.map_async(task, inputs, chunk_size)
        yield from promise.get()
        pool.close()
        pool.join()


def pool_imap(task, inputs, *, workers, context, chunk_size):
    """Pool.imap: results in the order of the inputs, each as soon as it is its turn.

    The first results are in hand while others are being computed, and inputs can be a generator.
    One slow task holds back all behind it, done or not. It takes one task at a time unless told a
    chunk size; a worker that is killed means waiting for ever.
    """
    with context.Pool(workers) as pool:
        yield from pool.imap(task, inputs, chunk_size)
        pool.close()
        pool.join()


def pool_imap_unordered(task, inputs, *, workers, context, chunk_size):
    """Pool.imap_unordered: each result as soon as its chunk is done, in whatever order.

    The earliest way to have results in hand: nobody waits for a slow task but its own chunk. The
    order says nothing, so a result must carry its input along. A worker that is killed means
    waiting for ever.
    """
    with context.Pool(workers) as pool:
        yield from pool.imap_unordered(task, inputs, chunk_size)
        pool.close()
        pool.join()


def pool_starmap(task, inputs, *, workers, context, chunk_size):
    """Pool.starmap: as Pool.map, for a function of several arguments, each task a tuple of them.

    Here the task takes one argument, so each tuple holds one. As with Pool.map nothing is in hand
    before the last task is done, one exception loses the other results, and a worker that is
    killed means waiting for ever.
    """
    with context.Pool(workers) as pool:
        yield from pool.starmap(task, [(item,) for item in inputs], chunk_size)
        pool.close()
        pool.join()


def pool_apply_async(task, inputs, *, workers, context, chunk_size):
    """Pool.apply_async: one call a task, each with a promise (AsyncResult) of its own.

    Tasks can be handed over one by one, also different functions, and each failure is its own
    `get`'s. No chunks: every task pays for its own way there and back. `get` in order waits for a
    slow task while later ones are done; for the task of a killed worker it waits for ever.
    """
    with context.Pool(workers) as pool:
        promises = [pool.apply_async(task, (item,)) for item in inputs]
        for promise in promises:
            yield promise.get()
        pool.close()
        pool.join()
