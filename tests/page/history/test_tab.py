"""The History tab: listed, shown, labelled, compared, downloaded, imported, deleted."""

import asyncio
import base64
from pathlib import Path

import pytest

from mpviz.core.errors import Refused
from mpviz.page.app import Page
from mpviz.page.history.tab import HistoryTab
from mpviz.serving.limits import PUBLIC
from mpviz.studies.history import History
from tests.page.replaying import PLAN, until
from tests.page.widgets.messages import receive
from tests.studies.made import plan_of, trace_of

RUN = trace_of(plan_of(), 1.5)


@pytest.fixture(name="history")
def a_history(tmp_path: Path) -> History:
    return History(tmp_path / "history")


@pytest.fixture(name="tab")
def history_tab(history: History) -> HistoryTab:
    history.keep(RUN, "one")
    history.keep(trace_of(plan_of(mechanism="queue"), 2.0), "two")
    tab = HistoryTab(history, lambda _selector: None)
    tab.refresh()
    return tab


def choose(tab: HistoryTab, label: str) -> None:
    at = next(i for i, entry in enumerate(tab._entries) if entry.label == label)
    asyncio.run(tab._select(at))


def test_it_lists_what_was_kept(tab: HistoryTab) -> None:
    assert {row["label"] for row in tab.table.rows} == {"one", "two"}
    assert tab.delete_button.disabled
    assert tab.download.disabled


def test_a_chosen_row_is_shown(tab: HistoryTab) -> None:
    choose(tab, "one")
    assert "mpviz-unused" not in tab.shown._dom_classes
    assert "2 tasks" in tab._text.value
    choose(tab, "two")
    assert not tab.status.error.value


def test_a_row_that_the_browser_chooses_is_shown(tab: HistoryTab) -> None:
    async def choose_first() -> None:
        receive(tab.table, {"type": "select", "row": 0})
        await until(lambda: "mpviz-unused" not in tab.shown._dom_classes)

    asyncio.run(choose_first())


def test_a_label_is_set(tab: HistoryTab, history: History) -> None:
    choose(tab, "one")
    tab.label.value = "<b>renamed</b>"
    tab.set_label()
    assert "<b>renamed</b>" in {entry.label for entry in history.entries()}
    tab.label.value = "x" * 200
    with pytest.raises(Refused, match="at most 100 characters"):
        tab.set_label()


def test_two_rows_are_compared(tab: HistoryTab) -> None:
    choose(tab, "one")
    asyncio.run(tab.compare())
    assert "Choose another row to compare one with." in tab.status.line.value
    choose(tab, "two")
    assert tab.compare_button.description == "Compare with one"
    asyncio.run(tab.compare())
    assert "1.33 × the time of" in tab._text.value


def test_it_deletes_at_the_second_press(tab: HistoryTab, history: History) -> None:
    choose(tab, "one")
    tab.delete()
    assert tab.delete_button.description == "Delete for good"
    assert len(history.entries()) == 2
    tab.delete()
    assert [entry.label for entry in history.entries()] == ["two"]
    assert tab.delete_button.disabled


def test_what_is_downloaded_can_be_imported(tab: HistoryTab, history: History) -> None:
    choose(tab, "one")
    name, data = tab.make_zip()
    assert name.endswith(".zip")
    for given in (name, "../../x.zip", "..", ".zip", "a\nb"):
        tab._take_in(given, base64.b64encode(data).decode())
    assert sum(entry.label == "one" for entry in history.entries()) == 6
    assert {path.parent for path in (one.path for one in history.entries())} == {history.folder}


@pytest.mark.parametrize("text", ["no base64!", "", base64.b64encode(b"no zip").decode()])
def test_what_is_no_zip_of_ours_is_refused(tab: HistoryTab, history: History, text: str) -> None:
    with pytest.raises(Refused):
        tab._take_in("x.zip", text)
    assert len(history.entries()) == 2


def test_an_entry_that_went_meanwhile_is_refused_in_words(
    tab: HistoryTab, history: History
) -> None:
    history.delete(history.entries()[0])
    history.delete(history.entries()[0])
    with pytest.raises(Refused):
        asyncio.run(tab._select(0))
    tab.refresh()
    assert tab.table.rows == []


def test_each_run_of_the_page_is_kept_and_there_after_a_reload(page: Page) -> None:
    before = {entry.name for entry in History().entries()}
    asyncio.run(page.run_tab.measure(lambda: [PLAN]))
    new = [entry for entry in History().entries() if entry.name not in before]
    assert sorted(entry.title.split(",")[0] for entry in new) == ["pool.map", "sequential"]
    page.tabs.choose("history")
    shown = Page(None).history
    shown.refresh()
    assert {entry.name for entry in new} <= {entry.name for entry in shown._entries}


def test_a_public_page_keeps_nothing() -> None:
    assert not PUBLIC.history
    page = Page(None, PUBLIC)
    assert page.history is None
    assert "history" not in dict(page.tabs.names)
