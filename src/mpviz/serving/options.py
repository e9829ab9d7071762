"""Where the page is served, and to whom: what the shell asks for, checked.

Knows no server. Standard library and psutil only, so that an impossible request is refused at once.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from mpviz.core.errors import Refused
from mpviz.core.text import quoted

TOKEN_VARIABLE = "MPVIZ_TOKEN"
HOME = "127.0.0.1"
SHORTEST_TOKEN, LONGEST_TOKEN = 16, 128
KERNELS = 20  # some 150 MiB each
LONGEST_IDLE = 3600.0
MOST_KERNELS = 500
_TOKEN = re.compile(r"[A-Za-z0-9._~-]*")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where the page is served, and to whom.

    Parameters
    ----------
    port, ip
        To listen on.
    token
        What visitors must show; empty if anyone who reaches the address may come in.
    hosts
        The names, in lower case, that a request's Host header may have.
    kernels
        How many pages may be open at once; each has a kernel.
    idle
        Seconds after which a page that nobody uses loses its kernel; 0 for never.
    public
        Whether visitors are served, under `mpviz.serving.limits.PUBLIC`.
    """

    port: int
    ip: str = HOME
    token: str = ""
    hosts: frozenset[str] = frozenset({"localhost", HOME, "[::1]"})
    kernels: int = KERNELS
    idle: float = 0.0
    public: bool = False

    @property
    def address(self) -> str:
        """The address to open, with its token."""
        query = f"?token={self.token}" if self.token else ""
        return f"http://{_shown(self.ip)}:{self.port}/{query}"


def serve_options(
    port: int,
    *,
    public: bool = False,
    ip: str = "",
    token: str = "",
    hosts: Iterable[str] = (),
    kernels: int = KERNELS,
    idle: float | None = None,
) -> ServeOptions:
    """Check what was asked for, and fill in what was not.

    Parameters
    ----------
    port, public, kernels
        As in `ServeOptions`.
    ip
        To listen on; required if `public`.
    token
        Made up if one is needed and none is given.
    hosts
        Further names of this machine, such as a proxy's.
    idle
        As in `ServeOptions`; by default an hour in public, else 0.

    Raises
    ------
    Refused
        When it can't be served like that, or shouldn't; the message says why.
    """
    if public and not ip:
        raise Refused(
            "--public needs --ip, the address to listen on; 0.0.0.0 means all addresses of this"
            " machine."
        )
    found = _address(ip or HOME)
    if not public and not found.is_loopback:
        raise Refused(f"--ip {ip} lets others in; add --public if you mean that.")
    if not 1 <= kernels <= MOST_KERNELS:
        raise Refused(f"--kernels must be from 1 to {MOST_KERNELS}.")
    if idle is not None and not 0 <= idle < float("inf"):
        raise Refused("--idle must be a number of seconds, 0 for never.")
    usual_idle = LONGEST_IDLE if public else 0.0
    return ServeOptions(
        port=port,
        ip=str(found),
        token=_checked(token) if token else secrets.token_urlsafe(24) if public else "",
        hosts=frozenset({*_names(found), *map(_name, hosts)}),
        kernels=kernels,
        idle=usual_idle if idle is None else idle,
        public=public,
    )


def _address(ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(HOME if ip == "localhost" else ip.strip("[]"))
    except ValueError:
        raise Refused(
            f"--ip {quoted(ip)} is not an address, such as 0.0.0.0 or 192.168.1.20."
        ) from None


def _checked(token: str) -> str:
    if len(token) < SHORTEST_TOKEN:
        raise Refused(
            f"The token is too short to keep anyone out: use at least {SHORTEST_TOKEN} characters."
        )
    if len(token) > LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise Refused(
            f"The token may have at most {LONGEST_TOKEN} characters: letters, digits and . _ ~ -"
            " only."
        )
    return token


def _name(host: str) -> str:
    name = host.lower()
    if _NAME.fullmatch(name):
        return name
    try:
        return _bracketed(str(ipaddress.ip_address(name.strip("[]"))))
    except ValueError:
        raise Refused(
            f"--host {quoted(host)} is not a host name; give it without a port."
        ) from None


def names(ip: str) -> set[str]:
    """The names of this machine for a server that listens on an address.

    Raises
    ------
    Refused
        When `ip` is not an address.
    """
    return _names(_address(ip or "0.0.0.0"))


def _names(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> set[str]:
    """The names that a request to this address may have in its Host header."""
    at_home = {"localhost", HOME, "[::1]"}
    if ip.is_loopback:
        return at_home | {_bracketed(str(ip))}
    name = socket.gethostname().lower()
    named = {name, f"{name.split('.')[0]}.local"}
    if ip.is_unspecified:
        return at_home | named | {_bracketed(one) for one in _own_addresses()}
    return named | {_bracketed(str(ip))}


def _own_addresses() -> list[str]:
    """The addresses of this machine, those that others can reach first."""
    wanted = (socket.AF_INET, socket.AF_INET6)
    found = [
        ipaddress.ip_address(entry.address.partition("%")[0])
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in wanted
    ]
    return [str(one) for one in sorted(found, key=lambda one: (one.is_loopback, one.version))]


def _shown(ip: str) -> str:
    if not ipaddress.ip_address(ip).is_unspecified:
        return "localhost" if ip == HOME else _bracketed(ip)
    return _bracketed((_own_addresses() or [HOME])[0])


def _bracketed(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip
