"""The page: controls, views and `build`, the only place that knows both."""

from mpviz.page.app import build

__all__ = ["build"]
