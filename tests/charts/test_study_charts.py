"""The charts of a study: columns that hold what they say, and which a page can carry."""

import math

import numpy as np
import pandas as pd
import pytest

from mpviz.analysis.chunking import rules
from mpviz.analysis.waterfall import Loss, Waterfall
from mpviz.charts.chunks import chunks, chunks_columns
from mpviz.charts.heat import heat, heat_columns
from mpviz.charts.ranking import FAR, ranking, ranking_columns, ranking_height
from mpviz.charts.scaling import scaling, scaling_columns
from mpviz.charts.waterfall import waterfall, waterfall_columns
from mpviz.page.widgets.figure import FigureView
from mpviz.studies.rounds import Rounds
from mpviz.studies.study import Study
from mpviz.studies.sweep import Sweep
from tests.studies.made import drive, plan_of

COUNTS = (1, 2, 3, 4, 6, 8)


def study(counts=(1, 2), mechanisms=("pool.map", "queue"), seconds=None, rounds=3) -> Study:
    plans = tuple(plan_of(mechanism=m, workers=n) for m in mechanisms for n in counts)
    made = Rounds(Sweep(plans, rounds=rounds))
    drive(made, seconds or (lambda step: 1.0 if step.place < 0 else 1.1 / step.plan.workers))
    return made.study


def columns_of(found: Study) -> dict:
    base = float(np.nanmedian(found.baseline_makespans))
    return ranking_columns(found.summary, found.runs, found.names, base)


def test_the_fastest_is_on_top_and_each_run_behind_its_configuration() -> None:
    found = study()
    columns = columns_of(found)
    assert len(columns["labels"]["text"]) == 4
    assert columns["labels"]["text"][0].split(",")[1].strip().startswith("2 workers")
    assert np.all(np.diff(columns["points"]["x"]) >= 0)
    assert len(columns["raw"]["x"]) == 4 * 3
    assert columns["lines"]["kind"] == ["the best", "sequential"]


def test_what_took_very_long_is_drawn_at_the_edge_and_says_how_long() -> None:
    found = study(seconds=lambda step: 100.0 if step.place == 3 else 1.0)
    columns = columns_of(found)
    assert max(columns["points"]["x"]) == pytest.approx(FAR)
    assert "100 s" in columns["labels"]["text"][-1]


def test_what_failed_has_a_row_and_no_point() -> None:
    found = study(seconds=lambda step: math.nan if step.place == 1 else 1.0)
    columns = columns_of(found)
    assert len(columns["points"]["x"]) == 3
    assert "1 run failed" in columns["labels"]["text"][-1]


def test_a_law_is_drawn_from_six_worker_counts_on_and_dashed_beyond_the_cpus() -> None:
    few = scaling_columns(study().summary, 2)
    assert few["laws"]["text"] == []
    assert len(few["known"]["x0"]) == len(few["predicted"]["x0"]) == 0
    many = scaling_columns(study(counts=COUNTS, mechanisms=("pool.map",)).summary, 2)
    assert "held-out counts" in many["laws"]["text"][0]
    assert max(many["known"]["x1"]) <= 2
    assert min(many["predicted"]["x0"]) > 2
    gaps = np.diff(many["predicted"]["x0"])
    lengths = np.subtract(many["predicted"]["x1"], many["predicted"]["x0"])[:-1]
    assert np.all(gaps > 1.5 * lengths)  # dashes
    assert len(many["lines"]["x0"]) == len(COUNTS) - 1


def test_one_round_has_no_interval() -> None:
    columns = scaling_columns(study(rounds=1).summary, 2)
    assert np.array_equal(columns["points"]["low"], columns["points"]["y"])
    assert all("one look" in text for text in columns["points"]["text"])


def test_a_cell_is_the_best_of_its_mechanism_and_workers() -> None:
    columns = heat_columns(study().summary)
    assert columns["labels"]["text"] == ["pool.map", "queue"]
    assert columns["counts"]["text"] == ["1", "2"]
    assert columns["cells"]["speedup"] == ["0.909", "1.82", "0.909", "1.82"]


@pytest.mark.parametrize("counts", [(1, 2), COUNTS])
@pytest.mark.parametrize("rounds", [1, 3])
def test_the_page_can_carry_each(counts: tuple, rounds: int) -> None:
    found = study(counts=counts, rounds=rounds)
    columns = columns_of(found)
    figures = [
        ranking(columns),
        scaling(scaling_columns(found.summary, 2), usable_cpus=2),
        heat(heat_columns(found.summary)),
    ]
    assert figures[0].height == ranking_height(len(found.names))
    for figure in figures:
        FigureView(figure, label="x", height=figure.height).close()


