"""Runs the cells of the matrix, a few at a time. Knows no chart and no advice.

for cell in run_cells(["pool.map"], ["sigkill"]):
print(cell.sentence)
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import replace
from queue import SimpleQueue
from time import perf_counter_ns

from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.plan import DEFAULT_START_METHOD, Plan
from mpviz.engine import runner
from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.judging import judge
from mpviz.faults.tasks import MIB
from mpviz.mechanisms import MECHANISMS

MECHANISMS_TESTED: tuple[str, ...] = tuple(MECHANISMS)
DEADLINES = {"fork": 3.0, "spawn": 5.0, "forkserver": 5.0}  # seconds; forked workers boot fast
SLOW = {"big_result": 3, "memory": 3}  # times the deadline: these take long and rarely hang
STILL = 0.4  # of the deadline: a cell in which nothing happens after that has hung
LONGER = 3  # times the deadline, for a second try of a cell that was only slow
WORKERS = 2
CEILING = 512 * MIB  # of memory, for all processes of a cell
CEILINGS = {"memory": 256 * MIB}  # reached well before the deadline
AT_ONCE = 3  # cells at a time: most that take long are only waiting


def run_cells(
    mechanisms: Sequence[str] | None = None,
    faults: Sequence[str] | None = None,
    *,
    start_method: str = DEFAULT_START_METHOD,
    timeout: float | None = None,
    start: runner.Start = runner.start,
    at_once: int = AT_ONCE,
) -> Generator[Cell, None, None]:
    """Run each mechanism with each fault; yield each cell as soon as its run has ended.

    Closing the generator cancels the runs under way and waits until they have ended.

    Parameters
    ----------
    mechanisms, faults
        Names; None for all.
    start_method
        ``"fork"``, ``"spawn"`` or ``"forkserver"``; this Python's own default if none is named.
    timeout
        The deadline of each cell in seconds. None for 3 under fork and 5 otherwise, three times
        that for slow faults, and three times again for a cell that turned out slow, not hung.
    start
        Starts a run: `runner.start`, or a function that also keeps the run to cancel it.
    at_once
        How many cells run at a time.

    Raises
    ------
    mpviz.Refused
        When a name is unknown or the deadline is impossible; nothing was started then.
    """
    chosen = MECHANISMS_TESTED if mechanisms is None else tuple(dict.fromkeys(mechanisms))
    planted = tuple(FAULTS) if faults is None else tuple(dict.fromkeys(faults))
    for name in planted:
        if name not in FAULTS:
            raise Refused(f"There is no fault {name!r}; there are {', '.join(FAULTS)}.")
    plans = [
        plan_of(mechanism, fault, start_method, timeout)
        for fault in planted
        for mechanism in chosen
    ]
    for plan in plans:
        runner.check(plan)
    return _stream(plans, start, at_once, patient=timeout is None)


def plan_of(mechanism: str, fault: str, start_method: str, timeout: float | None = None) -> Plan:
    """The plan of one cell."""
    deadline = DEADLINES.get(start_method, 5.0) * SLOW.get(fault, 1)
    return Plan(
        function=FAULTS[fault].workload,
        inputs=FAULTS[fault].inputs,
        mechanism=mechanism,
        workers=WORKERS,
        start_method=start_method,
        timeout=deadline if timeout is None else timeout,
        workload=fault,
        memory=CEILINGS.get(fault, CEILING),
    )


def _stream(
    plans: Sequence[Plan], start: runner.Start, at_once: int, *, patient: bool
) -> Generator[Cell, None, None]:
    crew = _Crew(plans, start, at_once, patient=patient)
    try:
        for _ in plans:
            yield crew.next()
    finally:
        crew.close()


class _Crew:
    """Threads that run one cell after another."""

    def __init__(
        self, plans: Sequence[Plan], start: runner.Start, at_once: int, *, patient: bool
    ) -> None:
        self._to_do = deque(plans)
        self._start = start
        self._patient = patient
        self._closed = False
        self._starting = threading.Lock()  # so that nothing starts after close()
        self._under_way: set[runner.Runs] = set()
        self._done: SimpleQueue[Cell | BaseException] = SimpleQueue()
        # Daemons: a program that ends must not wait for cells that nobody reads.
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(at_once)]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        try:
            while self._to_do:
                plan = self._to_do.popleft()
                cell = self._observe(plan)
                if self._patient and under_way(cell):
                    cell = self._observe(replace(plan, timeout=LONGER * plan.timeout))
                self._done.put(cell)
        except IndexError:  # another thread took the last plan
            pass
        except BaseException as error:
            self._done.put(error)

    def _observe(self, plan: Plan) -> Cell:
        with self._starting:
            if self._closed:
                raise Refused("The fault lab was closed.")
            running = self._start(plan)
            self._under_way.add(running)
        record = running.wait()
        gone_s = (perf_counter_ns() - record.called_ns) / 1e9
        self._under_way.discard(running)
        return judge(Trace(record), gone_s=gone_s)

    def next(self) -> Cell:
        """The next cell to end; raises what went wrong with it."""
        cell = self._done.get()
        if isinstance(cell, BaseException):
            raise cell
        return cell

    def close(self) -> None:
        """Cancel what is under way and wait until it has ended."""
        with self._starting:
            self._closed = True
            self._to_do.clear()
            for running in tuple(self._under_way):
                running.cancel()
        for thread in self._threads:
            thread.join()


def under_way(cell: Cell) -> bool:
    """Whether a cell that its deadline ended was slow rather than hung.

    In a hung cell nothing has happened for most of the time; but on a busy machine eight processes
    may take five seconds to boot.
    """
    tasks, workers = cell.trace.tasks, cell.trace.workers
    moments = [*(tasks[name] for name in ("started_s", "finished_s", "received_s"))]
    moments += [workers[name] for name in ("requested_s", "booted_s")]
    last = max((float(one.max()) for one in moments if one.notna().any()), default=0.0)
    return cell.seen is Seen.HUNG and last > STILL * cell.trace.record.plan.timeout
