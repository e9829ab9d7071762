"""Each experiment really runs, and finds what must hold on any machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from bokeh.embed import file_html
from bokeh.plotting import figure
from bokeh.resources import CDN

from mpviz.experiments import EXPERIMENTS, Finding
from mpviz.experiments.order import METHODS

NAMES = (
    "hello",
    "worker_cost",
    "nothing_shared",
    "pair",
    "arrival_order",
    "gil",
    "waiting_pipe",
    "losing_queue",
)
QUICK = {
    "hello": {"work_s": 0.3},  # longer than a busy machine may hold up the parent
    "worker_cost": {"workers": 5, "rounds": 2},
    "nothing_shared": {"rounds": 1},
    "gil": {"tasks_each": 2, "thousands": 500},
    "losing_queue": {"repetitions": 3, "items": 50},
}
found: dict[str, Finding] = {}


@pytest.fixture(scope="module", autouse=True)
def forget() -> Iterator[None]:
    yield
    found.clear()


def finding(name: str) -> Finding:
    """What an experiment finds, run once for all tests of this file."""
    if name not in found:
        found[name] = EXPERIMENTS[name].function(**QUICK.get(name, {}))
    return found[name]


def test_the_experiments_come_in_the_order_of_the_lesson() -> None:
    assert tuple(EXPERIMENTS) == NAMES
    assert [one.name for one in EXPERIMENTS.values()] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_ends_with_a_frame_a_sentence_and_a_chart(name: str) -> None:
    one = finding(name)
    assert len(one.frame) > 0
    assert all(kind.kind in "biufO" or str(kind) == "str" for kind in one.frame.dtypes)
    assert one.sentence.endswith(".")
    assert not re.search(r"\bnan\b|\bNone of\b|unknown|\binf\b", one.sentence)
    plot = one.draw()
    assert isinstance(plot, figure)
    assert plot.sizing_mode == "stretch_width"
    assert plot.height >= 200
    assert plot.background_fill_color is None
    assert "nan" not in "".join(words(plot))
    assert file_html(plot, CDN)


def words(plot: figure) -> Iterator[str]:
    """Every text in the columns of a figure."""
    for renderer in plot.renderers:
        yield from renderer.data_source.data.get("text", [])  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_will_do_and_shows_the_code(name: str) -> None:
    one = EXPERIMENTS[name]
    assert one.title
    assert re.search(r"about .*second", one.about)
    assert "def " in one.source


def test_hello_greets_and_without_join_the_parent_does_not_wait() -> None:
    one = finding("hello")
    assert one.printed == ("Hello, I am Ada.",) * 4
    at = one.frame.set_index(["variant", "moment"])["at_s"]
    taught = at["start, join, close"]
    assert taught["it prints"] <= taught["it ends"] <= taught["join() returned"]
    assert taught["join() returned"] <= taught["close() returned"] <= taught["parent's next line"]
    assert at["without join", "parent's next line"] < at["without join", "it prints"]
    said = one.frame.drop_duplicates("variant").set_index("variant")["afterwards"]
    assert said["start, join, close"].startswith("closed")
    assert said["without join"].startswith("exitcode None, alive")
    assert said["without close"].startswith("exitcode 0, ended")
    assert said["close, not joined"].startswith("ValueError: Cannot close")


def test_a_process_costs_more_than_a_thread() -> None:
    frame = finding("worker_cost").frame
    # The fastest of each: on a busy machine a thread may have to wait longer than a fork takes.
    kinds = frame.groupby("kind").agg({"first_instruction_s": "min", "own_bytes": "median"})
    assert set(kinds.index) == {"thread", "fork", "spawn", "forkserver"}
    others = kinds.drop(index="thread")
    assert (others["first_instruction_s"] > kinds["first_instruction_s"]["thread"]).all()
    assert (frame["first_instruction_s"] > 0).all()
    if frame["own_bytes"].notna().all():
        assert (others["own_bytes"] > kinds["own_bytes"]["thread"]).all()


def test_where_the_system_does_not_tell_the_memory_nothing_is_said_of_it() -> None:
    from mpviz.experiments.costs import _duplicates, _memory

    silent = pd.Series({"thread": np.nan, "fork": np.nan})
    assert _memory(silent["fork"]) == ""
    assert _duplicates(silent) == ""


def test_of_what_processes_write_into_a_dict_the_parent_sees_nothing() -> None:
    frame = finding("nothing_shared").frame.set_index("way")
    assert frame["keys"]["processes"] == 0
    rest = frame.drop(index="processes")
    assert (rest["keys"] == rest["of"]).all()
    assert set(rest.index) == {"threads", "queue", "pipe", "manager", "shared_memory"}


def test_the_pair_is_asked_at_once_and_answered_right() -> None:
    frame = finding("pair").frame
    assert len(frame) == 2
    assert frame["prime"][0]
    assert frame["asked_s"][1] < frame["received_s"][0]
    for before, after in (
        ("pool_ready_s", "asked_s"),
        ("asked_s", "started_s"),
        ("started_s", "finished_s"),
        ("finished_s", "received_s"),
    ):
        assert (frame[before] <= frame[after]).all()


def test_the_pair_asks_for_the_same_numbers_with_the_same_seed() -> None:
    first, second = (EXPERIMENTS["pair"].function(seed=3).frame["number"] for _ in range(2))
    assert first.tolist() == second.tolist()


def test_only_imap_unordered_gives_results_in_the_order_of_computing() -> None:
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


def test_cpu_use_adds_up_to_the_tasks_own_times() -> None:
    from mpviz.experiments.gil import cpu_use

    tasks = pd.DataFrame(
        {"started_s": [0.0, 1.0], "finished_s": [2.0, 2.5], "cpu_s": [1.0, 1.5]}, dtype=float
    )
    use = cpu_use(tasks, np.array([0.0, 0.5, 1.0, 2.0, 3.0]))
    assert use["computing"].tolist() == pytest.approx([0.5, 0.5, 1.5, 0.5])
    assert use["not_computing"].tolist() == pytest.approx([0.5, 0.5, 0.5, 0.0])


def test_no_more_workers_are_in_a_task_than_there_are() -> None:
    frame = finding("gil").frame
    inside = frame["computing"] + frame["not_computing"]
    assert (inside[frame["mechanism"] == "sequential"] <= 1.001).all()
    assert (frame["computing"] >= 0).all()


def test_the_lessons_pipe_waits_for_its_deadline_and_the_other_does_not() -> None:
    frame = finding("waiting_pipe").frame
    ending = frame.groupby("mechanism")["ending"].first()
    assert ending["pipe.lesson"] == "deadline"
    assert ending["pipe"] == "finished"
    assert (frame.groupby("mechanism")["received_s"].count() == 3).all()
    assert (frame["outcome"] == "died").sum() == 2
    assert frame["ended_s"].notna().all()


def test_the_queue_without_the_race_loses_nothing() -> None:
    frame = finding("losing_queue").frame
    assert (frame["came"] + frame["lost"] == frame["items"]).all()
    assert (frame["lost"][frame["mechanism"] == "queue"] == 0).all()
    assert frame.groupby("mechanism").size().tolist() == [3, 3]
