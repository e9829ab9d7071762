"""The dashboard as a web page: a Voila that serves the one notebook. Knows no widget and no run."""

from __future__ import annotations

from typing import Any

from mpviz import resources

CULL_AFTER = 600  # seconds after which a kernel that nobody looks at is ended


def serve(port: int) -> None:
    """Serve the dashboard on this machine until it is interrupted.

    Parameters
    ----------
    port
        To listen on, at 127.0.0.1.
    """
    from voila.app import Voila  # slow to import, and of no use to the other commands

    app = Voila()
    app.config.VoilaConfiguration.prelaunch_hook = hand_out_xsrf_cookie
    app.initialize(
        [
            *(str(resources.notebook()), "--no-browser", f"--port={port}"),
            *("--Voila.ip=127.0.0.1", "--Voila.log_level=ERROR"),
            f"--MappingKernelManager.cull_idle_timeout={CULL_AFTER}",
            "--MappingKernelManager.cull_interval=30",
        ]
    )
    app.start()


def hand_out_xsrf_cookie(handler: Any, **_notebook: Any) -> None:
    """Let the page say goodbye: without this cookie Voila refuses its request to end the kernel.

    See voila issue 1458; our template sends the cookie's value along.
    """
    _ = handler.xsrf_token  # reading it sets the cookie
