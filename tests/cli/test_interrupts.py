"""Ctrl-C while slow modules are imported."""

import signal

from mpviz.cli.interrupts import importing


def test_ctrl_c_ends_the_program_while_it_imports_and_is_caught_again_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with importing():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is before
