"""The page: controls, views and `build`, the only place that knows both."""

from mpviz.page.build import build

__all__ = ["build"]
