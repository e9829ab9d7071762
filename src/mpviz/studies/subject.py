"""What a study is of: a digest of the function's code and its inputs. Knows no run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from mpviz.core.text import as_text
from mpviz.engine.identity import workload_hash


def subject(function: Callable[[Any], Any], inputs: tuple[Any, ...]) -> str:
    """A digest that is the same in another process, for the same code and equal inputs."""
    digest = hashlib.sha256(workload_hash(function).encode())
    for value in inputs:
        digest.update(b"\0" + as_text(value).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:16]
