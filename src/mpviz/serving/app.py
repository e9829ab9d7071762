"""The server: Voila with our own handlers, behind the door. Ends kernels that nobody needs.

Slow to import, since it imports Voila.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import bokeh
from tornado.httputil import HTTPServerRequest
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.log import access_log
from tornado.web import HTTPError, RequestHandler
from voila.app import Voila

from mpviz.core import resources
from mpviz.core.text import size
from mpviz.serving import messages
from mpviz.serving.connections import CHECK_EVERY, BoundedServer, connections_beside
from mpviz.serving.door import BOKEH, KERNEL, LONGEST_BODY, LONGEST_HEADER, Door, DoorRouter
from mpviz.serving.handlers import (
    LARGEST,
    SCRIPTS,
    VISITS,
    BokehScript,
    PageHandler,
    PageSocket,
    with_notices,
)
from mpviz.serving.kernels import KernelConnection, Kernels
from mpviz.serving.limits import BOKEH_VARIABLE
from mpviz.serving.log import BoundedLog, install
from mpviz.serving.options import ServeOptions
from mpviz.serving.visits import Visit, Visits

KERNEL_TIMEOUT = 20.0  # seconds a kernel may take to answer before its page is told
RELEASE_EVERY = 20.0  # seconds between two calls of release_memory
CHECK_MEMORY_EVERY = 3.0
IDLE_TIMEOUT = 30.0  # seconds without traffic after which a connection closes; not for websockets
BODY_TIMEOUT = 15.0  # seconds for the body of a request, which is always small
LONGEST_TEMP = 40  # characters of the temporary folder: a socket's whole path may have 107
M_ARENA_MAX = -8  # from glibc's malloc.h
GOING_AWAY, WITH_REASON = 1001, 4000  # websocket close codes; the page shows the second's reason
MEMORY, MEMORY_PUBLIC = 4 * 2**30, 768 * 2**20  # bytes a kernel may use; a new page needs 130 MiB

# Removes a folder once the server is gone, however it ended.
REMOVER = """
import shutil, signal, sys, time
from pathlib import Path
for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(one, signal.SIG_IGN)
sys.stdin.buffer.read()  # ends when the server's end of the pipe is closed
for _ in range(20):
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    if not Path(sys.argv[1]).exists():
        break
    time.sleep(0.1)
"""


class Server(Voila):  # type: ignore[misc]  # Voila ships no types
    """Serves the one notebook.

    Notes
    -----
    Made by `make_server`; its own arguments are Voila's.
    """

    options: ServeOptions
    visits: Visits
    listener: socket.socket
    kernel_log: BoundedLog
    on_ready: Callable[[], object]

    def init_settings(self) -> Any:
        """Voila's settings and ours."""
        remove_with_server(self.connection_dir)
        return super().init_settings() | {
            VISITS: self.visits,
            "kernel_websocket_connection_class": KernelConnection,
            LARGEST: messages.LARGEST_PUBLIC if self.options.public else messages.LARGEST,
            "xsrf_cookie_kwargs": {"samesite": "Lax"},
            "log_function": log_failure,
        }

    def init_handlers(self) -> Any:
        """Our handlers, then Voila's; tornado takes the first that matches."""
        handlers = super().init_handlers()
        return [
            (r"/", PageHandler, handlers[-1][2]),
            (rf"/api/kernels/(?P<kernel_id>{KERNEL})/channels", PageSocket),
            (BOKEH, BokehScript, {"path": str(SCRIPTS)}),
            *((path, with_notices(handler), *more) for path, handler, *more in handlers[:-1]),
        ]

    def listen(self) -> None:
        """Serve until the loop is stopped."""
        server = BoundedServer(
            DoorRouter(Door(self.options).judge, self.app, self.trust),
            max_header_size=LONGEST_HEADER,
            max_body_size=LONGEST_BODY,
            max_buffer_size=self.app.settings[LARGEST] + LONGEST_BODY,
            idle_connection_timeout=IDLE_TIMEOUT,
            body_timeout=BODY_TIMEOUT,
        )
        self.ioloop = IOLoop.current()
        self.connections = connections_beside(self.options.kernels)
        server.open(self.listener, self.connections)
        PeriodicCallback(self.check_visits, 1000 * CHECK_EVERY).start()
        PeriodicCallback(server.check, 1000 * CHECK_EVERY).start()
        PeriodicCallback(self.check_memory, 1000 * CHECK_MEMORY_EVERY).start()
        PeriodicCallback(release_memory, 1000 * RELEASE_EVERY).start()
        self.ioloop.add_callback(self.on_ready)
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def trust(self, request: HTTPServerRequest) -> None:
        """Keep the connection of a request that passed the door, even when room gets scarce."""
        self.connections.trust(getattr(request.connection, "stream", None), request.remote_ip)

    async def check_memory(self) -> None:
        """End the visits whose kernel uses more memory than it may."""
        most = MEMORY_PUBLIC if self.options.public else MEMORY
        heavy = [visit for visit in self.visits if self.kernel_manager.memory(visit.kernel) > most]
        why = f"it took more than the {size(most)} of memory that a page may have"
        await asyncio.gather(*(self.end(visit, why) for visit in heavy))

    async def check_visits(self) -> None:
        """End the visits that are over, and those whose kernel has died."""
        over = set(self.visits.over())
        over |= {visit for visit in self.visits if visit.kernel and not await self.is_alive(visit)}
        await asyncio.gather(*(self.end(visit) for visit in over))

    async def is_alive(self, visit: Visit) -> bool:
        """Whether the visit's kernel is alive: a page may have ended it, or it crashed."""
        try:
            return bool(await self.kernel_manager.get_kernel(visit.kernel).is_alive())
        except (KeyError, HTTPError):
            return False

    async def end(self, visit: Visit, why: str = "") -> None:
        """End a visit: its kernel with everything it runs, and its websockets, with the reason."""
        self.visits.end(visit)
        if visit.kernel in self.kernel_manager:
            with contextlib.suppress(KeyError, HTTPError):
                await self.kernel_manager.shutdown_kernel(visit.kernel)
        for one in list(visit.sockets):
            one.close(WITH_REASON if why else GOING_AWAY, why)


