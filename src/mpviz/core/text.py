"""Values, times and numbers as short texts. Knows no table. Standard library only."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from typing import Any

LONGEST = 200  # characters of a value's text
LONGEST_QUOTE = 60  # characters of a value in a sentence
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_QUICK = {True: "true", False: "false", None: "null"}


def as_text(value: Any) -> str:
    """The value as JSON, or as a repr that is the same for equal values where their repr is.

    A text over 200 characters is cut, and ends with its length and a digest, so that two different
    long values stay different.
    """
    kind = type(value)
    if kind is bool or value is None:
        return _QUICK[value]
    if kind is int and -(10**18) < value < 10**18:
        return str(value)
    try:
        text = json.dumps(value)
    except KeyboardInterrupt:
        raise
    except BaseException:
        try:
            text = _ADDRESS.sub("", repr(value))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: it is a text that is asked for
            text = f"<{kind.__name__} whose repr raises {type(error).__name__}>"
        # Half a character (a lone surrogate) can't be written to any file.
        text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{text[: LONGEST - 60]}… ({len(text):,} characters, {digest})"


def short(text: object) -> str:
    """Shorten a text in its middle, to 60 characters at most."""
    whole = str(text)
    return whole if len(whole) <= 60 else f"{whole[:40]} … {whole[-16:]}"


def clipped(text: str, longest: int) -> str:
    """Cut a text at its end, to so many characters at most."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def quoted(value: object, longest: int = LONGEST_QUOTE) -> str:
    """Write a value into a sentence, as a literal: cut where it is long, printable, on one line.

    ``"five"`` becomes ``'five'``, and 15500000 becomes ``15,500,000``.
    """
    if type(value) is int:  # Python refuses to write one of thousands of digits
        return f"{value:,}" if abs(value) < 10**longest else "one that long"
    if isinstance(value, str):
        return repr(value if len(value) <= longest else f"{value[:longest]}…")
    try:
        text = repr(value)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= longest else f"{text[:longest]}…"


def seconds(value: float) -> str:
    """Write a time in the unit it is read in, to three digits: ``"21.3 µs"``, ``"1.34 s"``."""
    if not math.isfinite(value):
        return "unknown"
    size = abs(value)
    if size >= 120:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes} min {rest} s"
    for limit, factor, unit in ((0.9995, 1, "s"), (0.9995e-3, 1e3, "ms"), (0.9995e-6, 1e6, "µs")):
        if size >= limit:
            return f"{digits(value * factor)} {unit}"
    return f"{digits(value * 1e9)} ns" if value else "0 s"


def digits(value: float) -> str:
    """Write a number to three digits, without an exponent and without idle zeros after them."""
    value = float(f"{value:.3g}")
    places = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{min(places, 6)}f}"


def percent(share: float) -> str:
    """Write a share as a percentage: ``"98%"``; what is above none and below one is ``"<1%"``."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def size(count: int) -> str:
    """Write a number of bytes to four digits: ``"64 MiB"``, ``"1.5 GiB"``."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= factor:
            return f"{count / factor:.4g} {unit}"
    return f"{count} bytes"


def counted(number: float, what: str) -> str:
    """Write a number of things: ``"1 worker"``, ``"2,000 tasks"``, ``"1.5 CPUs"``."""
    shown = f"{round(number, 2):,g}" if isinstance(number, float) else f"{number:,}"
    if number == 1:
        return f"{shown} {what}"
    return f"{shown} {what}{'es' if what.endswith('s') else 's'}"


def listed(parts: Sequence[str]) -> str:
    """Join parts as a sentence does: ``"a, b and c"``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
