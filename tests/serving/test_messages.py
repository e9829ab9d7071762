"""What a page may say to its kernel: every other message is told from it, whatever its form."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.soak import packed, wire
from mpviz.serving.messages import is_fit

CONTROL = {"comm_id": "c", "target_name": "jupyter.widget.control", "data": {}}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("comm_open", CONTROL),
        ("comm_msg", {"comm_id": "c", "data": {"method": "update", "state": {"value": 3}}}),
        ("comm_close", {"comm_id": "c"}),
        ("comm_info_request", {}),
        ("kernel_info_request", {}),
    ],
)
def test_what_widgets_say_is_fit(kind, content):
    assert is_fit(packed(kind, content))


@pytest.mark.parametrize(
    "kind",
    [
        *("execute_request", "inspect_request", "complete_request", "history_request"),
        *("is_complete_request", "shutdown_request", "interrupt_request", "debug_request"),
        *("input_reply", "create_subshell_request", "", "COMM_MSG", 3, None, ["comm_msg"]),
    ],
)
def test_what_is_not_of_widgets_is_not(kind):
    assert not is_fit(packed(kind, {"code": "1", "comm_id": "c"}))


@pytest.mark.parametrize("target", ["jupyter.widget", "evil", "", None, 3])
def test_a_page_opens_no_widget_of_its_own(target):
    assert not is_fit(packed("comm_open", CONTROL | {"target_name": target}))


@pytest.mark.parametrize("channel", ["iopub", "stdin", "", "shell\0"])
def test_only_the_channels_of_widgets_are_open(channel):
    assert not is_fit(packed("comm_info_request", {}, channel=channel))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 7,
        (2**63).to_bytes(8, "little"),  # so many offsets
        struct.pack("<Q6Q", 6, 56, 2**62, 2**62, 2**62, 2**62, 2**62),
        struct.pack("<Q6Q", 6, 56, 40, 30, 20, 10, 56),
        wire("shell", b"{", b"{}", b"{}", b"{}"),
        wire("shell", b"[]", b"{}", b"{}", b"{}"),
        wire("shell", b"[" * 100_000, b"{}", b"{}", b"{}"),
        wire("shell", b'{"msg_type": "comm_open"}', b"{}", b"{}", b"[" * 100_000),
        wire("shell", b"\xff\xfe", b"{}", b"{}", b"{}"),
        wire("sh\xe9ll", b'{"msg_type": "comm_msg"}', b"{}", b"{}", b"{}"),
        packed("comm_msg", {})[:-1],
        packed("comm_msg", {}) + b"more",
        json.dumps({"header": {"msg_type": "comm_msg"}, "channel": "shell"}),
        None,
    ],
)
def test_what_is_malformed_is_not_fit_and_nothing_breaks(raw):
    assert not is_fit(raw)


@given(st.binary(max_size=400))
def test_noise_is_not_fit(noise):
    assert not is_fit(noise)
    assert not is_fit(packed("comm_msg", {})[:8] + noise)
