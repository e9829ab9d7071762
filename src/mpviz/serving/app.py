"""Voila behind our door: it serves the one notebook and looks after its kernels.

Knows Voila; slow to import, and of no use to the other commands.
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
from mpviz.serving import ledger, messages
from mpviz.serving.door import BOKEH, KERNEL, LONGEST_BODY, LONGEST_HEADER, Door, Doorman
from mpviz.serving.entrance import LOOK_EVERY, Entrance, guests
from mpviz.serving.handlers import LARGEST, SCRIPTS, VISITS, PageHandler, Script, Socket, plain
from mpviz.serving.kernels import Connection, Kernels
from mpviz.serving.limits import BOKEH_VARIABLE
from mpviz.serving.options import Place
from mpviz.serving.visits import Visit, Visits

KERNEL_ANSWERS = 20.0  # seconds, or the page is told that it does not
TIDY_EVERY = 20.0  # seconds between two times of giving memory back
WEIGH_EVERY = 3.0  # seconds between two looks at the memory of kernels
IDLE_LIMIT = 30.0  # seconds that a connection may say nothing; a websocket is another thing
BODY_LIMIT = 15.0  # seconds for the body of a request, which is always small
LONGEST_FOLDER = 40  # characters: a socket's whole path may have 107
M_ARENA_MAX = -8  # of glibc's malloc.h
ENDED, SAID = 1001, 4000  # websocket: going away; for a reason that the page shows
MEMORY, MEMORY_PUBLIC = 4 * 2**30, 768 * 2**20  # bytes of a kernel; a page begins with 130 MiB


SWEEP = """
import shutil, signal, sys, time
from pathlib import Path
for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(one, signal.SIG_IGN)
sys.stdin.buffer.read()  # until the server is gone, however it went
for _ in range(20):
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    if not Path(sys.argv[1]).exists():
        break
    time.sleep(0.1)
"""


class Server(Voila):  # type: ignore[misc]  # Voila ships no types
    """One notebook at one place.

    Notes
    -----
    Made by `make`; its own arguments are Voila's.
    """

    place: Place
    visits: Visits
    listener: socket.socket
    ledger: ledger.Ledger
    on_ready: Callable[[], object]

    def init_settings(self) -> Any:
        """Voila's, with ours."""
        sweep_up(self.connection_dir)
        return super().init_settings() | {
            VISITS: self.visits,
            "kernel_websocket_connection_class": Connection,
            LARGEST: messages.LARGEST_PUBLIC if self.place.public else messages.LARGEST,
            "xsrf_cookie_kwargs": {"samesite": "Lax"},
            "log_function": log,
        }

    def init_handlers(self) -> Any:
        """Ours first, which take the place of Voila's."""
        handlers = super().init_handlers()
        return [
            (r"/", PageHandler, handlers[-1][2]),
            (rf"/api/kernels/(?P<kernel_id>{KERNEL})/channels", Socket),
            (BOKEH, Script, {"path": str(SCRIPTS)}),
            *((path, plain(handler), *more) for path, handler, *more in handlers[:-1]),
        ]

    def listen(self) -> None:
        """Open the door, and stand by until it is closed."""
        server = Entrance(
            Doorman(Door(self.place).judge, self.app, self.let_in),
            max_header_size=LONGEST_HEADER,
            max_body_size=LONGEST_BODY,
            max_buffer_size=self.app.settings[LARGEST] + LONGEST_BODY,
            idle_connection_timeout=IDLE_LIMIT,
            body_timeout=BODY_LIMIT,
        )
        self.ioloop = IOLoop.current()
        self.guests = guests(self.place.kernels)
        server.open(self.listener, self.guests)
        PeriodicCallback(self.look, 1000 * LOOK_EVERY).start()
        PeriodicCallback(server.look, 1000 * LOOK_EVERY).start()
        PeriodicCallback(self.weigh, 1000 * WEIGH_EVERY).start()
        PeriodicCallback(give_back_memory, 1000 * TIDY_EVERY).start()
        self.ioloop.add_callback(self.on_ready)
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def let_in(self, request: HTTPServerRequest) -> None:
        """Let a connection that passed the door stay, when there is no room for all."""
        self.guests.let_in(getattr(request.connection, "stream", None), request.remote_ip)

    async def weigh(self) -> None:
        """End the visits whose kernel takes more memory than a page may have."""
        most = MEMORY_PUBLIC if self.place.public else MEMORY
        heavy = [visit for visit in self.visits if self.kernel_manager.memory(visit.kernel) > most]
        why = f"it took more than the {size(most)} of memory that a page may have"
        await asyncio.gather(*(self.end(visit, why) for visit in heavy))

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

    async def end(self, visit: Visit, why: str = "") -> None:
        """End a visit: its kernel, with all that it runs, and its websockets, which say why."""
        self.visits.end(visit)
        if visit.kernel in self.kernel_manager:
            with contextlib.suppress(KeyError, HTTPError):
                await self.kernel_manager.shutdown_kernel(visit.kernel)
        for one in list(visit.sockets):
            one.close(SAID if why else ENDED, why)


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
    app.config.IdentityProvider.cookie_options = {"samesite": "Lax"}
    os.environ[BOKEH_VARIABLE] = f"/mpviz/bokeh/{bokeh.__version__}/bokeh.min.js"
    for chatty in ("tornado.application", "tornado.general"):  # what visitors do wrong
        logging.getLogger(chatty).setLevel(logging.ERROR)
    app.initialize([str(resources.notebook()), "--no-browser", "--Voila.log_level=ERROR"])
    ledger.install(app.log)
    app.ledger = ledger.Ledger()  # for kernels, so that what one prints hides nothing of ours
    return app


def sweep_up(folder: str) -> None:
    """See to it that a folder goes when this process does, even if it is killed."""
    subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", SWEEP, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


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
