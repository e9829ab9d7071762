"""The history: entries are exports, whole or not there; each request is answered or refused."""

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

import mpviz
from mpviz.core.errors import Refused
from mpviz.studies.history import Entry, History, KeptRun, home, read
from mpviz.studies.rounds import Rounds
from mpviz.studies.study import Study
from mpviz.studies.sweep import Sweep
from tests.studies.made import drive, plan_of, trace_of

TRACE = trace_of(plan_of(), 1.5)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "history")


def study() -> Study:
    rounds = Rounds(Sweep((plan_of(), plan_of(workers=1)), rounds=3))
    drive(rounds, lambda step: 1.0 + step.place)
    return rounds.study


def test_home_is_chosen_by_a_variable_or_is_the_user_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPVIZ_HOME", "here")
    assert home() == Path("here")
    monkeypatch.delenv("MPVIZ_HOME")
    assert home().name == "mpviz"


def test_a_run_is_kept_listed_and_read_back(history: History) -> None:
    entry = history.keep(TRACE, " my  run ")
    assert history.entries() == [entry]
    assert entry == Entry(
        path=entry.path, kind="run", label="my run", started_at="2026-11-27T10:00:00.000+00:00",
        title="pool.map, 2 workers, fork: toy", makespan_s=1.5,
    )  # fmt: skip
    assert entry.name.startswith("20261127-100000-pool.map-2-")
    found = history.read(entry)
    assert isinstance(found, KeptRun)
    assert found.summary["makespan_s"] == 1.5
    assert len(found.tasks) == 2
    assert_frame_equal(found.intervals, TRACE.intervals)
    assert "2 tasks" in found.sentence
    assert found.timeline().renderers


def test_a_study_is_kept_listed_and_read_back(history: History) -> None:
    measured = study()
    entry = history.keep(measured)
    assert (entry.kind, entry.title) == ("study", "study of 2 configurations: toy")
    found = history.read(entry)
    assert isinstance(found, Study)
    assert found.sentence == measured.sentence


def test_the_folder_is_the_user_s_alone_and_nothing_else_stays_in_it(history: History) -> None:
    history.keep(TRACE)
    history.keep(study())
    assert history.folder.stat().st_mode & 0o777 == 0o700
    assert len(os.listdir(history.folder)) == 2


def test_the_newest_comes_first(history: History) -> None:
    later = dict(TRACE.record.environment) | {"started_at": "2026-11-28T10:00:00.000+00:00"}
    new = history.keep(trace_of(plan_of(), 1.0).__class__(replace(TRACE.record, environment=later)))
    old = history.keep(TRACE)
    assert history.entries() == [new, old]


def test_what_is_none_of_ours_is_left_out_and_left_alone(history: History, tmp_path: Path) -> None:
    history.keep(TRACE)
    mine = history.folder / "mine"
    mine.mkdir()
    (mine / "runs.csv").write_text("a,b\n1,2\n")
    (history.folder / "notes.txt").write_text("mine")
    (history.folder / "link").symlink_to(tmp_path)
    (history.folder / ".half.part").mkdir()
    assert len(history.entries()) == 1
    assert mine.exists()


def test_there_is_no_history_before_the_first_run(history: History) -> None:
    assert history.entries() == []
    assert not history.folder.exists()


def test_an_entry_is_found_by_name_beginning_or_label(history: History) -> None:
    one = history.keep(TRACE, "first")
    two = history.keep(study(), "second")
    assert history.find(one.name) == history.find("first") == one
    assert history.find(two.name[:-3]) == two
    with pytest.raises(Refused, match="2 entries of the history match '20'"):
        history.find("20")
    for name in ("", "nothing", "../history"):
        with pytest.raises(Refused, match="The history has no entry"):
            history.find(name)


def test_a_label_is_given_changed_and_taken_away(history: History) -> None:
    entry = history.keep(TRACE)
    entry = history.label(entry, "a\nlabel \u0000")
    assert history.entries()[0].label == entry.label
    with pytest.raises(Refused, match="at most 100 characters, not 101"):
        history.label(entry, "x" * 101)
    assert history.entries()[0].label == entry.label
    assert history.label(entry, "").label == ""
    assert not (entry.path / "label.txt").exists()


def test_deleted_an_entry_is_gone_and_nothing_else_is(history: History, tmp_path: Path) -> None:
    entry, other = history.keep(TRACE), history.keep(study())
    history.delete(entry)
    assert history.entries() == [other]
    assert not entry.path.exists()
    with pytest.raises(Refused, match="can't be deleted"):
        history.delete(entry)
    mine = tmp_path / "mine"
    mine.mkdir()
    with pytest.raises(Refused, match="is not in the history"):
        history.delete(replace(other, path=mine))
    assert mine.exists()


def test_exported_and_imported_it_is_the_same(history: History, tmp_path: Path) -> None:
    entry = history.keep(TRACE, "label")
    out = history.export(entry, tmp_path / "out")
    with pytest.raises(Refused, match="is there already"):
        history.export(entry, tmp_path / "out")
    other = History(tmp_path / "other")
    taken = other.take_in(out)
    assert taken.label == "label"
    assert taken.title == entry.title
    assert other.read(taken).summary.equals(history.read(entry).summary)
    (out / "own.txt").write_text("mine")
    assert not (other.take_in(out).path / "own.txt").exists()


def test_what_a_trace_or_a_study_exported_can_be_imported(history: History, tmp_path: Path) -> None:
    TRACE.to_csv(tmp_path / "run")
    study().to_csv(tmp_path / "study")
    kinds = {history.take_in(tmp_path / name).kind for name in ("run", "study")}
    assert kinds == {"run", "study"}


def test_what_is_no_export_is_refused_and_nothing_is_kept(history: History, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    TRACE.to_csv(tmp_path / "cut")
    (tmp_path / "cut" / "tasks.csv").write_text("input,\n")
    TRACE.to_csv(tmp_path / "lost")
    (tmp_path / "lost" / "workers.csv").unlink()
    for name in ("empty", "cut", "lost", "none"):
        with pytest.raises(Refused):
            history.take_in(tmp_path / name)
    assert history.entries() == []


def test_a_file_with_several_runs_is_no_entry(tmp_path: Path) -> None:
    TRACE.to_csv(tmp_path)
    lines = (tmp_path / "runs.csv").read_text().splitlines(keepends=True)
    (tmp_path / "runs.csv").write_text("".join([*lines, lines[1]]))
    with pytest.raises(Refused, match="2 runs"):
        read(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="can't be made"):
        History(tmp_path / "file" / "history").keep(TRACE)


def test_it_can_be_made_to_hold_thousands_and_is_listed_at_once(history: History) -> None:
    entry = history.keep(TRACE, "label")
    for number in range(999):
        shutil.copytree(entry.path, history.folder / f"copy-{number}")
    began = time.perf_counter()
    assert len(history.entries()) == 1000
    took = time.perf_counter() - began
    assert took < 5  # some 0.1 s; the second is measured by benchmarks.history


def test_what_reads_back_is_public(tmp_path: Path) -> None:
    study().to_csv(tmp_path)
    assert mpviz.read_study(tmp_path).names == study().names
