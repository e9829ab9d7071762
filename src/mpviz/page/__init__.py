"""The page; `build` makes it."""

from mpviz.page.app import build

__all__ = ["build"]
