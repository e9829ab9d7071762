"""What a page may say to its kernel: every other message is told from it, whatever its form."""

import json
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.visitor import packed, unpacked, wire
from mpviz.serving.messages import LARGEST, LARGEST_PUBLIC, read

CONTROL = {"comm_id": "c", "target_name": "jupyter.widget.control", "data": {}}
COMM_MSG = b'{"msg_type": "comm_msg"}'


def told(data):
    return packed("comm_msg", {"comm_id": "c", "data": data})


def update(**state):
    return told({"method": "update", "state": state, "buffer_paths": []})


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("comm_open", CONTROL),
        (
            "comm_msg",
            {
                "comm_id": "c",
                "data": {"method": "update", "state": {"value": 3}, "buffer_paths": []},
            },
        ),
        ("comm_msg", {"comm_id": "c", "data": {"method": "request_states"}}),
        ("comm_msg", {"comm_id": "c", "data": {"method": "custom", "content": {"event": "click"}}}),
        ("comm_close", {"comm_id": "c", "data": {}}),
        ("comm_info_request", {}),
        ("comm_info_request", {"target_name": "jupyter.widget"}),
        ("kernel_info_request", {}),
    ],
)
def test_what_widgets_say_is_fit_and_arrives_as_it_was_meant(kind, content):
    sent = packed(kind, content)
    message = read(sent)
    assert message is not None
    header, _parent, _metadata, arrived = map(json.loads, message.parts)
    assert arrived == content
    assert header == unpacked(sent)[0]


@pytest.mark.parametrize(
    "kind",
    [
        *("execute_request", "inspect_request", "complete_request", "history_request"),
        *("is_complete_request", "shutdown_request", "interrupt_request", "debug_request"),
        *("input_reply", "create_subshell_request", "", "COMM_MSG", 3, None, ["comm_msg"]),
    ],
)
def test_what_is_not_of_widgets_is_not(kind):
    assert read(packed(kind, {"code": "1", "comm_id": "c"})) is None


@pytest.mark.parametrize("target", ["jupyter.widget", "evil", "", None, 3])
def test_a_page_opens_no_widget_of_its_own(target):
    assert read(packed("comm_open", CONTROL | {"target_name": target})) is None


@pytest.mark.parametrize("channel", ["iopub", "stdin", "control", "", "shell\0"])
def test_only_the_channel_of_widgets_is_open(channel):
    assert read(packed("comm_info_request", {}, channel=channel)) is None


@pytest.mark.parametrize(
    "state",
    [
        *({trait: "x"} for trait in ("width", "max", "layout", "_options_labels", "description")),
        {"_model_name": "x"},
        {"value": 1, "grid_area": "x"},
        {"value": ["x"]},
        {"value": {"x": "x"}},
        {"value": 10**400},
        {"index": 2**63},
        {f"value{n}": 1 for n in range(1000)},
    ],
)
def test_a_trait_that_no_reader_sets_is_refused_before_the_kernel(state):
    assert read(update(**state)) is None


@pytest.mark.parametrize("state", [{"value": 3}, {"value": "é\n\U0001f600"}, {"index": None}])
def test_a_trait_that_a_reader_sets_is_not(state):
    message = read(update(**state))
    assert message is not None
    assert json.loads(message.parts[3])["data"]["state"] == state


def test_a_message_has_no_buffers():
    header = COMM_MSG
    content = b'{"comm_id": "c", "data": {"method": "request_states"}}'
    assert read(wire("shell", header, b"{}", b"{}", content)) is not None
    assert read(wire("shell", header, b"{}", b"{}", content, b"buffer")) is None
    paths = {"method": "update", "state": {"value": 1}, "buffer_paths": [["value"]]}
    assert read(told(paths)) is None


