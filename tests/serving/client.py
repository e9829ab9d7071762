"""Requests that no browser would make, over real sockets."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Sequence
from contextlib import suppress

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from benchmarks.visitor import PROTOCOL
from tests.serving.conftest import Server


def raw(server: Server, request: bytes) -> bytes:
    """The answer to exactly these bytes; empty where the connection was just closed."""
    name, _, port = server.host.rpartition(":")
    answer = b""
    connecting = socket.create_connection((name, int(port)), timeout=30)
    with connecting as connection, suppress(OSError):  # it may hang up before it has heard it all
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65_536):
            answer += part
    return answer


def ask(
    server: Server, path: str, method: str = "GET", **headers: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """Status, body and headers of one request, its path as it is, with the token."""
    name, _, port = server.host.rpartition(":")
    connection = http.client.HTTPConnection(name, int(port), timeout=60)
    given = {"Authorization": f"token {server.token}"} | headers
    connection.putrequest(method, path, skip_host="Host" in given)
    for key, value in given.items():
        if value:
            connection.putheader(key.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, answer.headers


async def refused(
    public: Server, path: str, protocols: Sequence[str] = (PROTOCOL,), **headers: str
) -> int:
    """The status with which a websocket is refused."""
    url = f"ws://{public.host}{path}"
    given = {"Authorization": f"token {public.token}"} | headers
    try:
        connection = await websocket_connect(
            HTTPRequest(url, headers=given), subprotocols=protocols
        )
    except HTTPClientError as error:
        return error.code
    connection.close()
    return 101
