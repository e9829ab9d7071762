"""One process, one task after the other: what everything else is compared with."""


def sequential(task, inputs, *, workers, context, chunk_size):
    """One task after the other, in one process: the baseline.

    Nothing to start, nothing to send, nothing to lose; and one CPU does all the work.
    """
    for item in inputs:
        yield task(item)
