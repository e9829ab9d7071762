"""Speedup and losses: the two charts of a frame of runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mpviz.charts import losses, losses_columns, speedup, speedup_columns
from mpviz.charts.palette import MARKERS, mechanism_look
from mpviz.core.text import digits, seconds
from tests.charts import toys

NAN = float("nan")


def run(
    mechanism: str = "pool.map", workers: int = 2, speedup: float = 1.9, **more: Any
) -> dict[str, Any]:
    makespan = 2.68 / speedup
    times = {"useful_s": 2.6, "cpu_s": 2.5, "computing_s": 2.5, "startup_s": 0.1, "gap_s": 0.05}
    rest = workers * makespan - 2.6 - 0.15
    made = {
        "mechanism": mechanism, "workers": workers, "speedup": speedup, "makespan_s": makespan,
        "efficiency": speedup / workers, "start_method": "fork", "tail_s": rest,
    }  # fmt: skip
    return made | times | more


def test_a_run_is_a_point() -> None:
    points = speedup_columns(toys.runs([run(), run("threads", 4, 0.98)]))["runs"]
    assert points["workers"].tolist() == [2, 4]
    assert points["speedup"].tolist() == [1.9, 0.98]
    assert points["text"][0] == (
        "run 0 · pool.map · fork\nworkers 2, chunk size 1\nspeedup 1.90, efficiency 95%\n"
        "makespan 1.41 s"
    )


def test_a_run_without_speedup_or_that_did_not_finish_gives_no_point() -> None:
    runs = toys.runs([run(), run(speedup=NAN), run(ending="deadline"), run(ending="raised")])
    assert len(speedup_columns(runs)["runs"]["workers"]) == 1


def test_a_line_joins_the_medians_of_one_mechanism() -> None:
    runs = [run(workers=1, speedup=s) for s in (0.9, 1.0, 5.0)]
    runs += [run(workers=2, speedup=1.8), run("queue", 2, 1.5), run(workers=4, speedup=1.9)]
    lines = speedup_columns(toys.runs(runs))["medians"]
    assert lines["x0"].tolist() == [1, 2]
    assert lines["y0"].tolist() == [1.0, 1.8]
    assert lines["x1"].tolist() == [2, 4]
    assert lines["y1"].tolist() == [1.8, 1.9]


def test_a_mechanism_looks_the_same_whatever_is_beside_it() -> None:
    alone = speedup_columns(toys.runs([run("queue")]))["runs"]
    beside = speedup_columns(toys.runs([run("pipe"), run("threads"), run("queue")]))["runs"]
    assert (alone["colour"][0], alone["marker"][0]) == (beside["colour"][2], beside["marker"][2])


def test_no_two_mechanisms_look_alike() -> None:
    names = [*MARKERS, "dask", "joblib", "mpire", "interpreters"]
    assert len({mechanism_look(name).marker for name in names}) == len(names)


def test_the_parts_of_a_run_add_up_to_workers_times_makespan() -> None:
    runs = toys.runs([run(), run("queue", 4, 1.7), run("pipe", 2, 1.5)])
    parts = losses_columns(runs)["parts"]
    whole = (runs["workers"] * runs["makespan_s"]).to_numpy()[::-1]
    np.testing.assert_allclose(parts["right"].reshape(-1, 5)[:, -1], whole)
    np.testing.assert_allclose((parts["right"] - parts["left"]).reshape(-1, 5).sum(axis=1), whole)
    np.testing.assert_array_equal(parts["left"].reshape(-1, 5)[:, 0], 0)


def test_useful_time_is_computing_or_not() -> None:
    parts = losses_columns(toys.runs([run()]))["parts"]
    np.testing.assert_allclose((parts["right"] - parts["left"])[:4], [2.5, 0.1, 0.1, 0.05])
    assert parts["text"][0].startswith("computing\n2.50 s of 2.82 s worker-time (88.6%)")


def test_more_cpu_time_than_wall_time_makes_no_negative_part() -> None:
    parts = losses_columns(toys.runs([run(cpu_s=2.7, computing_s=2.6000001)]))["parts"]
    assert (parts["right"] - parts["left"]).min() >= 0


def test_where_it_cannot_be_told_whether_a_task_computed_the_chart_says_so() -> None:
    parts = losses_columns(toys.runs([run(computing_s=NAN), run()]))["parts"]
    lengths = (parts["right"] - parts["left"]).reshape(-1, 5)
    assert parts["part"][:5:4] == ["computing", "idle at the end"]
    assert parts["part"][5] == "in a task, computing or not"
    np.testing.assert_allclose(lengths[1, :2], [2.6, 0])


def test_the_latest_ten_runs_are_shown_with_the_newest_on_top() -> None:
    labels = losses_columns(toys.runs([run() for _ in range(12)]))["labels"]
    assert len(labels["y"]) == 10
    assert labels["text"][0] == "run 11 · pool.map × 2"
    assert np.argmin(labels["y"]) == 0


def test_no_runs_give_the_same_columns_and_a_word_on_what_will_appear() -> None:
    none, some = toys.runs([]), toys.runs([run(), run(workers=4)])
    for columns_of in (speedup_columns, losses_columns):
        empty, full = columns_of(none), columns_of(some)
        assert {n: list(c) for n, c in empty.items()} == {n: list(c) for n, c in full.items()}
        assert "each run adds" in str(empty["note"]["text"][0])
        assert len(full["note"]["text"]) == 0


@pytest.mark.parametrize("cpus", [1, 1.5, 2, 64])
def test_figures_hold_their_columns_by_name(cpus: float) -> None:
    runs = toys.runs([run()])
    points, parts = speedup_columns(runs), losses_columns(runs)
    drawn = speedup(points, usable_cpus=cpus, most_workers=16)
    assert drawn.select_one({"name": "runs"}).data["speedup"].tolist() == [1.9]
    assert len(losses(parts).select_one({"name": "parts"}).data["y"]) == 5


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 s"), (1.337, "1.34 s"), (0.14, "140 ms"), (21.3e-6, "21.3 µs"), (5e-9, "5.00 ns"),
     (59.96, "60.0 s"), (125, "2 min 5 s"), (NAN, "unknown"), (0.9999, "1.00 s")],
)  # fmt: skip
def test_a_time_is_written_in_the_unit_it_is_read_in(value: float, text: str) -> None:
    assert seconds(value) == text


def test_a_number_has_three_digits() -> None:
    assert [digits(v) for v in (1.9, 12.34, 123.4, 0.0123)] == ["1.90", "12.3", "123", "0.0123"]
