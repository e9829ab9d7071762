"""Frames -> CSV -> the same frames; safe to open in a spreadsheet; whole, or not there."""

import csv
import io
import math
import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mpviz.analysis import csvfiles
from mpviz.analysis.frames import shaped
from mpviz.core import schema
from mpviz.core.errors import Refused
from mpviz.core.schema import Column
from tests.sampling import sampled

pytestmark = pytest.mark.timeout(sampled(120, 1800))

EXAMPLES = sampled(100, 10_000)
FORMULA = "=+-@＝＋－＠"
# What can stand in a cell: a repr or an exception's message may hold any character there is.
texts = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.text(st.sampled_from("=+-@'＝ a;,|\t\r\n\"\0\v\ufeff\u00a0x1"), max_size=8)
    | st.sampled_from(["", "\r\n", "a\rb", '""', "NA", "nan", "None", "-7", '"=1+1"', "'=1", "''"])
)
NUMBERS: dict[str, st.SearchStrategy[Any]] = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "Int64": st.none() | st.integers(-(2**63), 2**63 - 1),
    "float64": st.floats(allow_nan=True, allow_infinity=True),
    "boolean": st.none() | st.booleans(),
}
TEXT = (Column("number", "int64", "", ""), Column("text", "str", "", ""))


def tables_of(cells: dict[str, list[Any]], rows: int) -> dict[str, pd.DataFrame]:
    """Tables whose columns have the cells of their dtype."""
    return {
        name: shaped({c.name: cells[c.dtype][:rows] for c in wanted}, wanted)
        for name, wanted in schema.TABLES.items()
    }


def written(text: str) -> str:
    """What stands in the file for a text, before CSV's own quoting."""
    frame = shaped({"number": [-1], "text": [text]}, TEXT)
    lines = list(csv.reader(io.StringIO(csvfiles.csv_text(frame), newline="")))
    assert lines[0] == ["number", "text"]
    assert lines[1][0] == "-1"
    return lines[1][1]


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return tables_of(
        {
            "str": ["one", "-7"],
            "int64": [1, -2],
            "Int64": [None, -3],
            "float64": [0.1 + 0.2, math.nan],
            "boolean": [True, None],
        },
        2,
    )


@pytest.fixture
def folder(tables: dict[str, pd.DataFrame], tmp_path: Path) -> Path:
    csvfiles.to_csv(tmp_path / "out", tables)
    return tmp_path / "out"


def refusal(folder: Path) -> str:
    with pytest.raises(Refused) as caught:
        csvfiles.read_csv(folder)
    text = str(caught.value)
    assert text.endswith(".")
    assert len(text.splitlines()) == 1
    return text


@settings(max_examples=50, deadline=None)
@given(
    words=st.lists(texts, min_size=2, max_size=2),
    numbers=st.fixed_dictionaries(
        {dtype: st.lists(values, min_size=2, max_size=2) for dtype, values in NUMBERS.items()}
    ),
    rows=st.integers(0, 2),
)
def test_csv_written_and_read_is_the_same_frame(
    tmp_path_factory: pytest.TempPathFactory,
    words: list[str],
    numbers: dict[str, list[Any]],
    rows: int,
) -> None:
    tables = tables_of({"str": words, **numbers}, rows)
    folder = tmp_path_factory.mktemp("csv")
    csvfiles.to_csv(folder, tables)
    back = csvfiles.read_csv(folder)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(back[name], table, check_exact=True)


@settings(max_examples=EXAMPLES, deadline=None)
@given(text=texts)
@example(text="a\rb")
@example(text="a\0b")
def test_any_text_survives_and_begins_no_formula(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    frame = shaped({"number": [-1], "text": [text]}, TEXT)
    file.write_bytes(csvfiles.csv_text(frame).encode())
    pd.testing.assert_frame_equal(csvfiles.read_table(file, TEXT), frame)
    cell = written(text)
    assert not cell.startswith((*FORMULA, "\t", "\r", "\n", "\0", " "))
    assert not begins(cell)


@settings(max_examples=EXAMPLES, deadline=None)
@given(text=texts)
def test_no_formula_begins_where_a_spreadsheet_splits_at_semicolons_or_tabs(text: str) -> None:
    frame = shaped({"number": [1], "text": [text]}, TEXT)
    raw = csvfiles.csv_text(frame)
    # As one that knows of no quotes in the middle of a cell, and looks through those at its start.
    assert not [cell for cell in re.split("[;\t\r\n]", raw) if begins(cell.strip('"'))]


def begins(cell: str) -> bool:
    """Whether a formula begins, for one who looks through whatever is not seen."""
    seen = [c for c in cell if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf")]
    return bool(seen) and seen[0] in FORMULA


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("-7", "'-7"),
        ("@x", "'@x"),
        ("＝1", "'＝1"),
        ("\t=1", "'\t'=1"),
        ("\n=1", "'\n'=1"),
        (" =1", "' =1"),
        ("'", "''"),
        ("'=1", "''=1"),
        ('"=1+1"', '"=1+1"'),
        ("a;=1", "a;'=1"),
        ('a; "=1', "a;' \"=1"),
        ("a;'b", "a;''b"),
        ("a; b", "a; b"),
        ("a, -1", "a, -1"),
        ("it's", "it's"),
        ("7", "7"),
        ("", ""),
    ],
)
def test_the_prefix_stands_where_it_is_needed(text: str, cell: str) -> None:
    assert written(text) == cell