def test_a_message_is_no_larger_than_its_limit():
    assert read(update(value="x" * 200_000), LARGEST_PUBLIC) is not None
    assert read(update(value="x" * LARGEST_PUBLIC), LARGEST_PUBLIC) is None
    assert read(update(value="x" * LARGEST_PUBLIC), LARGEST) is not None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-32-be", "utf-8-sig"])
def test_only_utf_8_is_read(encoding):
    header, content = COMM_MSG, b'{"comm_id": "c", "data": {"method": "request_states"}}'
    assert read(wire("shell", header, b"{}", b"{}", content)) is not None
    assert read(wire("shell", header.decode().encode(encoding), b"{}", b"{}", content)) is None
    assert read(wire("shell", header, b"{}", b"{}", content.decode().encode(encoding))) is None


def test_nothing_of_a_visitors_reaches_the_kernel_as_it_came():
    header = {"msg_type": "comm_msg", "msg_id": "1", "session": "s", "subshell_id": "x", "more": {}}
    content = {"comm_id": "c", "data": {"method": "request_states", "more": [[[]]]}, "other": 1}
    parts = [json.dumps(part).encode() for part in (header, {}, {"version": "1.0"}, content)]
    parts[1] = b"\xff\xfenot even JSON"
    message = read(wire("shell", *parts))
    assert message is not None
    passed = [json.loads(part) for part in message.parts]
    assert passed[0].keys() == {"msg_id", "msg_type", "session", "username", "version", "date"}
    assert passed[1:] == [
        {},
        {"version": "1.0"},
        {"comm_id": "c", "data": {"method": "request_states"}},
    ]


def test_a_name_twice_is_read_as_it_is_passed_on():
    twice = b'{"msg_type": "execute_request", "msg_type": "comm_info_request"}'
    message = read(wire("shell", twice, b"{}", b"{}", b"{}"))
    assert message is not None
    assert b"execute_request" not in message.parts[0]


@pytest.mark.parametrize("text", ['"NaN"', "NaN", "Infinity", "-Infinity", "1e999", r'"\ud800"'])
def test_what_is_not_quite_json_is_refused(text):
    content = f'{{"comm_id": "c", "data": {{"method": "update", "state": {{"value": {text}}}}}}}'
    found = read(wire("shell", COMM_MSG, b"{}", b"{}", content.encode()))
    assert (found is not None) is (text == '"NaN"')


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
        wire("shell", COMM_MSG, b"{}", b"{}", b'{"comm_id": ' * 50_000),
        wire("shell", COMM_MSG, b"{}", b"{}", b"[" * 3000 + b"]" * 3000),
        wire("shell", b"\xff\xfe", b"{}", b"{}", b"{}"),
        wire("sh\xe9ll", COMM_MSG, b"{}", b"{}", b"{}"),
        packed("comm_info_request", {})[:-1],
        packed("comm_info_request", {}) + b"more",
        json.dumps({"header": {"msg_type": "comm_msg"}, "channel": "shell"}),
        None,
    ],
)
def test_what_is_malformed_is_not_fit_and_nothing_breaks(raw):
    assert read(raw) is None


@pytest.mark.parametrize(
    "content",
    [
        b"[]," * (LARGEST // 3),
        b'"' + b'\\"' * (LARGEST // 2 - 100),
        b'"\\' * (LARGEST // 2 - 100),
        b'"' * (LARGEST - 1000),
        b"{" * (LARGEST - 1000),
        b"9" * (LARGEST - 1000),
    ],
    ids=["lists", "escaped quotes", "quoted backslashes", "quotes", "braces", "digits"],
)
def test_no_message_takes_the_server_long(content):
    message = wire("shell", COMM_MSG, b"{}", b"{}", content)[:LARGEST]
    began = time.process_time()
    assert read(message) is None
    assert time.process_time() - began < 10  # what grows with the square takes hours


@given(st.binary(max_size=400))
def test_noise_is_not_fit(noise):
    assert read(noise) is None
    assert read(packed("comm_info_request", {})[:8] + noise) is None
