"""`mpviz serve`: what is impossible is said in one sentence."""

import socket

from typer.testing import CliRunner

from mpviz.cli.app import app
from mpviz.core.errors import Refused


def test_the_shell_says_the_sentence(monkeypatch):
    answer = CliRunner().invoke(app, ["serve", "--public"])
    assert isinstance(answer.exception, Refused)
    monkeypatch.setenv("MPVIZ_TOKEN", "short")
    answer = CliRunner().invoke(app, ["serve", "--public", "--ip", "127.0.0.1"])
    assert "too short" in str(answer.exception)


def test_a_port_that_is_taken_is_said():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        answer = CliRunner().invoke(app, ["serve", "--port", str(port)])
    assert f"Port {port} at 127.0.0.1 can't be listened on" in str(answer.exception)
