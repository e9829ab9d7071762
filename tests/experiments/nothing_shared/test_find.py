"""What the parent sees of a dict that others fill."""

from __future__ import annotations

from collections.abc import Callable

from mpviz.experiments.finding import Finding

Find = Callable[[str], Finding]


def test_of_what_processes_write_into_a_dict_the_parent_sees_nothing(finding: Find) -> None:
    frame = finding("nothing_shared").frame.set_index("way")
    assert frame["keys"]["processes"] == 0
    rest = frame.drop(index="processes")
    assert (rest["keys"] == rest["of"]).all()
    assert set(rest.index) == {"threads", "queue", "pipe", "manager", "shared_memory"}
