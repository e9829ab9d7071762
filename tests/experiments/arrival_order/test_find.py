"""In which order results arrive, on any machine."""

from __future__ import annotations

from collections.abc import Callable

from mpviz.experiments.arrival_order.find import METHODS
from mpviz.experiments.finding import Finding

Find = Callable[[str], Finding]


def test_only_imap_unordered_gives_results_in_the_order_of_computing(finding: Find) -> None:
    frame = finding("arrival_order").frame
    assert list(dict.fromkeys(frame["mechanism"])) == list(METHODS)
    for method, tasks in frame.groupby("mechanism"):
        came = tasks.sort_values("received_s", kind="stable")
        if method == "pool.imap_unordered":
            # Two that end within a moment of each other may overtake on the way.
            assert (came["computed_s"].diff().dropna() > -0.015).all()
        else:
            assert came["task"].is_monotonic_increasing
    at = frame.set_index(["mechanism", "task"])
    last = at["computed_s"]["pool.map"].max()
    assert (at["received_s"]["pool.map"] >= last).all()
