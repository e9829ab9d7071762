"""The committed matrix: whole, compared with, and made into a document."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Cell, Seen
from mpviz.faults.lab.committed import committed, differing, python_of, read, this_python, write
from mpviz.mechanisms import MECHANISMS

ROOT = Path(__file__).parents[3]


def test_a_cell_that_differs_from_the_matrix_is_named_and_others_are_not(
    several: list[Cell], tmp_path: Path
) -> None:
    right = {
        (this_python(), cell.start_method, cell.mechanism, cell.fault): frozenset({cell.seen})
        for cell in several
    }
    assert differing(several, right) == {}
    assert differing(several, {}) == {}
    first = next(iter(right))
    wrong = right | {first: frozenset({Seen.HUNG, Seen.WRONG})}
    assert differing(several, wrong) == {first: wrong[first]}
    write(tmp_path / "matrix.csv", wrong)
    assert read(tmp_path / "matrix.csv") == wrong


@pytest.mark.parametrize(
    ("recorded", "python"),
    [
        ("CPython 3.13.0", "3.13"),
        ("CPython 3.14.0 free-threaded", "3.14t"),
        ("CPython 3.15.0a2+ free-threaded", "3.15t"),
    ],
)
def test_a_free_threaded_python_has_a_name_of_its_own(recorded: str, python: str) -> None:
    assert python_of(recorded) == python


def test_this_python_has_the_same_name_as_in_its_records(several: list[Cell]) -> None:
    recorded = several[0].trace.record.environment["python"]
    assert python_of(recorded) == this_python()
    assert this_python().startswith(platform.python_version().rpartition(".")[0])


def test_the_committed_matrix_is_whole() -> None:
    pythons = {key[0] for key in committed()}
    assert pythons == {"3.11", "3.12", "3.13", "3.14", "3.15"}
    assert list(committed()) == [
        (python, method, mechanism, fault)
        for python in sorted(pythons)
        for method in ("fork", "spawn", "forkserver")
        for mechanism in MECHANISMS
        for fault in FAULTS
    ]


TOOL = """
import sys
sys.path.insert(0, "tools")
from matrix import FILE, document, read
sys.stdout.buffer.write(document(read(FILE)).encode())
"""


def test_the_document_is_what_the_tool_makes_of_the_matrix() -> None:
    made = subprocess.run(
        [sys.executable, "-c", TOOL], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    assert made == (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")


UNLIKE = """
import sys
sys.path.insert(0, "tools")
from matrix import FILE, Seen, document, read
alike = dict(read(FILE))
unlike = alike | {("3.13", "fork", "sequential", "raises"): frozenset({Seen.HUNG})}
for matrix in (alike, unlike):
    text = document(matrix)
    print("no cell differs" in text, "R (3.11, 3.12" in text, "H (3.13)" in text)
"""


def test_the_document_names_the_pythons_where_they_differ_and_says_so_where_they_do_not() -> None:
    told = subprocess.run(
        [sys.executable, "-c", UNLIKE], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert told == "True False False\nFalse True True\n"


FREE_THREADED = """
import pathlib, sys
sys.path.insert(0, "tools")
from matrix import FILE, document, observed, place, read
folder = pathlib.Path(sys.argv[1])
columns = "python,start_method,mechanism,fault,seen"
row = "CPython 3.14.0 free-threaded,fork,threads,raises,raised"
(folder / "faults.csv").write_text(f"{columns}\\n{row}\\n")
((key, _),) = observed(folder)
alike = read(FILE)
more = {("3.14t", *key[1:]): seen for key, seen in alike.items() if key[0] == "3.14"}
order = sorted({key[0] for key in alike | more}, key=lambda name: place((name, *key[1:])))
print(key[0], *order, "3.14, 3.14t and 3.15" in document(alike | more))
"""


def test_the_tool_tells_a_free_threaded_python_from_the_other(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", FREE_THREADED, tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert told == "3.14t 3.11 3.12 3.13 3.14 3.14t 3.15 True\n"
