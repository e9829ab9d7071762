"""The reader chooses a row that there is, and nothing else."""

import pytest
import traitlets

from mpviz.page.widgets.runs_table import RunsTable
from tests.page.widgets.messages import ODD, receive


@pytest.fixture
def chosen():
    return []


@pytest.fixture
def table(chosen):
    table = RunsTable(
        [{"key": "run", "label": "Run", "align": "right"}],
        label="Runs",
        on_select=chosen.append,
    )
    table.show([{"run": "0"}, {"run": "1"}], selected=0)
    return table


def test_a_row_the_reader_chooses_is_selected_and_told(table, chosen):
    receive(table, {"type": "select", "row": 1})
    assert table.selected == 1
    assert chosen == [1]


def test_a_row_the_kernel_chooses_is_not_told(table, chosen):
    table.selected = 1
    assert chosen == []


@pytest.mark.parametrize("row", [2, -1, -2, 1.0, True, "1", None, [1], 10**30])
def test_a_row_that_is_not_there_is_ignored(table, chosen, row):
    receive(table, {"type": "select", "row": row})
    assert table.selected == 0
    assert chosen == []


@pytest.mark.parametrize("content", ODD)
def test_odd_messages_are_ignored(table, content):
    receive(table, content)
    assert table.selected == 0


def test_the_browser_cannot_set_its_traits(table):
    table.set_state({"selected": 1, "rows": []})
    assert table.selected == 0
    assert len(table.rows) == 2


def test_the_kernel_cannot_select_what_is_not_there(table):
    with pytest.raises(traitlets.TraitError, match="no row 2"):
        table.selected = 2


def test_fewer_rows_leave_none_selected(table):
    table.selected = 1
    table.show([{"run": "0"}])
    assert table.selected == -1
