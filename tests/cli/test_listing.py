"""`mpviz list`: each name with its meaning."""

import sys

import pytest

import mpviz
from mpviz.cli.app import main


@pytest.mark.parametrize("what", ["mechanisms", "workloads", "input-sets"])
def test_list_names_what_there_is_with_its_meaning(
    what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mpviz", "list", what])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert (
        names
        == {
            "mechanisms": list(mpviz.MECHANISMS),
            "workloads": list(mpviz.WORKLOADS),
            "input-sets": mpviz.inputs.input_sets(),
        }[what]
    )
    assert all(len(line.split()) > 2 for line in lines)


def test_a_fault_is_listed_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mpviz", "list", "faults"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(mpviz.FAULTS)
    assert all(line.endswith(".") for line in lines)
