"""Real public servers, started as a person would start them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from benchmarks.server import server

JUPYTER = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")


@dataclass(frozen=True, slots=True)
class Server:
    """A server: its address with the token, its process number, and what it logs."""

    address: str
    pid: int
    errors: Path

    @property
    def host(self) -> str:
        """Name and port."""
        return urlsplit(self.address).netloc

    @property
    def token(self) -> str:
        """What lets in."""
        return parse_qs(urlsplit(self.address).query)["token"][0]


Start = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory, long_lived: set[int]) -> Start:
    """Starts a public server with further options; it ends with the block."""

    @contextmanager
    def started(*options: str) -> Iterator[Server]:
        folder = tmp_path_factory.mktemp("jupyter")
        own = {name: str(folder / name.lower()) for name in JUPYTER}
        said = folder / "errors"
        with (
            said.open("wb") as errors,
            server(*options, environment=own, errors=errors) as (address, pid),
        ):
            long_lived.add(pid)
            yield Server(address, pid, said)
        long_lived.discard(pid)

    return started


@pytest.fixture(scope="session")
def public(start: Start) -> Iterator[Server]:
    """A server with places for four."""
    with start("--kernels", "4") as server:
        yield server


@pytest.fixture(scope="session")
def top() -> Path:
    """The checkout."""
    return Path(__file__).parents[2]
