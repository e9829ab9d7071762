"""What a page may say to its kernel: messages of widgets, and nothing else. Knows no socket.

Only the binary form of the protocol (v1.kernel.websocket.jupyter.org) is read: a count of offsets,
the offsets, then channel, header, parent header, metadata, content and buffers, one after another.
The count is checked before it is believed: Jupyter's own reader would loop 2**64 times for it.
"""

from __future__ import annotations

import json
import struct
from itertools import pairwise

PROTOCOL = "v1.kernel.websocket.jupyter.org"
LARGEST = 8 * 2**20  # bytes of a message: the largest text that may be uploaded, escaped, and more
MOST_PARTS = 64
ALLOWED = frozenset(
    {"comm_open", "comm_close", "comm_msg", "comm_info_request", "kernel_info_request"}
)
CONTROL_TARGET = "jupyter.widget.control"  # asks for the state of all widgets; makes none
CHANNELS = frozenset({"shell", "control"})


def is_fit(message: object) -> bool:
    """Whether a message of a page may reach its kernel."""
    if not isinstance(message, bytes):
        return False
    try:
        channel, header, content = _parts(message)
        kind = json.loads(header)["msg_type"]
        if channel not in CHANNELS or kind not in ALLOWED:
            return False
        return kind != "comm_open" or bool(json.loads(content)["target_name"] == CONTROL_TARGET)
    except (ValueError, KeyError, TypeError, IndexError, struct.error, RecursionError):
        return False


def _parts(message: bytes) -> tuple[str, bytes, bytes]:
    """Channel, header and content."""
    (count,) = struct.unpack_from("<Q", message)
    if not 6 <= count <= MOST_PARTS:
        raise ValueError("no count of offsets")
    offsets = struct.unpack_from(f"<{count}Q", message, 8)
    if offsets[0] != 8 * (count + 1) or offsets[-1] != len(message):
        raise ValueError("offsets that do not bound the message")
    if any(first > second for first, second in pairwise(offsets)):
        raise ValueError("offsets that go back")
    channel, header, _parent, _metadata, content, *_buffers = (
        message[first:second] for first, second in pairwise(offsets)
    )
    return channel.decode("ascii"), header, content
