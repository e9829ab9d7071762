"""Options that several verbs have. Knows no verb."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mpviz import __version__
from mpviz.cli.printing import write
from mpviz.core.plan import DEFAULT_START_METHOD


def _print_version(wanted: bool) -> None:
    if wanted:
        write(f"mpviz {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
    ),
]
_PYTHON = "{}.{}".format(*sys.version_info)
StartMethod = Annotated[
    str,
    typer.Option(
        help="fork, spawn or forkserver"
        f" (default: {DEFAULT_START_METHOD}, Python {_PYTHON}'s own).",
        show_default=False,
    ),
]
