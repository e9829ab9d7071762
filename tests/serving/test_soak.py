"""A class on one server: nobody hangs, nothing leaks, the server stays as small as it was."""

import asyncio
import os

import pytest

from benchmarks.soak import GROWTH, soak
from tests.serving.conftest import Start

FULL = os.environ.get("MPVIZ_FULL") == "1"
VISITORS, SECONDS = (20, 300.0) if FULL else (4, 20.0)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_visitors_run_cancel_reload_and_leave(start: Start):
    with start("--kernels", str(2 * VISITORS)) as server:
        report = asyncio.run(soak(server.address, server.pid, VISITORS, SECONDS))
    print(report)
    assert report.failures == []
    assert report.unfinished == 0
    assert report.kernels_left == 0
    assert report.growth <= GROWTH
    assert report.runs > 0
    assert report.cancels > 0
