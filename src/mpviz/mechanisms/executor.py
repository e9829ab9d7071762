"""concurrent.futures.ProcessPoolExecutor."""

from concurrent.futures import ProcessPoolExecutor, as_completed


def executor_map(task, inputs, *, workers, context, chunk_size):
    """ProcessPoolExecutor.map: results in the order of the inputs, each as soon as it is its turn.

    A worker that dies breaks the pool: the call raises BrokenProcessPool instead of waiting for
    ever. Each chunk costs more than with Pool.
    """
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        yield from executor.map(task, inputs, chunksize=chunk_size)


def executor_submit(task, inputs, *, workers, context, chunk_size):
    """ProcessPoolExecutor.submit: one Future a task, taken with as_completed as they are done.

    Each task can be waited for, cancelled or asked for its exception on its own, and no slow one
    holds back the others. No chunks, so small tasks cost the most here. A worker that dies breaks
    the pool: BrokenProcessPool, and what was not done by then is lost.
    """
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        futures = [executor.submit(task, item) for item in inputs]
        for future in as_completed(futures):
            yield future.result()
