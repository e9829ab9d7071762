"""FigureView carries a figure and its columns as state that any view, late or early, can take."""

from __future__ import annotations

import json

import numpy as np
import pytest
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from mpviz.page.widgets.figure import FigureView


def bars(name="tasks", **columns):
    columns = columns or {"left": np.zeros(2), "right": np.ones(2), "colour": ["#000", "#fff"]}
    chart = figure(height=100, sizing_mode="stretch_width")
    source = ColumnDataSource(columns, name=name)
    chart.hbar(left="left", right="right", y=0, color="colour", source=source)
    return chart


@pytest.fixture
def view():
    return FigureView(bars(), label="Timeline", height=100)


def numbers(packed):
    return np.frombuffer(packed["data"], packed["dtype"]).tolist()


def changes(view):
    seen = []
    view.observe(lambda change: seen.append(change["name"]), ["figure", "columns", "label"])
    return seen


def test_numbers_travel_as_buffers_and_text_as_lists(view):
    assert view.columns["tasks"]["right"]["dtype"] == "float64"
    assert numbers(view.columns["tasks"]["right"]) == [1.0, 1.0]
    assert view.columns["tasks"]["colour"] == ["#000", "#fff"]


def test_the_figure_is_plain_json_without_the_columns_of_its_named_sources():
    view = FigureView(bars(left=[0.125], right=[9.875], colour=["#abc"]), label="", height=100)
    text = json.dumps(view.figure)
    assert '"tasks"' in text
    assert "#abc" not in text


def test_a_source_without_a_name_keeps_its_columns_in_the_figure():
    view = FigureView(
        bars(name=None, left=[0.125], right=[1.0], colour=["#abc"]), label="", height=100
    )
    assert view.columns == {}
    assert "#abc" in json.dumps(view.figure)


def test_the_callers_figure_is_left_as_it_was():
    chart = bars()
    FigureView(chart, label="", height=100)
    assert len(chart.select_one({"name": "tasks"}).data["left"]) == 2


def test_new_columns_are_one_assignment_and_leave_the_figure_alone(view):
    seen = changes(view)
    view.set_columns(
        {"tasks": {"left": np.arange(3), "right": np.arange(3) + 0.5, "colour": ["a", "b", "c"]}}
    )
    assert seen == ["columns"]
    assert numbers(view.columns["tasks"]["left"]) == [0, 1, 2]


def test_columns_and_sources_that_are_not_named_stay():
    chart = bars()
    chart.scatter("x", "y", source=ColumnDataSource({"x": [1.0], "y": [2.0]}, name="dots"))
    view = FigureView(chart, label="", height=100)
    view.set_columns({"tasks": {"left": np.array([5.0, 6.0])}})
    assert view.columns["tasks"]["colour"] == ["#000", "#fff"]
    assert numbers(view.columns["dots"]["y"]) == [2.0]


def test_the_state_a_late_view_asks_for_holds_the_current_columns(view):
    view.set_columns({"tasks": {"left": np.array([5.0, 6.0])}})
    assert numbers(view.get_state()["columns"]["tasks"]["left"]) == [5.0, 6.0]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array([1, 2], dtype="int32"), "int32"),
        (np.array([1, 2], dtype="int64"), "float64"),
        (np.array([True, False]), "uint8"),
        ([1, 2.5], "float64"),
        (np.array([0, 1000], dtype="datetime64[ms]"), "float64"),
        (np.array([1.0, 2.0, 3.0, 4.0])[::2], "float64"),
    ],
)
def test_every_kind_of_number_becomes_one_that_javascript_has(view, values, dtype):
    view.set_columns({"tasks": {"left": values}})
    packed = view.columns["tasks"]["left"]
    assert packed["dtype"] == dtype
    assert numbers(packed) == [float(v) for v in np.asarray(values).astype("float64")]


def test_an_empty_list_is_a_column(view):
    view.set_columns({"tasks": {"left": [], "right": np.zeros(0), "colour": []}})
    assert numbers(view.columns["tasks"]["left"]) == []


def test_a_source_that_is_not_there_is_refused(view):
    with pytest.raises(KeyError, match="no source named 'workers'"):
        view.set_columns({"workers": {"left": np.zeros(2)}})


def test_columns_of_different_length_are_refused_and_change_nothing(view):
    with pytest.raises(ValueError, match="differ in length"):
        view.set_columns({"tasks": {"left": np.zeros(3)}})
    assert numbers(view.columns["tasks"]["left"]) == [0, 0]


def test_two_sources_of_one_name_are_refused():
    chart = bars()
    chart.scatter("x", "y", source=ColumnDataSource({"x": [1.0], "y": [2.0]}, name="tasks"))
    with pytest.raises(ValueError, match="two sources"):
        FigureView(chart, label="", height=100)


def test_show_replaces_figure_and_columns(view):
    before = view.figure
    view.show(bars(name="other"))
    assert view.figure != before
    assert list(view.columns) == ["other"]


@pytest.mark.parametrize(
    "state",
    [
        {"columns": {"tasks": {}}},
        {"figure": {}},
        {"label": 3, "height": -1, "bokeh_version": "0"},
        {"no such trait": 1},
    ],
)
def test_what_the_browser_sets_is_ignored(view, state):
    before = view.get_state()
    view.set_state(state)
    assert view.get_state() == before


def test_bokehjs_comes_from_the_installed_package_and_only_when_asked(view):
    sent = []
    view.send = lambda content, buffers=None: sent.append((content, buffers))
    for content in ({}, {"type": "other"}, {"type": ["bokehjs"]}, "bokehjs", None):
        view._handle_custom_msg(content, [])
    assert sent == []
    view._handle_custom_msg({"type": "bokehjs"}, [])
    [(content, [script])] = sent
    assert content == {"type": "bokehjs"}
    assert view.bokeh_version.encode() in script
