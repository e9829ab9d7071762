"""Input sets: read, check, generate.

A set is text with one whole number a line and nothing else. What is pasted, uploaded or named by
a browser is hostile until it was checked here: the answer is a whole set or a `Refused` whose text
is one sentence, never half a set. Knows no workload and no widget. Standard library only.
"""

from __future__ import annotations

import operator
import random
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from mpviz.core.errors import Refused
from mpviz.core.resources import data_folder
from mpviz.core.text import quoted
from mpviz.core.text import size as size_text

# ASCII on purpose: int() would take "1_000" and "٣" as well, and a typing error is likelier.
_NUMBER = re.compile(r"[+-]?[0-9]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_QUOTED = 24  # characters shown of what stood there
LONGEST = 15  # digits of a number that is generated: up to there a float is exact
_SEEDS = 2**63  # runs.csv keeps the seed as int64


class SetLimits(Protocol):
    """How large an input set may be: numbers in it, digits of a number, bytes of text."""

    @property
    def tasks(self) -> int: ...  # noqa: D102
    @property
    def digits(self) -> int: ...  # noqa: D102
    @property
    def upload(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class InputSet:
    """A named list of inputs, at least one."""

    name: str
    values: tuple[int, ...]

    def __iter__(self) -> Iterator[int]:
        return iter(self.values)

    @property
    def count(self) -> int:
        """How many inputs."""
        return len(self.values)

    @property
    def smallest(self) -> int:
        """The smallest input."""
        return min(self.values)

    @property
    def largest(self) -> int:
        """The largest input."""
        return max(self.values)


def input_sets() -> list[str]:
    """The names of the input sets that come with mpviz, sorted; none where they can't be read."""
    return sorted(_files())


def input_set(name: str) -> InputSet:
    """An input set that comes with mpviz.

    Parameters
    ----------
    name
        One of `input_sets`. It is looked up among them and never made part of a path.

    Raises
    ------
    Refused
        If there is none of that name, or it can't be read.
    """
    files = _files()
    if not isinstance(name, str) or name not in files:
        raise Refused(
            f"There is no input set {quoted(str(name), _QUOTED)}; {_offer(str(name), files)}"
        )
    try:
        return parse(files[name].read_bytes(), name=name)
    except OSError as error:
        raise Refused(f"The input set {name} can't be read: {error.strerror}.") from error


def _files() -> dict[str, Path]:
    try:
        return {path.stem: path for path in data_folder().glob("*.txt")}
    except OSError:  # the rest of mpviz works with numbers of one's own
        return {}


def parse(text: str | bytes, *, name: str = "input", limits: SetLimits | None = None) -> InputSet:
    r"""The input set that a text holds.

    One whole number a line, in the digits 0 to 9, with a sign or without. Blank lines, spaces and
    tabs around a number, ``\n``, ``\r\n`` and ``\r`` line ends and a leading byte order mark are
    taken; comments, underscores, thousands separators and fractions are not.

    Parameters
    ----------
    text
        The text; bytes are read as UTF-8.
    name
        What to call the set, in the result and in what is said of it.
    limits
        How large it may be: a page hands in its own. Without them a run's own limit holds alone.

    Raises
    ------
    Refused
        At the first thing wrong, in one sentence that names its line and the reason.
    """
    title = _title(name)
    lines = _LINE_END.split(_text(text, title, limits).removeprefix(_BOM))
    digits = limits.digits if limits else sys.get_int_max_str_digits()
    values: list[int] = []
    for number, line in enumerate(lines, start=1):
        word = line.strip(" \t")
        if not word:
            continue
        if problem := _problem(word, digits):
            raise Refused(f"{title}, line {number}: {problem}")
        if limits and len(values) == limits.tasks:
            raise Refused(
                f"{title}, line {number}: there are more than the {limits.tasks:,} numbers"
                " that a set may have."
            )
        values.append(int(word))
    if not values:
        raise Refused(f"{title} has no numbers.")
    return InputSet(name, tuple(values))


def generate(
    *, count: int, size: int, spread: float, seed: int, limits: SetLimits | None = None
) -> InputSet:
    """A reproducible set of random whole numbers.

    Each is drawn evenly and independently from the *odd* numbers between
    ``round(size * (1 - spread))`` and ``round(size * (1 + spread))``, both included: an even number
    would be no work for `is_prime`, which stops at the factor 2. Where that range holds no odd
    number, as for an even ``size`` without spread, every number is ``size``. The same arguments
    give the same numbers on every machine.

    Parameters
    ----------
    count
        How many numbers, at least 1.
    size
        Around what they lie, at least 1.
    spread
        How far they lie from ``size``, as a share of it: 0 to 1.
    seed
        Of the random numbers; from -2**63 to 2**63 - 1.
    limits
        How large the set may be, as of `parse`.

    Raises
    ------
    Refused
        If an argument is out of its range.
    """
    largest = 10 ** (limits.digits if limits else LONGEST) - 1
    count = _whole("count", count, 1, limits.tasks if limits else None)
    size = _whole("size", size, 1, largest)
    seed = _whole("seed", seed, -_SEEDS, _SEEDS - 1)
    # Written so that NaN, too, is refused.
    if not (isinstance(spread, int | float) and 0 <= spread <= 1):
        raise Refused(f"The spread must be a number from 0 to 1, not {quoted(spread, _QUOTED)}.")
    low, high = round(size * (1 - spread)), round(size * (1 + spread))
    if high > largest:
        raise Refused(
            f"With a spread of {spread:g} numbers would have more than the {len(str(largest))}"
            " digits that are allowed; take a smaller size."
        )
    odd = range(low | 1, high + 1, 2) or range(size, size + 1)
    rng = random.Random(seed)
    values = tuple(odd[rng.randrange(len(odd))] for _ in range(count))
    return InputSet(f"{count} around {size}, spread {spread:g}, seed {seed}", values)


def _text(text: str | bytes, title: str, limits: SetLimits | None) -> str:
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    if limits and len(raw) > limits.upload:
        raise Refused(
            f"{title} has {len(raw):,} bytes of text, more than the"
            f" {size_text(limits.upload)} that are allowed."
        )
    if isinstance(text, str):
        return text
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = len(_LINE_END.findall(raw[: error.start].decode())) + 1
        byte = raw[error.start]
        raise Refused(f"{title}, line {line}: the byte 0x{byte:02x} is not UTF-8 text.") from None


def _problem(word: str, most: int) -> str:
    """What is wrong with what stands on a line, as a clause; empty if nothing is.

    `most` are the digits that a number may have; 0 for any number of them.
    """
    if not _NUMBER.fullmatch(word):
        return f"{quoted(word, _QUOTED)} is not a whole number."
    digits = len(word.lstrip("+-"))
    if digits > most > 0:
        return f"{quoted(word, _QUOTED)} has {digits:,} digits, more than the {most:,} allowed."
    return ""


def _whole(name: str, value: int, low: int, high: int | None) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or number < low or (high is not None and number > high):
        span = f"from {low:,} to {high:,}" if high is not None else f"of at least {low:,}"
        raise Refused(f"The {name} must be a whole number {span}, not {quoted(value, _QUOTED)}.")
    return number


def _offer(name: str, files: Iterable[str]) -> str:
    if close := get_close_matches(name[:_QUOTED], list(files), n=1):
        return f"did you mean '{close[0]}'?"
    if not files:
        return "the folder of input sets is missing or can't be read."
    return f"there are: {', '.join(sorted(files))}."


def _title(name: str) -> str:
    """A name as it is shown: an uploaded file's name is as hostile as its text."""
    fit = name.isprintable() and name.strip() == name and 0 < len(name) <= 2 * _QUOTED
    return name if fit else quoted(name, _QUOTED)
