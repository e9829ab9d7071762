"""The command `mpviz`, also as ``python -m mpviz``."""

import signal


def main() -> None:
    """Run the command line."""
    # Importing the rest takes a moment; Ctrl-C during it ends the program without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mpviz.cli import app

    signal.signal(signal.SIGINT, signal.default_int_handler)
    app.main()


if __name__ == "__main__":
    main()
