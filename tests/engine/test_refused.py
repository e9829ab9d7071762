"""What is refused before anything is started."""

import math
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from mpviz.core.errors import Failed, Refused
from mpviz.core.plan import Plan
from mpviz.engine import runner
from tests.conftest import run_folders

BASE = Plan(abs, (1, 2), workers=2, timeout=20)


class Unpicklable:
    def __reduce__(self) -> Any:
        raise TypeError("it will not travel")


REFUSED = {
    "There is no mechanism 'nothing'": {"mechanism": "nothing"},
    "There is no mechanism 3": {"mechanism": 3},
    "There is no start method 'spoon'": {"start_method": "spoon"},
    "workers must be from 1 to 1,000, not 0": {"workers": 0},
    "workers must be from 1 to 1,000, not -1": {"workers": -1},
    "workers must be from 1 to 1,000, not 99,999": {"workers": 99_999},
    "workers must be a whole number, not 1.5": {"workers": 1.5},
    "workers must be a whole number, not True": {"workers": True},
    "workers must be a whole number, not '2'": {"workers": "2"},
    "workers must be a whole number, not None": {"workers": None},
    "chunk_size must be from 1 to 1,000,000, not 0": {"chunk_size": 0},
    "chunk_size must be a whole number, not 2.0": {"chunk_size": 2.0},
    "timeout must be above 0 and at most 86400 s, not 0": {"timeout": 0},
    "timeout must be above 0 and at most 86400 s, not -1": {"timeout": -1},
    "timeout must be above 0 and at most 86400 s, not nan": {"timeout": math.nan},
    "timeout must be above 0 and at most 86400 s, not inf": {"timeout": math.inf},
    "memory must be at least 67,108,864 bytes, not -1": {"memory": -1},
    "memory must be a whole number of bytes, not 1.5": {"memory": 1.5},
    "memory must be at least 67,108,864 bytes, not 1,000": {"memory": 1000},
    "timeout must be a number of seconds, not '60'": {"timeout": "60"},
    "timeout must be a number of seconds, not None": {"timeout": None},
    "timeout must be a number of seconds, not True": {"timeout": True},
    "There are no inputs": {"inputs": ()},
    "1,000,001 inputs are more than the 1,000,000 allowed": {"inputs": (0,) * 1_000_001},
    "process.lesson starts a process for each input: at most 64 inputs, not 65": {
        "mechanism": "process.lesson",
        "inputs": (0,) * 65,
    },
    "pipe.lesson starts a process for each input: at most 64 inputs, not 4,000": {
        "mechanism": "pipe.lesson",
        "inputs": (0,) * 4000,
    },
    "The workload must be a function of one input, not 7": {"function": 7},
    f"Input 0 (<{__name__}.Unpicklable object>) can't be sent to a worker": {
        "inputs": (Unpicklable(),)
    },
    "The workload can't be carried to a clean process: cannot pickle": {
        "function": (number for number in ()).__next__
    },
    "There is no mechanism []": {"mechanism": []},
    "There is no start method []": {"start_method": []},
    "workers must be from 1 to 1,000": {"workers": 10**5000},
    "timeout must be above 0": {"timeout": 10**400},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_the_impossible_is_refused_in_one_sentence_and_nothing_is_started(sentence: str) -> None:
    before, children = run_folders(), set(psutil.Process().children())
    with pytest.raises(Refused) as caught:
        runner.start(replace(BASE, **REFUSED[sentence]))
    text = str(caught.value)
    assert text.startswith(sentence)
    assert len(text.splitlines()) == 1
    assert len(text) < 400
    assert run_folders() <= before
    assert set(psutil.Process().children()) == children


def test_where_no_folder_can_be_made_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(Failed, match="could not be started"):
        runner.start(BASE)
