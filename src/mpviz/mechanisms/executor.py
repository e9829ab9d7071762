"""concurrent.futures.ProcessPoolExecutor."""

from concurrent.futures import ProcessPoolExecutor


def executor_map(task, inputs, *, workers, context, chunk_size):
    """ProcessPoolExecutor.map: results in the order of the inputs, each as soon as it is its turn.

    A worker that dies breaks the pool: the call raises BrokenProcessPool instead of waiting for
    ever. Each chunk costs more than with Pool.
    """
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        yield from executor.map(task, inputs, chunksize=chunk_size)
