"""Any value as a short text: JSON where it can be, else a shortened repr. Standard library only."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

LONGEST = 200  # characters of a value's text
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
    except Exception:
        try:
            text = _ADDRESS.sub("", repr(value))
        except Exception as error:
            text = f"<{kind.__name__} whose repr raises {type(error).__name__}>"
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{text[: LONGEST - 60]}… ({len(text):,} characters, {digest})"