def make_server(
    options: ServeOptions, listener: socket.socket, on_ready: Callable[[], object]
) -> Server:
    """A server, ready to start.

    Parameters
    ----------
    options
        Where, and to whom.
    listener
        The listening socket.
    on_ready
        Called once it accepts connections.
    """
    use_one_arena()
    app = Server()
    app.options, app.listener, app.on_ready = options, listener, on_ready
    app.visits = Visits(options.kernels, options.idle)
    app.config_file_paths = []  # never run configuration from the current folder
    configuration = app.config.VoilaConfiguration
    configuration.prelaunch_hook = set_xsrf_cookie
    configuration.multi_kernel_manager_class = Kernels
    configuration.allow_template_override = configuration.allow_theme_override = "NOTEBOOK"
    app.config.KernelManager.autorestart = False  # a restarted kernel would have no page
    # This timer keeps a whole visit in memory until it fires; by then the notebook has run.
    app.config.MappingKernelManager.kernel_info_timeout = KERNEL_TIMEOUT
    if len(tempfile.gettempdir()) <= LONGEST_TEMP:
        app.config.KernelManager.transport = "ipc"  # other users of this machine can't listen in
    app.config.IdentityProvider.cookie_options = {"samesite": "Lax"}
    os.environ[BOKEH_VARIABLE] = f"/mpviz/bokeh/{bokeh.__version__}/bokeh.min.js"
    for chatty in ("tornado.application", "tornado.general"):  # they report visitors' mistakes
        logging.getLogger(chatty).setLevel(logging.ERROR)
    app.initialize([str(resources.notebook()), "--no-browser", "--Voila.log_level=ERROR"])
    install(app.log)
    app.kernel_log = BoundedLog()  # of its own, so that a kernel's output can't crowd out ours
    return app


def remove_with_server(folder: str) -> None:
    """Have a folder removed when this process ends, even if it is killed."""
    subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", REMOVER, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def set_xsrf_cookie(handler: Any, **_notebook: Any) -> None:
    """Set the cookie without which Voila refuses the page's request to end its kernel.

    See voila issue 1458; our template sends the cookie's value along.
    """
    _ = handler.xsrf_token  # reading it sets the cookie


def release_memory() -> None:
    """Return freed memory to the system: without this, 148 visits had left 126 MiB."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # there is no glibc
        ctypes.CDLL(None).malloc_trim(0)


def use_one_arena() -> None:
    """Let all threads allocate from one arena: memory spread over many is hardly ever returned."""
    with contextlib.suppress(OSError, AttributeError):  # there is no glibc
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def log_failure(handler: RequestHandler) -> None:
    """Log requests that failed through a fault of the server; never what visitors do wrong."""
    if handler.get_status() >= 500 and handler.get_status() != 503:
        access_log.error(
            "%d %s %s", handler.get_status(), handler.request.method, handler.request.path
        )
