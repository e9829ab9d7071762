"""The command `mpviz`: its verbs, and what a run of it ends with.

A verb's file holds its options; what the verb needs is imported when it is called, so that the
version, the help and the lists come at once. Knows no widget and no chart.
"""

from __future__ import annotations

import sys
from typing import Any

import typer

from mpviz.cli.faults import faults
from mpviz.cli.history import compare, history
from mpviz.cli.listing import list_names
from mpviz.cli.options import Version
from mpviz.cli.printing import Unprinted, any_text, drop_unprinted, note, printed
from mpviz.cli.run import run
from mpviz.cli.serve import serve
from mpviz.cli.sweep import sweep
from mpviz.core.errors import MpvizError, Refused

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="See what your parallel Python is doing.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _mpviz(_version: Version = False) -> None:
    """See what your parallel Python is doing."""


app.command()(serve)
app.command()(run)
app.command()(sweep)
app.command()(faults)
app.add_typer(history, name="history")
app.command()(compare)
app.command(name="list")(list_names)


def main() -> None:
    """Run the command line.

    If the request is impossible it prints one line and the exit status is 2; if it can't be done
    here, or the output can't be printed, it prints one line and the exit status is 1.
    """
    any_text()
    status: Any = 0
    try:
        with printed():  # the help, for one, is not printed by `write`
            try:
                app(prog_name="mpviz")
            except SystemExit as left:
                status = left.code
            except MpvizError as error:
                note(str(error))
                status = 2 if isinstance(error, Refused) else 1
    except Unprinted as error:
        note(f"what was found can't be printed: {error}.")
        status = status or 1
    drop_unprinted()
    sys.exit(status)
