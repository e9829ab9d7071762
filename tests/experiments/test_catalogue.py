"""Every experiment: its names, its texts, and that it really runs."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bokeh.embed import file_html
from bokeh.plotting import figure
from bokeh.resources import CDN

import mpviz.experiments
from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.experiments.finding import Finding

Find = Callable[[str], Finding]
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


def test_the_experiments_come_in_the_order_of_the_lesson() -> None:
    assert tuple(EXPERIMENTS) == NAMES
    assert [one.name for one in EXPERIMENTS.values()] == list(NAMES)


def test_each_experiment_has_a_folder_and_each_folder_an_experiment() -> None:
    here = Path(mpviz.experiments.__file__).parent
    assert {path.parent.name for path in here.glob("*/*.py")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_has_one_name_everywhere(name: str) -> None:
    function = EXPERIMENTS[name].function
    assert function.__name__ == name
    assert function.__module__ == f"mpviz.experiments.{name}.find"
    assert callable(getattr(importlib.import_module(f"mpviz.experiments.{name}.chart"), name))


@pytest.mark.parametrize("name", NAMES)
def test_it_ends_with_a_frame_a_sentence_and_a_chart(finding: Find, name: str) -> None:
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


@pytest.mark.parametrize("name", NAMES)
def test_its_help_tells_where_the_shared_keywords_are_explained(name: str) -> None:
    text = EXPERIMENTS[name].function.__doc__
    assert text is not None
    assert "timeout, start\n        As for every `Experiment`." in text
