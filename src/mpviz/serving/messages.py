"""What a page may send to its kernel: widget messages and nothing else. Knows no socket.

Only the binary form of the protocol (v1.kernel.websocket.jupyter.org) is read: a count of offsets,
the offsets, then channel, header, parent header, metadata and content, one after another. Nothing
is passed on as it came: each message is parsed strictly and written anew, so that no other parser,
here or in the kernel, sees counts, encodings or nesting that a visitor chose.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

PROTOCOL = "v1.kernel.websocket.jupyter.org"
LARGEST = 8 * 2**20  # bytes of a message: room for the largest upload, escaped
LARGEST_PUBLIC = 2**20
OFFSETS = 6  # channel, header, parent header, metadata, content, end; our page sends no buffers
CHANNEL = "shell"
CONTROL_TARGET = "jupyter.widget.control"  # asks for the state of all widgets; creates none
SETTABLE = frozenset({"value", "index"})  # traits that a browser may set
LONGEST_SMALL = 4096  # bytes of header, of metadata, and of content without its strings
LONGEST_NAME = 128  # characters of an id
MOST_ENTRIES = 20  # names in one object
_NAME = re.compile(r"[A-Za-z0-9_.:+@-]*")
# A string in JSON; one without an end takes the rest, so that no byte is scanned twice.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that may go to the kernel.

    Attributes
    ----------
    parts
        Header, parent header, metadata and content, written anew.
    """

    parts: tuple[bytes, bytes, bytes, bytes]

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return sum(map(len, self.parts))


def read(message: object, largest: int = LARGEST) -> Message | None:
    """Parse what a page has sent; None if it may not go to the kernel.

    Parameters
    ----------
    message
        What arrived over the websocket.
    largest
        Most bytes that it may have.
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
    """Header, metadata and content, still raw."""
    count, *offsets = struct.unpack_from(f"<{OFFSETS + 1}Q", message)
    if count != OFFSETS or offsets[0] != 8 * (OFFSETS + 1) or offsets[-1] != len(message):
        raise ValueError("offsets do not match the message")
    if any(first > second for first, second in pairwise(offsets)):
        raise ValueError("offsets go backwards")
    channel, header, _parent, metadata, content = (
        message[first:second] for first, second in pairwise(offsets)
    )
    if channel.decode("ascii") != CHANNEL:
        raise ValueError("wrong channel")
    return header, metadata, content


def _small(raw: bytes) -> dict[str, Any]:
    if len(raw) > LONGEST_SMALL:
        raise ValueError("too long")
    return _parsed(raw)


def _bounded(raw: bytes) -> dict[str, Any]:
    """Content: strings of any length, but little else, which bounds its nesting and counts."""
    if len(_TEXT.sub(b"", raw)) > LONGEST_SMALL:
        raise ValueError("too much structure")
    return _parsed(raw)


def _parsed(raw: bytes) -> dict[str, Any]:
    # Decoded strictly as UTF-8: json.loads would also accept UTF-16 and UTF-32.
    found = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    if not isinstance(found, dict):
        raise TypeError("not an object")
    return found


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _written(part: dict[str, Any]) -> bytes:
    text = json.dumps(part, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")  # fails on surrogates


def _header(given: dict[str, Any]) -> dict[str, str]:
    names = ("msg_id", "msg_type", "session", "username", "version", "date")
    return {name: _name(given.get(name) or "") for name in names}


def _metadata(given: dict[str, Any]) -> dict[str, str]:
    return {"version": _name(given["version"])} if "version" in given else {}


def _content(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """The known fields of a message; KeyError if messages of this kind may not pass."""
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
        return comm | {"data": _data(given["data"])}
    raise KeyError(kind)


def _data(data: dict[str, Any]) -> dict[str, Any]:
    """The known fields of a message to a widget."""
    method = data["method"]
    if method in ("request_state", "request_states"):
        return {"method": method}
    if method == "custom":
        return {"method": method, "content": _flat(data["content"])}
    if method == "update":
        state = _flat(data["state"])
        if not state.keys() <= SETTABLE or data.get("buffer_paths"):
            raise ValueError("a browser may not set this")
        return {"method": method, "state": state, "buffer_paths": []}
    raise KeyError(method)


def _flat(given: dict[str, Any]) -> dict[str, Any]:
    """An object that maps names to single values."""
    if not isinstance(given, dict) or len(given) > MOST_ENTRIES:
        raise TypeError("not a small object")
    return {_name(name): _single(value) for name, value in given.items()}


def _single(value: object) -> object:
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError("not a single value")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("number too large")
    return value


def _name(text: object) -> str:
    if not isinstance(text, str) or len(text) > LONGEST_NAME or not _NAME.fullmatch(text):
        raise ValueError("not a name")
    return text
