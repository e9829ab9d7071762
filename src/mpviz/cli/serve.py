"""`mpviz serve`: the dashboard as a web page."""

from __future__ import annotations

from typing import Annotated

import typer

from mpviz.cli.interrupts import importing
from mpviz.cli.options import Version
from mpviz.cli.printing import Unprinted, note, write


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8866,
    public: Annotated[
        bool, typer.Option("--public", help="Serve others: a token, and caps on what they run.")
    ] = False,
    ip: Annotated[str, typer.Option(help="Address to listen on; --public needs one.")] = "",
    token: Annotated[
        str,
        typer.Option(
            envvar="MPVIZ_TOKEN",
            help="What visitors must show; with --public one is made if none is given.",
        ),
    ] = "",
    host: Annotated[
        list[str] | None, typer.Option(help="A further name for this machine, such as a proxy's.")
    ] = None,
    kernels: Annotated[int, typer.Option(help="Pages that may be open at once.")] = 20,
    idle: Annotated[
        float | None,
        typer.Option(help="Seconds without use that end a page; 0 never. [--public: 3600, else 0]"),
    ] = None,
    _version: Version = False,
) -> None:
    """Serve the dashboard as a web page on this machine, until Ctrl-C."""
    with importing():
        from mpviz.serving import server
        from mpviz.serving.options import serve_options

    options = serve_options(
        port, public=public, ip=ip, token=token, hosts=host or (), kernels=kernels, idle=idle
    )

    def ready() -> None:
        try:
            write(f"mpviz: {options.address}  (Ctrl-C ends it)")
        except Unprinted:  # no reason not to serve
            note(f"{options.address}  (Ctrl-C ends it)")

    server.serve(options, ready)
