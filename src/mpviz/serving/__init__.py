"""The dashboard as a web page: a Voila that serves the one notebook, behind a door of our own.

Knows no widget and no run. `place` says where and to whom, `doorman` lets in, `visits` keeps count
of who is here, `messages` says what a page may tell its kernel, and `app` is Voila with all that.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from mpviz.core.errors import Refused
from mpviz.serving.limits import PUBLIC_VARIABLE
from mpviz.serving.options import Place, place

__all__ = ["TOKEN_VARIABLE", "Place", "place", "serve"]

TOKEN_VARIABLE = "MPVIZ_TOKEN"


def serve(place: Place, on_ready: Callable[[], object] = lambda: None) -> None:
    """Serve the dashboard until it is interrupted.

    Parameters
    ----------
    place
        Where, and to whom.
    on_ready
        Called when the page can be asked for.

    Raises
    ------
    Refused
        When its port can't be listened on.
    """
    listener = listening(place)
    os.environ.pop(TOKEN_VARIABLE, None)  # kernels inherit the environment
    os.environ[PUBLIC_VARIABLE] = "1" if place.public else "0"
    from mpviz.serving.app import make  # Voila is slow to import

    make(place, listener, on_ready).start()


def listening(place: Place) -> socket.socket:
    """A socket that listens at a place.

    Raises
    ------
    Refused
        When it can't.
    """
    family = socket.AF_INET6 if ":" in place.ip else socket.AF_INET
    both = place.ip == "::" and socket.has_dualstack_ipv6()
    try:
        found = socket.create_server(
            (place.ip, place.port), family=family, backlog=128, dualstack_ipv6=both
        )
    except OSError as error:
        raise Refused(
            f"Port {place.port} at {place.ip} can't be listened on:"
            f" {os.strerror(error.errno or 0)}."
        ) from error
    found.setblocking(False)
    return found