def test_a_long_text_takes_no_long_time() -> None:
    for text in ("; " * 50_000, ";" + " " * 100_000, "\t" * 100_000, ';"' * 50_000):
        assert written(text).count("'") <= len(text)


def test_half_a_character_becomes_its_escape_sequence() -> None:
    assert written("=\ud800") == "'=\\ud800"


def test_a_csv_reads_back(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    back = csvfiles.read_csv(folder)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(back[name], table)


def test_a_table_of_several_batches_reads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csvfiles, "_BATCH", 10)
    frame = shaped({"number": range(25), "text": [str(n % 3) for n in range(25)]}, TEXT)
    csvfiles.to_csv(tmp_path, {"many": frame})
    pd.testing.assert_frame_equal(csvfiles.read_table(tmp_path / "many.csv", TEXT), frame)


@pytest.mark.parametrize("name", schema.TABLES)
def test_a_missing_file_is_refused_by_name(folder: Path, name: str) -> None:
    (folder / f"{name}.csv").unlink()
    assert f"{name}.csv can't be read: No such file or directory." in refusal(folder)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "can't be read" in refusal(tmp_path / "nowhere")
    assert "is no name of a file" in refusal(tmp_path / "\0")


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("folder", "it is a folder"),
        ("pipe", "it is no ordinary file"),
        ("/dev/zero", "it is no ordinary file"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
def test_what_is_no_file_is_refused(folder: Path, place: str, why: str) -> None:
    file = folder / "tasks.csv"
    file.unlink()
    if place == "folder":
        file.mkdir()
    elif place == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("tasks.csv" if place == "loop" else place)
    assert refusal(folder).endswith(f"tasks.csv can't be read: {why}.")


def test_a_file_that_is_too_large_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / "tasks.csv").open("ab") as file:
        file.truncate(csvfiles.LARGEST + 1)
    assert refusal(folder).endswith("tasks.csv is larger than the 1 GiB that are read.")


def test_a_lacking_column_is_named(folder: Path) -> None:
    file = folder / "workers.csv"
    pd.read_csv(file).drop(columns=["pid", "tid"]).to_csv(file, index=False)
    assert refusal(folder).endswith("is not a table of mpviz: it lacks pid, tid.")


def test_a_foreign_column_is_refused(folder: Path) -> None:
    file = folder / "workers.csv"
    pd.read_csv(file).assign(mine=1).to_csv(file, index=False)
    assert refusal(folder).endswith("is not a table of mpviz: its columns are not ours.")


def test_columns_in_another_order_are_refused(folder: Path) -> None:
    file = folder / "workers.csv"
    table = pd.read_csv(file)
    table[table.columns[::-1]].to_csv(file, index=False)
    assert "its columns are not ours" in refusal(folder)


@pytest.mark.parametrize(
    ("table", "column", "cell", "dtype"),
    [
        ("tasks", "task", "1.5", "int64"),
        ("tasks", "task", "", "int64"),
        ("tasks", "task", "1_0", "int64"),
        ("tasks", "pid", "x", "Int64"),
        ("tasks", "pid", "9" * 19, "Int64"),
        ("tasks", "pid", "9" * 5000, "Int64"),
        ("tasks", "cpu_s", "soon\n", "float64"),
        ("runs", "answers_agree", "maybe", "boolean"),
    ],
)
def test_a_bad_cell_is_refused_and_its_column_named(
    folder: Path, table: str, column: str, cell: str, dtype: str
) -> None:
    file = folder / f"{table}.csv"
    rows = pd.read_csv(file, dtype="str", keep_default_na=False)
    rows.loc[0, column] = cell
    rows.to_csv(file, index=False)
    text = refusal(folder)
    assert f"column {column}: {cell[:4]!r}"[:-1] in text
    assert text.endswith(f"is not a {dtype}.")


@pytest.mark.parametrize(
    "content", [b"", b"\0\1\2\xff\xfe", b'"', b"\n\n", b"a,b\n1,2,3\n4,5,6,7\n", b"a" * 200_000]
)
def test_what_is_no_table_is_refused_in_one_sentence(folder: Path, content: bytes) -> None:
    (folder / "tasks.csv").write_bytes(content)
    assert "tasks.csv" in refusal(folder)


def test_a_row_that_was_cut_is_refused(folder: Path) -> None:
    file = folder / "tasks.csv"
    file.write_text(file.read_text()[:-20])
    assert "tasks.csv" in refusal(folder)


def test_where_the_csv_cannot_be_written_the_reason_is_one_sentence(
    tmp_path: Path, tables: dict[str, pd.DataFrame]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match=r"^The CSV can't be written to .*/file: File exists\.$"):
        csvfiles.to_csv(tmp_path / "file", tables)


def test_a_file_that_was_there_is_replaced_and_nothing_else_is_left(
    folder: Path, tables: dict[str, pd.DataFrame]
) -> None:
    (folder / "tasks.csv").write_text("old")
    csvfiles.to_csv(folder, tables)
    assert {path.name for path in folder.iterdir()} == {"tasks.csv", "workers.csv", "runs.csv"}
    assert csvfiles.read_csv(folder)["tasks"].equals(tables["tasks"])


def test_floats_are_written_with_all_their_digits(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["tasks"].assign(cpu_s=np.array([0.1 + 0.2, -1.5]))
    text = csvfiles.csv_text(table)
    assert ",0.30000000000000004," in text
    assert ",-1.5," in text
