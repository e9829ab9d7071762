"""Starts the server: listens on the port first, imports Voila only then."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from mpviz.core.errors import Refused
from mpviz.serving.limits import PUBLIC_VARIABLE
from mpviz.serving.options import TOKEN_VARIABLE, ServeOptions


def serve(options: ServeOptions, on_ready: Callable[[], object] = lambda: None) -> None:
    """Serve the dashboard until interrupted.

    Parameters
    ----------
    options
        Where, and to whom.
    on_ready
        Called once the page can be loaded.

    Raises
    ------
    Refused
        When the port can't be listened on.
    """
    listener = listen(options)
    os.environ.pop(TOKEN_VARIABLE, None)  # kernels inherit the environment
    os.environ[PUBLIC_VARIABLE] = "1" if options.public else "0"
    from mpviz.serving.app import make_server  # Voila is slow to import

    make_server(options, listener, on_ready).start()


def listen(options: ServeOptions) -> socket.socket:
    """A listening socket at the options' address and port.

    Raises
    ------
    Refused
        When the port can't be listened on.
    """
    family = socket.AF_INET6 if ":" in options.ip else socket.AF_INET
    both = options.ip == "::" and socket.has_dualstack_ipv6()
    try:
        found = socket.create_server(
            (options.ip, options.port), family=family, backlog=128, dualstack_ipv6=both
        )
    except OSError as error:
        raise Refused(
            f"Port {options.port} at {options.ip} can't be listened on:"
            f" {os.strerror(error.errno or 0)}."
        ) from error
    found.setblocking(False)
    return found
