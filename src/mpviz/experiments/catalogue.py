"""All experiments, in the order of the lesson. Knows how none of them works."""

from __future__ import annotations

from mpviz.experiments.alone import hello, pair
from mpviz.experiments.costs import nothing_shared, worker_cost
from mpviz.experiments.faults import PIPES, QUEUES, losing_queue, waiting_pipe
from mpviz.experiments.finding import Experiment
from mpviz.experiments.gil import gil
from mpviz.experiments.measured import hello as measured_hello
from mpviz.experiments.measured import nothing_shared as measured_sharing
from mpviz.experiments.measured import pair as measured_pair
from mpviz.experiments.measured import worker_cost as measured_cost
from mpviz.experiments.measured.workloads import wait_or_die
from mpviz.experiments.order import METHODS, arrival_order
from mpviz.workloads import busy, is_prime

_ALL = (
    Experiment(
        "hello",
        "Hello",
        "Makes, starts, joins and closes one named process, then leaves out join and close; "
        "about a second.",
        hello,
        (measured_hello.greet, measured_hello.hello),
    ),
    Experiment(
        "worker_cost",
        "The cost of a worker",
        "Starts threads, and processes by each start method, and measures the time to the first "
        "instruction and the memory of each; about five seconds.",
        worker_cost,
        (
            measured_cost.in_threads,
            measured_cost.wait_in_process,
            measured_cost.in_processes,
            measured_cost.own_bytes,
        ),
    ),
    Experiment(
        "nothing_shared",
        "Nothing is shared",
        "Has a dict filled by threads, by processes, and through a Queue, a Pipe, a Manager and "
        "shared memory, and counts what the parent sees; about two seconds.",
        nothing_shared,
        (
            measured_sharing.fill,
            measured_sharing.send_by_queue,
            measured_sharing.send_by_pipe,
            measured_sharing.fill_memory,
            measured_sharing.start,
            measured_sharing.finish,
            *measured_sharing.WAYS,
        ),
    ),
    Experiment(
        "pair",
        "The pair",
        "Asks a Pool of four about two random numbers with apply_async, then gets the two "
        "answers; about a second.",
        pair,
        (is_prime, measured_pair.ask, measured_pair.pair),
    ),
    Experiment(
        "arrival_order",
        "Arrival order",
        "Gives the same eight tasks to map, imap, imap_unordered and apply_async, and records "
        "when each result was in hand; about four seconds.",
        arrival_order,
        METHODS,
    ),
    Experiment(
        "gil",
        "The GIL",
        "Does the same work alone, in threads and in processes, and counts the CPUs that compute; "
        "about five seconds.",
        gil,
        (busy, "threads", "queue"),
    ),
    Experiment(
        "waiting_pipe",
        "The pipe that waits for ever",
        "Lets one worker die before it sends, with the lesson's pipe and with a pipe for each "
        "worker; about four seconds, most of them waiting for the deadline.",
        waiting_pipe,
        (wait_or_die, *PIPES),
    ),
    Experiment(
        "losing_queue",
        "The queue that loses numbers",
        "Runs the lesson's get_nowait queue twenty times beside the queue without the race, and "
        "counts what was lost; about fifteen seconds.",
        losing_queue,
        QUEUES,
    ),
)
EXPERIMENTS = {one.name: one for one in _ALL}
