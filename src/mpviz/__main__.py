"""The command `mpviz`, also as ``python -m mpviz``."""

import signal


def main() -> None:
    """Run the command line."""
    # The rest takes its time to import; Ctrl-C meanwhile ends it without a word.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mpviz import cli

    signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.main()


if __name__ == "__main__":
    main()
