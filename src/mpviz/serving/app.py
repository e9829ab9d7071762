"""Voila behind our door: it serves the one notebook and looks after its kernels.

Knows Voila; slow to import, and of no use to the other commands.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import socket
import tempfile
from collections.abc import Callable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.log import access_log
from tornado.web import HTTPError, RequestHandler
from voila.app import Voila

from mpviz import resources
from mpviz.serving.doorman import KERNEL, LONGEST_BODY, LONGEST_HEADER, Door, Doorman
from mpviz.serving.handlers import VISITS, Connection, Kernels, PageHandler, Socket
from mpviz.serving.messages import LARGEST
from mpviz.serving.place import Place
from mpviz.serving.visits import Visit, Visits

KERNEL_ANSWERS = 20.0  # seconds, or the page is told that it does not
TIDY_EVERY = 20.0  # seconds between two times of giving memory back
LOOK_EVERY = 1.0  # seconds between two looks at who has left
IDLE_LIMIT = 60.0  # seconds that a connection may say nothing; a websocket is another thing
LONGEST_FOLDER = 40  # characters: a socket's whole path may have 107
M_ARENA_MAX = -8  # of glibc's malloc.h
ENDED = 1001  # websocket: going away


class Server(Voila):  # type: ignore[misc]  # Voila ships no types
    """One notebook at one place.

    Notes
    -----
    Made by `make`; its own arguments are Voila's.
    """

    place: Place
    visits: Visits
    listener: socket.socket
    on_ready: Callable[[], object]

    def init_settings(self) -> Any:
        """Voila's, with ours."""
        return super().init_settings() | {
            VISITS: self.visits,
            "kernel_websocket_connection_class": Connection,
            "websocket_max_message_size": LARGEST,
            "log_function": log,
        }

    def init_handlers(self) -> Any:
        """Ours first, which take the place of Voila's."""
        handlers = super().init_handlers()
        return [
            (r"/", PageHandler, handlers[-1][2]),
            (rf"/api/kernels/(?P<kernel_id>{KERNEL})/channels", Socket),
            *handlers[:-1],
        ]

    def listen(self) -> None:
        """Open the door, and stand by until it is closed."""
        server = HTTPServer(
            Doorman(Door(self.place).judge, self.app),
            max_header_size=LONGEST_HEADER,
            max_body_size=LONGEST_BODY,
            idle_connection_timeout=IDLE_LIMIT,
            body_timeout=IDLE_LIMIT,
        )
        server.add_sockets([self.listener])
        self.ioloop = IOLoop.current()
        PeriodicCallback(self.look, 1000 * LOOK_EVERY).start()
        PeriodicCallback(give_back_memory, 1000 * TIDY_EVERY).start()
        self.ioloop.add_callback(self.on_ready)
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    async def look(self) -> None:
        """End the visits that are over, and those whose kernel is dead."""
        over = set(self.visits.over())
        over |= {visit for visit in self.visits if visit.kernel and not await self.lives(visit)}
        await asyncio.gather(*(self.end(visit) for visit in over))

    async def lives(self, visit: Visit) -> bool:
        """Whether the kernel of a visit is still there: a page may end its own, and any may die."""
        try:
            return bool(await self.kernel_manager.get_kernel(visit.kernel).is_alive())
        except (KeyError, HTTPError):
            return False

    async def end(self, visit: Visit) -> None:
        """End a visit: its kernel, with all that it runs, and its websockets."""
        self.visits.end(visit)
        if visit.kernel in self.kernel_manager:
            with contextlib.suppress(KeyError, HTTPError):
                await self.kernel_manager.shutdown_kernel(visit.kernel)
        for one in list(visit.sockets):
            one.close(ENDED, "its Python has ended")


def make(place: Place, listener: socket.socket, on_ready: Callable[[], object]) -> Server:
    """A server that is about to start.

    Parameters
    ----------
    place
        Where, and for whom.
    listener
        To accept connections on.
    on_ready
        Called when it does.
    """
    keep_memory_together()
    app = Server()
    app.place, app.listener, app.on_ready = place, listener, on_ready
    app.visits = Visits(place.kernels, place.idle)
    app.config_file_paths = []  # what lies in the current folder is not to be run
    configuration = app.config.VoilaConfiguration
    configuration.prelaunch_hook = hand_out_xsrf_cookie
    configuration.multi_kernel_manager_class = Kernels
    configuration.allow_template_override = configuration.allow_theme_override = "NOTEBOOK"
    app.config.KernelManager.autorestart = False  # a kernel without its page is of no use
    # Its timer holds all that a visit was, for as long; the notebook has run when it is set.
    app.config.MappingKernelManager.kernel_info_timeout = KERNEL_ANSWERS
    if len(tempfile.gettempdir()) <= LONGEST_FOLDER:
        app.config.KernelManager.transport = "ipc"  # which others on this machine can't listen to
    for chatty in ("tornado.application", "tornado.general"):  # what visitors do wrong
        logging.getLogger(chatty).setLevel(logging.ERROR)
    app.initialize([str(resources.notebook()), "--no-browser", "--Voila.log_level=ERROR"])
    return app


def hand_out_xsrf_cookie(handler: Any, **_notebook: Any) -> None:
    """Let the page say goodbye: without this cookie Voila refuses its request to end the kernel.

    See voila issue 1458; our template sends the cookie's value along.
    """
    _ = handler.xsrf_token  # reading it sets the cookie


def give_back_memory() -> None:
    """Return to the system what visitors who left have used: 148 visits had left 126 MiB."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # there is no glibc
        ctypes.CDLL(None).malloc_trim(0)


def keep_memory_together() -> None:
    """Let all threads take memory from one place: what is spread over many is hardly given back."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def log(handler: RequestHandler) -> None:
    """Tell of what failed, and of nothing that a visitor did."""
    if handler.get_status() >= 500 and handler.get_status() != 503:
        access_log.error(
            "%d %s %s", handler.get_status(), handler.request.method, handler.request.path
        )
