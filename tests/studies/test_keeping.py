"""What is no study is refused in one sentence."""

import json
from pathlib import Path

import pytest

import mpviz
from mpviz.studies.rounds import Rounds
from mpviz.studies.sweep import Sweep
from tests.studies.made import drive, plan_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    drive(Rounds(Sweep((plan_of(),), rounds=2), tmp_path), lambda _step: 1.0)
    return tmp_path


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(mpviz.Refused, match=r"study\.json can't be read"):
        mpviz.read_study(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"configurations": []},
        {"configurations": [{"mechanism": "rm -rf"}]},
        {"configurations": [{"mechanism": "x", "workers": 1, "start_method": "", "chunk_size": 1}]},
        {"rounds": "many"},
        {"rounds": -1},
        {"seed": None},
        {"looks": {"rounds": [3, 2], "alpha": 0.05, "most": None}},
        {"workload": 5},
        {"more": 1},
    ],
)
def test_a_head_that_is_none_is_refused(folder: Path, change: dict) -> None:
    file = folder / "study.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(mpviz.Refused, match=r"study\.json is not the head of a study"):
        mpviz.read_study(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "\x00", "{}"])
def test_a_file_that_is_no_head_is_refused(folder: Path, text: str) -> None:
    (folder / "study.json").write_text(text)
    with pytest.raises(mpviz.Refused, match=r"study\.json is not the head of a study"):
        mpviz.read_study(folder)


def test_a_run_of_no_configuration_is_refused(folder: Path) -> None:
    file = folder / "runs.csv"
    file.write_text(file.read_text().replace("pool.map", "queue"))
    with pytest.raises(mpviz.Refused, match="of no configuration"):
        mpviz.read_study(folder)


def test_a_run_without_a_round_is_refused(folder: Path) -> None:
    study = mpviz.read_study(folder)
    runs = study.runs.assign(round=None)
    from mpviz.analysis.csvfiles import csv_text

    (folder / "runs.csv").write_text(csv_text(runs.astype({"round": "Int64"})))
    with pytest.raises(mpviz.Refused, match="a run has no round"):
        mpviz.read_study(folder)