def test_without_a_time_each_says_what_would_fill_it() -> None:
    found = study(seconds=lambda _step: math.nan)
    empty = found.summary.iloc[:0]
    runs = found.runs.iloc[:0]
    for columns in (
        ranking_columns(empty, runs, []),
        scaling_columns(found.summary),
        heat_columns(found.summary),
    ):
        assert len(columns["note"]["text"]) == 1
    assert isinstance(empty, pd.DataFrame)
    assert ranking(ranking_columns(empty, runs, [])).renderers


def sized(*sizes: int, rounds: int = 6) -> Study:
    plans = tuple(plan_of(chunk_size=size) for size in sizes)
    made = Rounds(Sweep(plans, rounds=rounds))
    drive(made, lambda step: 1.0 + abs(step.place - 1) + 0.001 * (step.round % 2))
    return made.study


def test_a_curve_over_chunk_sizes_marks_what_others_choose() -> None:
    found = sized(1, 2, 8)
    columns = chunks_columns(found.summary, found.runs, found.chunk_rules)
    assert columns["points"]["x"].tolist() == [0.0, 1.0, 3.0]
    assert columns["best"]["text"] == ["best: chunks of 2, a speedup of 3.00"]
    assert columns["rules"]["kind"][0] == "the standard library's: 1"
    assert len(columns["lines"]["x0"]) == 2
    assert len(columns["raw"]["x"]) == 18
    assert np.all(columns["points"]["low"] <= columns["points"]["y"])
    FigureView(chunks(columns), label="x", height=400).close()


def test_rules_are_those_of_the_three_libraries() -> None:
    assert rules(1000, 2, 0.001) == {
        "the standard library's": 125,
        "mpire's": 8,
        "joblib's": 256,
    }
    assert "joblib's" not in rules(1000, 2, math.nan)


def test_one_chunk_size_is_no_curve_and_one_look_no_best() -> None:
    found = study()
    columns = chunks_columns(found.summary, found.runs)
    assert columns["note"]["text"]
    assert chunks(columns).renderers
    one = sized(1, 2, rounds=1)
    assert "no verdict yet" in chunks_columns(one.summary, one.runs)["best"]["text"][0]


def test_a_waterfall_adds_up_from_the_even_share_to_the_makespan() -> None:
    found = Waterfall(
        1.0,
        (Loss("startup", 0.1), Loss("gap", 0.2), Loss("computing", -0.05), Loss("tail", 0.05)),
        1.3,
    )
    columns = waterfall_columns(found)
    assert columns["labels"]["text"][0] == "the sequential time, shared out evenly: 1.00 s"
    assert columns["labels"]["text"][3] == "tasks: more CPU time than alone: −50.0 ms"
    assert columns["joints"]["x"][-1] == pytest.approx(found.makespan_s)
    assert columns["steps"]["colour"][3] != columns["steps"]["colour"][2]
    for one in (columns, waterfall_columns(None)):
        FigureView(waterfall(one), label="x", height=300).close()


def test_a_run_far_from_the_others_is_marked_and_kept() -> None:
    def seconds(step) -> float:
        return 3.0 if (step.round, step.place) == (4, 0) else 1.0 + 0.01 * (step.round % 3)

    columns = columns_of(study(seconds=seconds, rounds=8))
    marked = [at for at, marker in enumerate(columns["raw"]["marker"]) if marker == "x"]
    assert len(marked) == 1
    assert columns["raw"]["x"][marked[0]] == 3.0
    assert "counted like them" in columns["raw"]["text"][marked[0]]
    assert len(columns["raw"]["x"]) == 32


def test_the_curve_s_points_say_their_efficiencies() -> None:
    text = "\n".join(scaling_columns(study().summary, 2)["points"]["text"])
    for word in ("efficiency ", "communication efficiency ", "serial fraction (Karp and Flatt) "):
        assert word in text


def test_a_size_that_is_not_told_from_another_is_not_called_the_best() -> None:
    made = Rounds(Sweep(tuple(plan_of(chunk_size=size) for size in (1, 2, 4)), rounds=6))
    took = {-1: 2.0, 0: 1.0, 1: 1.001, 2: 3.0}
    drive(made, lambda step: took[step.place] + 0.02 * ((step.round + step.place) % 2))
    columns = chunks_columns(made.study.summary, made.study.runs)
    (text,) = columns["best"]["text"]
    assert text.startswith("least time: chunks of ")
    assert text.endswith(("as good, for all that was seen: 1", "as good, for all that was seen: 2"))
