"""Frames to Bokeh figures. Knows no widget, no kernel and no process.

Each chart is two functions. ``*_columns`` turns frames into ``{source name: {column: values}}``;
the chart of the same name draws them, each in a source that `bokeh` finds by its name. A redraw
replaces columns only, so whatever changes during a run (bars, marks, notes, the reach of an axis)
lives in a column, and the figure never changes.
"""

from mpviz.charts.losses import losses, losses_columns
from mpviz.charts.speedup import speedup, speedup_columns
from mpviz.charts.timeline.figure import timeline, timeline_columns, timeline_height

__all__ = [
    "losses",
    "losses_columns",
    "speedup",
    "speedup_columns",
    "timeline",
    "timeline_columns",
    "timeline_height",
]
