"""Runs the cells of the matrix, some beside each other. Knows no chart and no advice."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import replace
from queue import SimpleQueue
from time import perf_counter_ns

from mpviz.analysis.trace import Trace
from mpviz.core.errors import Refused
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.faults import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.judging import judge
from mpviz.faults.tasks import MIB
from mpviz.mechanisms import MECHANISMS

MECHANISMS_TESTED: tuple[str, ...] = tuple(MECHANISMS)
DEADLINES = {"fork": 3.0, "spawn": 5.0, "forkserver": 5.0}  # seconds; a spawned worker boots slowly
SLOW = {"big_result": 3, "memory": 3}  # times the deadline: they rarely hang, and take their time
STILL = 0.4  # of the deadline: what did not move after it, hangs
LONGER = 3  # times the deadline, for what did
WORKERS = 2
CEILING = 512 * MIB  # of memory, for all processes of a cell
CEILINGS = {"memory": 256 * MIB}  # it comes to any; this one well before the deadline
AT_ONCE = 3  # most cells that take long only wait


def cells(
    mechanisms: Sequence[str] | None = None,
    faults: Sequence[str] | None = None,
    *,
    start_method: str = "fork",
    timeout: float | None = None,
    start: runner.Start = runner.start,
    at_once: int = AT_ONCE,
) -> Generator[Cell, None, None]:
    """Each mechanism with each fault, each cell as soon as its run has ended.

    Closing the generator cancels the runs that are under way and waits for their end.

    Parameters
    ----------
    mechanisms, faults
        Names; all of them without.
    start_method
        ``"fork"``, ``"spawn"`` or ``"forkserver"``.
    timeout
        The deadline of each cell in seconds. Without, 3 under fork and 5 otherwise, three times
        that for the slow faults, and for a cell again that was slow rather than hung.
    start
        Starts a run; `runner.start`, or one that also keeps the run so that it can be cancelled.
    at_once
        Cells beside each other.

    Raises
    ------
    mpviz.Refused
        When a name is unknown or the deadline makes no sense; nothing was started then.
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
    """Threads, each of which runs one cell after the other."""

    def __init__(
        self, plans: Sequence[Plan], start: runner.Start, at_once: int, *, patient: bool
    ) -> None:
        self._to_do = deque(plans)
        self._start = start
        self._patient = patient
        self._closed = False
        self._starting = threading.Lock()  # so that nothing is started once it was closed
        self._under_way: set[runner.Runs] = set()
        self._done: SimpleQueue[Cell | BaseException] = SimpleQueue()
        # Daemons, for a program that ends must not wait for what nobody reads.
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
        except IndexError:  # another thread took the last
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
        """The next cell that ends; raises what went wrong with it."""
        cell = self._done.get()
        if isinstance(cell, BaseException):
            raise cell
        return cell

    def close(self) -> None:
        """Cancel what is under way and wait for its end."""
        with self._starting:
            self._closed = True
            self._to_do.clear()
            for running in tuple(self._under_way):
                running.cancel()
        for thread in self._threads:
            thread.join()


def under_way(cell: Cell) -> bool:
    """Whether a cell that was cut at its deadline was slow rather than hung.

    What hangs has stood still for most of the time; on a busy machine eight processes may take
    five seconds to boot.
    """
    tasks, workers = cell.trace.tasks, cell.trace.workers
    moments = [*(tasks[name] for name in ("started_s", "finished_s", "received_s"))]
    moments += [workers[name] for name in ("requested_s", "booted_s")]
    last = max((float(one.max()) for one in moments if one.notna().any()), default=0.0)
    return cell.seen is Seen.HUNG and last > STILL * cell.trace.record.plan.timeout
