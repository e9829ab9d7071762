"""All experiments, in the order of the lesson. Knows how none of them works."""

from __future__ import annotations

from mpviz.experiments.arrival_order.find import ARRIVAL_ORDER
from mpviz.experiments.gil.find import GIL
from mpviz.experiments.hello.find import HELLO
from mpviz.experiments.losing_queue.find import LOSING_QUEUE
from mpviz.experiments.nothing_shared.find import NOTHING_SHARED
from mpviz.experiments.pair.find import PAIR
from mpviz.experiments.waiting_pipe.find import WAITING_PIPE
from mpviz.experiments.worker_cost.find import WORKER_COST

_ALL = (
    HELLO,
    WORKER_COST,
    NOTHING_SHARED,
    PAIR,
    ARRIVAL_ORDER,
    GIL,
    WAITING_PIPE,
    LOSING_QUEUE,
)
EXPERIMENTS = {one.name: one for one in _ALL}
