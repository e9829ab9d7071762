"""What a page may say to its kernel: messages of widgets, and nothing else. Knows no socket.

Only the binary form of the protocol (v1.kernel.websocket.jupyter.org) is read: a count of offsets,
the offsets, then channel, header, parent header, metadata and content, one after another. Nothing
of a visitor's is passed on as it came: what is understood is written anew, so that no other reader,
here or in the kernel, sees a count, an encoding or a nesting that a visitor made.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

PROTOCOL = "v1.kernel.websocket.jupyter.org"
LARGEST = 8 * 2**20  # bytes of a message: the largest text that may be uploaded, escaped, and more
LARGEST_PUBLIC = 2**20
OFFSETS = 6  # channel, header, parent header, metadata, content, end; no page of ours sends buffers
CHANNEL = "shell"
CONTROL_TARGET = "jupyter.widget.control"  # asks for the state of all widgets; makes none
SETTABLE = frozenset({"value", "index"})  # of the widgets that a reader may set
LONGEST_SMALL = 4096  # bytes of header, metadata, and of content without its texts
LONGEST_NAME = 128  # characters of an id
MOST_ENTRIES = 20  # of what a widget is told at once
_NAME = re.compile(r"[A-Za-z0-9_.:+@-]*")
# A text in JSON; one without an end takes the rest, so that no byte is looked at twice.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that may reach the kernel.

    Attributes
    ----------
    parts
        Header, parent header, metadata and content, as we write them.
    """

    parts: tuple[bytes, bytes, bytes, bytes]

    @property
    def size(self) -> int:
        """Bytes of it."""
        return sum(map(len, self.parts))


def read(message: object, largest: int = LARGEST) -> Message | None:
    """The message that a page has sent, or None where it is not fit.

    Parameters
    ----------
    message
        What came over the websocket.
    largest
        Bytes that it may have.
    """
    if not isinstance(message, bytes) or len(message) > largest:
        return None
    try:
        raw_header, raw_metadata, raw_content = _parts(message)
        header = _header(_small(raw_header))
        content = _content(header["msg_type"], _bounded(raw_content))
        metadata = _metadata(_small(raw_metadata))
        return Message((_written(header), b"{}", _written(metadata), _written(content)))
    except (ValueError, KeyError, TypeError, struct.error, RecursionError):
        return None


def _parts(message: bytes) -> tuple[bytes, bytes, bytes]:
    """Header, metadata and content."""
    count, *offsets = struct.unpack_from(f"<{OFFSETS + 1}Q", message)
    if count != OFFSETS or offsets[0] != 8 * (OFFSETS + 1) or offsets[-1] != len(message):
        raise ValueError("offsets that do not bound the message")
    if any(first > second for first, second in pairwise(offsets)):
        raise ValueError("offsets that go back")
    channel, header, _parent, metadata, content = (
        message[first:second] for first, second in pairwise(offsets)
    )
    if channel.decode("ascii") != CHANNEL:
        raise ValueError("another channel")
    return header, metadata, content


def _small(raw: bytes) -> dict[str, Any]:
    if len(raw) > LONGEST_SMALL:
        raise ValueError("too long")
    return _parsed(raw)


def _bounded(raw: bytes) -> dict[str, Any]:
    """Content, its texts of any length, all else of it small: so are nesting and counts."""
    if len(_TEXT.sub(b"", raw)) > LONGEST_SMALL:
        raise ValueError("too much structure")
    return _parsed(raw)


def _parsed(raw: bytes) -> dict[str, Any]:
    # Decoded here, strictly: json would take UTF-16 and UTF-32 for granted.
    found = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _written(part: dict[str, Any]) -> bytes:
    return json.dumps(part, ensure_ascii=False, allow_nan=False).encode("utf-8")  # no surrogates


def _header(given: dict[str, Any]) -> dict[str, str]:
    names = ("msg_id", "msg_type", "session", "username", "version", "date")
    return {name: _name(given.get(name) or "") for name in names}


def _metadata(given: dict[str, Any]) -> dict[str, str]:
    return {"version": _name(given["version"])} if "version" in given else {}


def _content(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """What is known of a message of a kind; a KeyError where no such message is let through."""
    if kind == "kernel_info_request":
        return {}
    if kind == "comm_info_request":
        target = given.get("target_name")
        return {} if target is None else {"target_name": _name(target)}
    comm = {"comm_id": _name(given["comm_id"])}
    if kind == "comm_close":
        return comm | {"data": {}}
    if kind == "comm_open" and given["target_name"] == CONTROL_TARGET:
        return comm | {"target_name": CONTROL_TARGET, "data": {}}
    if kind == "comm_msg":
        return comm | {"data": _said(given["data"])}
    raise KeyError(kind)


def _said(data: dict[str, Any]) -> dict[str, Any]:
    """What a widget is told."""
    method = data["method"]
    if method in ("request_state", "request_states"):
        return {"method": method}
    if method == "custom":
        return {"method": method, "content": _flat(data["content"])}
    if method == "update":
        state = _flat(data["state"])
        if not state.keys() <= SETTABLE or data.get("buffer_paths"):
            raise ValueError("not for a browser to set")
        return {"method": method, "state": state, "buffer_paths": []}
    raise KeyError(method)


def _flat(given: dict[str, Any]) -> dict[str, Any]:
    """Names and single values."""
    if not isinstance(given, dict) or len(given) > MOST_ENTRIES:
        raise TypeError("no small object")
    return {_name(name): _single(value) for name, value in given.items()}


def _single(value: object) -> object:
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError("not a single value")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("too large a number")
    return value


def _name(text: object) -> str:
    if not isinstance(text, str) or len(text) > LONGEST_NAME or not _NAME.fullmatch(text):
        raise ValueError("no name")
    return text
