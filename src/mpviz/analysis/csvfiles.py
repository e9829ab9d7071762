r"""Frames to CSV files and back, which a spreadsheet may open. Knows the schema, and no record.

A cell of text never begins with what a spreadsheet takes for the start of a formula: ``=``, ``+``,
``-``, ``@``, their wide, small and mathematical forms, and whatever is not seen (a space, a tab, a
line end, a NUL), which it may skip. Such a cell gets an apostrophe before it; so does one that
begins with an apostrophe, and `read_csv` takes exactly one away again. Some spreadsheets split a
line at ``;`` or a tab as well, whatever is quoted, so the same is done within a cell where one
would begin for them: after ``;``, a tab or a line end. Numbers stay as they are.
"""

from __future__ import annotations

import csv
import itertools
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mpviz.core import schema
from mpviz.core.errors import Refused
from mpviz.core.text import quoted, size

LARGEST = 2**30  # bytes of a file that is read
MOST_NAMED = 8  # columns that a file lacks
NAN = float("nan")

_FORMULA = r"=+\-@＝＋－＠﹦﹢﹣﹫−"
_UNSEEN = r"\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
# Within a cell what is not seen is looked through, so that "a; b" stays; a quote as well.
_BEGINS = re.compile(
    rf"\A(?=[{_FORMULA}{_UNSEEN}'])|(?<=[;\t\r\n])(?='|(?:(?![\t\r\n])[\"{_UNSEEN}])*[{_FORMULA}])"
)
_PREFIXED = re.compile(r"(?:\A|(?<=[;\t\r\n]))'")
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_BATCH = 20_000  # rows held as texts: ten times as large as in a frame


