"""Every test of the page has a line of its own; runs are replayed, unless a test runs its own."""

from pathlib import Path

import pytest

from mpviz.core.record import Record
from mpviz.engine import runner
from mpviz.page.app import Page
from tests.page.replaying import ALONE, PLAN, Replay


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the machine's line."""
    folder = tmp_path / "turns"
    monkeypatch.setenv("MPVIZ_TURNS", str(folder))
    return folder


@pytest.fixture(scope="session")
def recorded() -> dict[str, Record]:
    """A sequential run and one on two workers, really run."""
    return {plan.mechanism: runner.finish(runner.start(plan)) for plan in (ALONE, PLAN)}


@pytest.fixture
def replay(recorded: dict[str, Record]) -> Replay:
    return Replay(recorded)


@pytest.fixture
def page(replay: Replay) -> Page:
    """A page whose runs are replayed."""
    return Page(replay)
