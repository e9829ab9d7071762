"""What mpviz raises on purpose. The text of each is the one sentence to show."""

from __future__ import annotations


class MpvizError(Exception):
    """Whatever mpviz raises on purpose."""


class Refused(MpvizError, ValueError):
    """Asked for something impossible; nothing was started or changed."""


class Cancelled(MpvizError):
    """Ended before there was anything to show, because that was asked for."""


class Failed(MpvizError, RuntimeError):
    """Possible, but it did not work here: no space, no process, nothing measured in time."""