def check(folder: str | Path, names: Iterable[str]) -> None:
    """Refuse a folder into which `to_csv` can't write, as far as that shows beforehand.

    Raises
    ------
    Refused
        Before anything was made.
    """
    place = Path(folder)
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            place.stat()  # from Python 3.14 on, exists() hides that a name is too long
        there = next(one for one in (place, *place.absolute().parents) if one.exists())
        taken = [name for name in names if (place / f"{name}.csv").is_dir()]
    except (OSError, ValueError) as error:  # a name too long, or with a NUL in it
        why = getattr(error, "strerror", None) or str(error)
        raise Refused(f"The CSV can't be written to {place}: {why}.") from error
    if not there.is_dir():
        raise Refused(f"The CSV can't be written to {place}: {there} is no folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise Refused(f"The CSV can't be written to {place}: {there} may not be written.")
    if taken:
        raise Refused(f"The CSV can't be written to {place}: {taken[0]}.csv is a folder there.")


def to_csv(folder: str | Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write each frame into `folder`, which is made where it is not, as ``<its name>.csv``.

    Each file is whole or, where there is no room, as it was before.

    Raises
    ------
    Refused
        When the folder can't be written.
    """
    place = Path(folder)
    mark = f".{secrets.token_hex(4)}.part"
    parts = {place / f"{name}.csv{mark}": place / f"{name}.csv" for name in tables}
    try:
        place.mkdir(parents=True, exist_ok=True)
        for part, frame in zip(parts, tables.values(), strict=True):
            with part.open("xb") as file:
                file.write(csv_text(frame).encode())
                file.flush()
                os.fsync(file.fileno())  # some file systems notice only now that they are full
        for part, whole in parts.items():
            part.replace(whole)
    except OSError as error:
        raise Refused(f"The CSV can't be written to {place}: {error.strerror}.") from error
    finally:
        for part in parts:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def csv_text(frame: pd.DataFrame) -> str:
    """The frame as CSV: a header, then each row; floats with all their digits."""
    texts = {str(name): _guarded(frame[name]) for name in frame if frame[name].dtype == "str"}
    # \r\n, as RFC 4180 has it, so that both are quoted where they stand in a cell.
    return str(frame.assign(**texts).to_csv(index=False, lineterminator="\r\n"))


def _guarded(column: pd.Series[Any]) -> pd.Series[Any]:
    known = {text: _guard(text) for text in column.unique() if isinstance(text, str)}
    if all(text == guarded for text, guarded in known.items()):
        return column
    return column.map(known).astype("str")


def _guard(text: str) -> str:
    """The text as a cell; half a character, which no file can hold, as its escape sequence."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return _BEGINS.sub("'", text)


def read_csv(folder: str | Path) -> dict[str, pd.DataFrame]:
    """Read back what `Trace.to_csv` wrote: the frames ``tasks``, ``workers`` and ``runs``.

    Raises
    ------
    Refused
        When a file is not there, is too large or its columns are not ours.
    """
    return {
        name: read_table(Path(folder) / f"{name}.csv", columns)
        for name, columns in schema.TABLES.items()
    }


def read_table(file: Path, wanted: Sequence[schema.Column]) -> pd.DataFrame:
    """Read one file back, of which the columns are known.

    Raises
    ------
    Refused
        In one sentence that names the file, and what is wrong with it.
    """
    try:
        # Not with pandas, which fills up rows that were cut and stumbles over a lone \r or \0.
        with os.fdopen(_open(file), encoding="utf-8", newline="") as text:
            rows = csv.reader(text, strict=True)
            _check_header(file, next(rows, []), [column.name for column in wanted])
            batches = [_frame(file, batch, wanted) for batch in _batches(file, rows, len(wanted))]
    except OSError as error:
        raise Refused(f"{file} can't be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{file} is not CSV: {str(error).strip()}.") from error
    return pd.concat(batches, ignore_index=True) if batches else _frame(file, [], wanted)


def _open(file: Path) -> int:
    """Open a file that ends: no device and no pipe, which might hold us up or go on for ever."""
    try:
        fd = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except ValueError as error:
        raise Refused(f"{str(file)!r} is no name of a file.") from error
    found = os.fstat(fd)
    if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST:
        return fd
    os.close(fd)
    if stat.S_ISREG(found.st_mode):
        raise Refused(f"{file} is larger than the {size(LARGEST)} that are read.")
    what = "a folder" if stat.S_ISDIR(found.st_mode) else "no ordinary file"
    raise Refused(f"{file} can't be read: it is {what}.")


def _check_header(file: Path, header: list[str], names: list[str]) -> None:
    if header != names:
        lacking = [name for name in names if name not in header]
        more = len(lacking) - MOST_NAMED
        named = ", ".join(lacking[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        what = f"it lacks {named}" if lacking else "its columns are not ours"
        raise Refused(f"{file} is not a table of mpviz: {what}.")


def _batches(file: Path, rows: Iterable[list[str]], width: int) -> Iterator[list[list[str]]]:
    numbered = enumerate(rows, 1)
    while batch := list(itertools.islice(numbered, _BATCH)):
        for number, row in batch:
            if len(row) != width:
                raise Refused(f"{file}, row {number:,}: it has {len(row)} cells, not {width}.")
        yield [row for _, row in batch]


def _frame(file: Path, rows: list[list[str]], wanted: Sequence[schema.Column]) -> pd.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * len(wanted)
    return pd.DataFrame(
        {c.name: _typed(file, cells, c) for c, cells in zip(wanted, columns, strict=True)}
    )


def _typed(file: Path, texts: Sequence[str], column: schema.Column) -> Any:
    values: list[Any] = []
    read = _READ[column.dtype]
    known: dict[str, Any] = {}  # most texts stand there often, and are kept once
    for text in texts:
        try:
            values.append(known[text] if text in known else known.setdefault(text, read(text)))
        except ValueError:
            what = f"{quoted(text)} is not a {column.dtype}."
            raise Refused(f"{file}, column {column.name}: {what}") from None
    dtype: Any = column.dtype  # the stubs want a literal
    return np.array(values, dtype) if dtype == "float64" else pd.array(values, dtype=dtype)


def _text(cell: str) -> str:
    return _PREFIXED.sub("", cell)


def _whole(cell: str) -> int:
    if not _WHOLE.fullmatch(cell) or not -(2**63) <= int(cell) < 2**63:
        raise ValueError
    return int(cell)


def _number(cell: str) -> float:
    return float(cell) if cell else NAN


def _boolean(cell: str) -> Any:
    if cell not in ("True", "False", ""):
        raise ValueError
    return cell == "True" if cell else pd.NA


_READ: dict[str, Callable[[str], Any]] = {
    "str": _text,
    "int64": _whole,
    "Int64": lambda cell: _whole(cell) if cell else pd.NA,
    "float64": _number,
    "boolean": _boolean,
}
