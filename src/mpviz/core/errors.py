"""What can go wrong for whoever asks for a run."""

from __future__ import annotations


class Refused(ValueError):
    """Asked for something impossible; its text is the one sentence to show."""
