"""The readers of what others wrote: a value or one sentence, never anything else.

Input sets, CSV folders and the queries of links. A sample in ``make test``, 10,000 examples of each
where MPVIZ_FULL is 1.
"""

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpviz import inputs
from mpviz.analysis import csvfiles
from mpviz.analysis.frames import shaped
from mpviz.core import schema
from mpviz.core.errors import Refused
from mpviz.inputs import InputSet
from mpviz.page import links
from mpviz.page.app import Page
from tests.sampling import sampled

pytestmark = pytest.mark.timeout(sampled(120, 1800))

much = settings(
    max_examples=sampled(200, 10_000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# What such readers stumble over, in the middle of anything.
AWKWARD = [
    *("", " ", "\0", "\r", "\n", "\r\n", '"', "'", ",", ";", "-", "+", "=", "\ufeff", "\u2028"),
    *("nan", "inf", "-inf", "1e400", "1_000", "٣", "０", "0x1f", "1.5", "True", "None", "NA"),
    *(
        "9" * 19,
        "-" + "9" * 19,
        "9" * 400,
        "9" * 5000,
        "9" * 140_000,
        "1e" + "9" * 30,
        "%",
        "\ud800",
    ),
]
awkward = st.sampled_from(AWKWARD)
anything = st.text(max_size=30) | awkward


def sentence(refused: Refused) -> None:
    """It is one, and short enough to be read."""
    text = str(refused)
    assert len(text.splitlines()) == 1
    assert text[0] == text[0].strip()
    assert text.endswith((".", "'?"))
    assert len(text) < 600
    text.encode()


lines = st.lists(anything | st.integers().map(str), max_size=20).map("\n".join)


@much
@given(text=st.binary(max_size=200) | lines | st.lists(awkward, max_size=5).map("".join))
def test_an_input_set_is_read_or_refused(text: str | bytes) -> None:
    try:
        found = inputs.parse(text, name="theirs.txt")
    except Refused as refused:
        sentence(refused)
    else:
        assert isinstance(found, InputSet)
        assert 1 <= found.count <= 20 + len(text)
        assert all(type(value) is int for value in found.values)


@much
@given(name=anything)
def test_an_input_set_s_name_is_known_or_refused(name: str) -> None:
    try:
        inputs.parse("7\nx", name=name)
    except Refused as refused:
        sentence(refused)
    try:
        inputs.input_set(name)
    except Refused as refused:
        sentence(refused)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a folder that can be read."""
    cells = {
        "str": ["one", "-7\n;=1"],
        "int64": [1, -2],
        "Int64": [None, 3],
        "float64": [0.5, float("nan")],
        "boolean": [True, None],
    }
    folder = tmp_path_factory.mktemp("good")
    csvfiles.to_csv(
        folder,
        {
            name: shaped({c.name: cells[c.dtype] for c in wanted}, wanted)
            for name, wanted in schema.TABLES.items()
        },
    )
    return {name: (folder / f"{name}.csv").read_bytes() for name in schema.TABLES}


Change = Callable[[bytes], bytes]


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """One thing done to a file's bytes, at a place given as a share of its length."""
    at, until = sorted(draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    put = draw(st.binary(max_size=4) | anything.map(lambda text: text.encode("utf-8", "replace")))
    what = draw(st.sampled_from(["cut", "insert", "replace", "cell", "row", "header", "twice"]))

    def change(data: bytes) -> bytes:
        low, high = int(at * len(data)), int(until * len(data))
        rows = data.split(b"\r\n")
        cells = rows[1].split(b",") if len(rows) > 1 else [b""]
        cells[min(int(at * len(cells)), len(cells) - 1)] = put
        return {
            "cut": data[:low],
            "insert": data[:low] + put + data[low:],
            "replace": data[:low] + put + data[high:],
            "cell": b"\r\n".join([rows[0], b",".join(cells), *rows[2:]]),
            "row": b"\r\n".join([rows[0], put]),
            "header": b"\r\n".join([put, *rows[1:]]),
            "twice": data + data[low:high],
        }[what]

    return change


@much
@given(
    name=st.sampled_from(list(schema.TABLES)),
    change=st.lists(changes(), max_size=3),
    instead=st.none() | st.binary(max_size=300),
)
def test_a_csv_folder_is_read_or_refused(
    good: dict[str, bytes],
    tmp_path: Path,
    name: str,
    change: list[Change],
    instead: bytes | None,
) -> None:
    changed = functools.reduce(lambda data, one: one(data), change, good[name])
    files = good | {name: changed if instead is None else instead}
    for table, data in files.items():
        (tmp_path / f"{table}.csv").write_bytes(data)
    read_or_refused(tmp_path)


@much
@given(
    kinds=st.lists(
        st.sampled_from(["good", "missing", "folder", "pipe", "/dev/zero", "/dev/tty", "loop"])
        | st.sampled_from(["nowhere", "/proc/self/mem", "unreadable", "socket"]),
        min_size=3,
        max_size=3,
    )
)
def test_a_folder_of_anything_is_read_or_refused(
    good: dict[str, bytes], tmp_path: Path, kinds: list[str]
) -> None:
    folder = tmp_path / "out"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for (name, data), kind in zip(good.items(), kinds, strict=True):
        file = folder / f"{name}.csv"
        if kind in ("good", "unreadable"):
            file.write_bytes(data)
            file.chmod(0o644 if kind == "good" else 0)
        elif kind == "folder":
            file.mkdir()
        elif kind in ("pipe", "socket"):
            os.mknod(file, {"pipe": 0o010600, "socket": 0o140600}[kind])
        elif kind != "missing":
            file.symlink_to(file.name if kind == "loop" else kind)
    read_or_refused(folder)


def read_or_refused(folder: Path) -> None:
    try:
        found = csvfiles.read_csv(folder)
    except Refused as refused:
        sentence(refused)
    else:
        for name, wanted in schema.TABLES.items():
            frame = found[name]
            assert [(c, str(frame[c].dtype)) for c in frame] == [(c.name, c.dtype) for c in wanted]
            assert isinstance(frame, pd.DataFrame)


@pytest.fixture(scope="module")
def checks() -> Any:
    page = Page(lambda plan: plan)
    return page.run_tab.checks()


KEYS = [
    *("mechanism", "workers", "set", "workload", "chunk", "start", "deadline", "step", "x", ""),
    *("count", "size", "spread", "seed", "chunk_size", "start_method", "timeout", "numbers"),
]
pairs = st.lists(
    st.tuples(st.sampled_from(KEYS) | anything, anything | st.integers().map(str)), max_size=6
)


def as_query(found: list[tuple[str, str]]) -> str:
    return "?" + "&".join(
        f"{quote(key, errors='replace')}={quote(value, errors='replace')}" for key, value in found
    )


@much
@given(query=anything | pairs.map(as_query) | st.lists(awkward, max_size=60).map("&=".join))
def test_a_query_gives_fit_values_and_a_sentence_for_each_other(checks: Any, query: str) -> None:
    link = links.read(query, checks)
    for text in link.ignored:
        sentence(Refused(text))
    for key, value in link.values.items():
        assert key in checks
        assert checks[key](str(value)) == value
