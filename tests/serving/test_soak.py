"""A class on one server: nobody hangs, nothing leaks, the server stays as small as it was."""

import asyncio

import pytest

from benchmarks.soak import GROWTH, SETTLE, soak
from tests.sampling import FULL, sampled
from tests.serving.conftest import Start

pytestmark = pytest.mark.process

VISITORS, SECONDS, SETTLES = sampled((4, 20.0, 0.0), (20, 300.0, SETTLE))


@pytest.mark.timeout(900)
def test_visitors_run_cancel_reload_and_leave(start: Start):
    with start("--kernels", str(2 * VISITORS)) as server:
        report = asyncio.run(soak(server.address, server.pid, VISITORS, SECONDS, settle=SETTLES))
    print(report)
    assert report.failures == []
    assert report.unfinished == 0
    assert report.kernels_left == 0
    if FULL:  # what four visitors of twenty seconds leave is the allocator's mood
        assert report.growth <= GROWTH
    assert report.runs > 0
    assert report.cancels > 0
