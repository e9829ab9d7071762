"""What the benchmarks run: name -> function, inputs, chunk size, workers. Standard library only."""

from mpviz.inputs import input_set
from mpviz.workloads import is_prime


def empty(_: int) -> None:
    """No work at all, so that nothing but the handing over is left."""


CASES = {
    "primes": (is_prime, input_set("prime_mixture").values, 1, 2),
    "empty, chunk 1": (empty, range(20_000), 1, 2),
    "empty, chunk 100": (empty, range(20_000), 100, 2),
}
