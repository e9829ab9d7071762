"""Makes the committed fault matrix, seen.csv and docs/faults.md, from what was observed.

    mpviz faults --start-method spawn --csv FOLDER    # on each Python, more than once
    python tools/matrix.py FOLDER FOLDER …            # adds what each folder's faults.csv saw
    python tools/matrix.py                            # only writes docs/faults.md again

For a Python that this machine does not have, `tools/pythons` runs mpviz faults in a chroot.
A cell in which runs differ keeps every outcome that was seen. The races in `SHARED` have the same
code in every Python, and their rarer outcomes come once in ten to a hundred runs: what was seen on
one Python stands for all, each start method by itself. ``--fresh`` drops what was committed before.
"""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from mpviz.core.plan import START_METHODS
from mpviz.core.text import listed
from mpviz.faults.catalogue import FAULTS
from mpviz.faults.lab.cell import Seen
from mpviz.faults.lab.committed import FILE, Key, Matrix, python_of, read, write
from mpviz.faults.lab.report import MARKS
from mpviz.mechanisms import MECHANISMS

Cell = tuple[str, str, str]  # start method, mechanism, fault
ByPython = dict[str, frozenset[Seen]]

DOCUMENT = Path(__file__).parents[1] / "docs" / "faults.md"
SHARED = {
    ("pipe.lesson", "big_result"),
    ("pipe.lesson", "big_results"),
    *(("queue.lesson", fault) for fault in FAULTS),
}
HEAD = """# What faults do

<!-- Made by tools/matrix.py from src/mpviz/faults/lab/seen.csv; a test keeps the two equal. -->

Eight tasks, two workers, and a fault in the third task (in *8 results of 1 MiB*: in every task).
Each cell was observed, in real processes under Linux, on Python {pythons}:
it is what a program would have seen that ran its tasks this way. `mpviz faults` observes it on your
machine and says where it differs; `mpviz faults --mechanism pool.map --fault sigkill` says
everything about one cell, with the safer way to write it.

{legend}

Two marks in one cell: a race, which goes one way or the other (for `queue.lesson`, and for
`pipe.lesson` with large results, what was seen on one Python stands for all). `process.lesson`
prints its results and returns none, so all of them are lost even if nothing goes wrong.

{differences}
"""
DEFAULT = """On Linux the default start method is fork up to Python 3.13, forkserver from 3.14."""
ALIKE = f"""Apart from races, no cell differs from one Python to another.
{DEFAULT}"""
UNLIKE = f"""Where Pythons differ, the cell names them.
{DEFAULT}"""


def main() -> None:
    """Add what the folders saw, and write the document."""
    folders = [Path(word) for word in sys.argv[1:] if word != "--fresh"]
    matrix = {} if "--fresh" in sys.argv else dict(read(FILE))
    for key, seen in (pair for folder in folders for pair in observed(folder)):
        matrix[key] = matrix.get(key, frozenset()) | {seen}
    for key in matrix:
        if key[2:] in SHARED:
            alike = (seen for other, seen in matrix.items() if other[1:] == key[1:])
            matrix[key] = frozenset().union(*alike)
    if folders:
        write(FILE, dict(sorted(matrix.items(), key=lambda pair: place(pair[0]))))
    DOCUMENT.write_text(document(matrix), encoding="utf-8")
    print(f"{FILE.name}: {len(matrix):,} cells; {DOCUMENT.name} written")


def observed(folder: Path) -> Iterator[tuple[Key, Seen]]:
    """The cells of a folder's faults.csv, without the cancelled ones."""
    with (folder / "faults.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if (seen := Seen(row["seen"])) is not Seen.CANCELLED:
                python = python_of(row["python"])
                yield (python, row["start_method"], row["mechanism"], row["fault"]), seen


def age(python: str) -> tuple[int, int, bool]:
    """Sorts Pythons by version, a free-threaded one after the other of its version."""
    major, minor = python.removesuffix("t").split(".")
    return int(major), int(minor), python.endswith("t")


def place(key: Key) -> tuple[int, ...]:
    """Where a cell stands in the file: in the order of the program's own lists."""
    python, method, mechanism, fault = key
    return (
        *age(python),
        START_METHODS.index(method),
        list(MECHANISMS).index(mechanism),
        list(FAULTS).index(fault),
    )


def document(matrix: Matrix) -> str:
    """The matrix as a document: a table for each start method."""
    pythons = sorted({key[0] for key in matrix}, key=age)
    legend = "\n".join(f"- `{mark}` {seen}" for seen, mark in MARKS.items() if any_of(matrix, seen))
    cells = {key[1:] for key in matrix}
    alike = all(common(of_each(matrix, pythons, cell)) for cell in cells)
    differences = ALIKE if alike else UNLIKE
    parts = [HEAD.format(pythons=listed(pythons), legend=legend, differences=differences)]
    parts += [table(matrix, pythons, method) for method in START_METHODS]
    return "\n".join(parts)


def any_of(matrix: Matrix, seen: Seen) -> bool:
    """Whether it was seen anywhere."""
    return any(seen in outcomes for outcomes in matrix.values())


def table(matrix: Matrix, pythons: Iterable[str], method: str) -> str:
    """One start method: a row a fault, a column a mechanism."""
    heads = [name.replace(".", ".<br>").replace("_", "_<br>") for name in MECHANISMS]
    lines = [
        f"## {method}",
        "",
        f"| | {' | '.join(heads)} |",
        f"|---{'|:-:' * len(heads)}|",
    ]
    for fault, about in FAULTS.items():
        cells = (
            in_words(of_each(matrix, pythons, (method, mechanism, fault)))
            for mechanism in MECHANISMS
        )
        lines.append(f"| {about.title} (`{fault}`) | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def of_each(matrix: Matrix, pythons: Iterable[str], cell: Cell) -> ByPython:
    """What was seen in a cell on each Python."""
    return {python: matrix[python, *cell] for python in pythons}


def common(by_python: ByPython) -> frozenset[Seen]:
    """What was seen on all of them."""
    return frozenset.intersection(*by_python.values())


def in_words(by_python: ByPython) -> str:
    """The marks of a cell; of each Python, if they have nothing in common."""
    if common(by_python):
        return marks(frozenset.union(*by_python.values()))
    pythons: dict[str, list[str]] = {}
    for python, seen in by_python.items():
        pythons.setdefault(marks(seen), []).append(python)
    return ", ".join(f"{mark} ({', '.join(those)})" for mark, those in pythons.items())


def marks(outcomes: frozenset[Seen]) -> str:
    """The marks of some outcomes, in the legend's order."""
    return "/".join(mark for seen, mark in MARKS.items() if seen in outcomes)


if __name__ == "__main__":
    main()
