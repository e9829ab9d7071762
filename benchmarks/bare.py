"""The same work as plain code, timed as a makespan: from the call to the last result in hand."""

import sys
import time
from multiprocessing import Pool

from tasks import CASES  # type: ignore[import-not-found]  # beside this file


def main() -> None:
    """Print the makespan in seconds of the case that is named."""
    function, inputs, chunk_size, workers = CASES[sys.argv[1]]
    began = time.perf_counter()
    with Pool(workers) as pool:
        pool.map(function, inputs, chunk_size)
        print(time.perf_counter() - began)
        pool.close()
        pool.join()


if __name__ == "__main__":
    main()
