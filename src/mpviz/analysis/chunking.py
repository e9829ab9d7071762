"""Chunk sizes: which to try, and which ones others would choose.

Knows no process, no clock and no chart.
"""

from __future__ import annotations

import math

CHUNKS_A_WORKER = 4  # multiprocessing.pool.Pool
SPLITS_A_WORKER = 64  # mpire
LEAST_BATCH_S = 0.2  # joblib's AutoBatchingMixin: MIN_IDEAL_BATCH_DURATION


def pool_chunk(inputs: int, workers: int) -> int:
    """What `Pool.map` and `Pool.starmap` take where no chunk size is given: ⌈inputs / (4 workers)⌉.

    CPython, ``Lib/multiprocessing/pool.py``, ``Pool._map_async``. `Pool.imap`, `imap_unordered` and
    `ProcessPoolExecutor.map` take 1.
    """
    return max(1, math.ceil(inputs / (CHUNKS_A_WORKER * workers)))


def mpire_chunk(inputs: int, workers: int) -> int:
    """What mpire takes by default, its largest chunk: ⌈inputs / (64 workers)⌉.

    mpire 2.10, ``params.py``, ``check_map_parameters``: ``n_tasks / (n_jobs * 64)``, a fraction
    that ``utils.chunk_tasks`` rounds so that chunks differ by one at most.
    """
    return max(1, math.ceil(inputs / (SPLITS_A_WORKER * workers)))


def joblib_chunk(inputs: int, workers: int, task_s: float) -> int:
    """Where joblib's ``batch_size="auto"`` settles, for tasks of equal length.

    joblib 1.6, ``_parallel_backends.py``, ``AutoBatchingMixin.compute_batch_size``: from 1 it
    doubles, at most to twice what would take 0.2 s, until a batch takes 0.2 s. What is left at
    last is dealt evenly (``parallel.py``, ``dispatch_one_batch``). A short run ends before it has
    settled.

    Parameters
    ----------
    inputs, workers
        How many.
    task_s
        Seconds that a task takes, its way there and back included.
    """
    share = max(1, inputs // workers)
    size = 1
    while size < share and 0 < size * task_s < LEAST_BATCH_S:
        size = max(1, min(2 * size, 2 * int(LEAST_BATCH_S / task_s)))
    return min(size, share)


def doubling_sizes(inputs: int, workers: int) -> tuple[int, ...]:
    """The chunk sizes to measure: 1, 2, 4 … and at last an even deal, ⌈inputs / workers⌉.

    A larger one than that leaves workers without a chunk.
    """
    most = max(1, math.ceil(inputs / workers))
    return (*(2**power for power in range((most - 1).bit_length())), most)


def rules(tasks: int, workers: int, task_s: float) -> dict[str, int]:
    """The chunk size that each of the others would choose.

    Parameters
    ----------
    tasks, workers
        How many.
    task_s
        Seconds that a task takes; NaN leaves joblib's out, which depends on it.
    """
    found = {
        "the standard library's": pool_chunk(tasks, workers),
        "mpire's": mpire_chunk(tasks, workers),
    }
    if task_s > 0:
        found["joblib's"] = joblib_chunk(tasks, workers, task_s)
    return found
