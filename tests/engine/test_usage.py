"""What workers use, and what else takes CPU time, as the guard counts it."""

import multiprocessing
import os
import threading
import time
from pathlib import Path

import pytest

import mpviz
from mpviz.core.usage import Usage
from mpviz.engine.tree import linux, portable, system
from mpviz.engine.usage import MOST_METERED, Meter, throttled_ns, usage_of


def busy(_: int) -> bytes:
    end = time.perf_counter() + 0.6
    while time.perf_counter() < end:
        pass
    return b"x" * 100_000


@pytest.mark.process
def test_a_run_knows_what_its_workers_used() -> None:
    trace = mpviz.run(busy, range(4), mechanism="pool.map", workers=2, timeout=30)
    used = trace.record.usage
    assert set(used.workers) == {0, 1}
    for counts in used.workers.values():
        assert counts["threads"] >= 1
        assert counts["minor_faults"] > 0
        assert counts["written_b"] >= 100_000  # its first result, through the pipe
        assert counts["waited_ns"] >= 0
        assert counts["peak_pss_b"] >= counts["last_pss_b"] > 2**20
    assert used.watched_ns > 1e9
    assert used.others_ns >= 0


@pytest.mark.process
def test_of_threads_only_what_is_counted_by_thread_is_known() -> None:
    trace = mpviz.run(busy, range(2), mechanism="threads", workers=2, timeout=30)
    names = {name for counts in trace.record.usage.workers.values() for name in counts}
    assert names == {"waited_ns", "voluntary", "involuntary"}


@pytest.mark.process
def test_a_neighbour_on_the_cpus_is_counted() -> None:
    neighbour = multiprocessing.get_context("spawn").Process(target=busy_for, args=(60.0,))
    neighbour.start()
    try:
        time.sleep(0.5)
        trace = mpviz.run(busy, range(2), mechanism="pool.map", workers=1, timeout=30)
    finally:
        neighbour.kill()
        neighbour.join()
        neighbour.close()
    used = trace.record.usage
    assert used.others_ns > 0.2 * used.watched_ns


def busy_for(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_of_a_process_that_is_gone_nothing_is_known() -> None:
    assert linux.counts(2**22 + 1, 2**22 + 1) == {}
    assert portable.counts(1, 1) == {}
    assert portable.busy_ns() == portable.cpu_ns([1]) == -1


def test_this_process_and_this_thread_are_counted() -> None:
    me, thread = os.getpid(), threading.get_native_id()
    counts = linux.counts(me, me)
    assert counts["threads"] >= 1
    assert counts["read_b"] > 0
    if thread != me:
        assert set(linux.counts(me, thread)) == {"waited_ns", "voluntary", "involuntary"}
    assert linux.busy_ns() > linux.cpu_ns([]) > 0


def test_of_many_workers_the_first_are_metered() -> None:
    me = os.getpid()
    meter = Meter(list, list)
    meter.look(me, dict.fromkeys(range(3 * MOST_METERED), (me, me)))
    assert list(meter.report()["workers"]) == list(range(MOST_METERED))


def test_what_goes_wrong_in_the_meter_is_no_fault_of_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("odd bytes")

    meter = Meter(list, list)
    monkeypatch.setattr(system, "counts", broken)
    meter.look(1, {0: (1, 1)})
    assert meter.report() == {}
    assert usage_of(meter.report()) == Usage()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("usage_usec 5\nthrottled_usec 12\n", 12_000),
        ("nr_periods 1\nthrottled_time 345\n", 345),
        ("usage_usec 5\n", -1),
        ("throttled_usec much\n", -1),
    ],
)
def test_throttling_is_read_from_both_kinds_of_cgroup(
    text: str, found: int, tmp_path: Path
) -> None:
    (tmp_path / "cpu.stat").write_text(text)
    assert throttled_ns([tmp_path, tmp_path / "nowhere"]) == found
