"""What starting and sharing cost: a point a measurement, the median as a line, on a log axis.

Knows no process.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from bokeh.core.properties import field
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from mpviz.charts.canvas import Columns, hover, legend, sources
from mpviz.charts.experiments import log_room, log_time_axis, rows_sheet
from mpviz.charts.palette import BLUE, INK, ORANGE, TEXT, VERMILLION, Look
from mpviz.core.text import seconds

KINDS = {
    "thread": Look("a thread", ORANGE, marker="triangle"),
    "process": Look("a process", BLUE, marker="square"),
}
SEEN = {
    True: Look("the parent sees all of it", BLUE, marker="circle"),
    False: Look("the parent does not", VERMILLION, marker="circle_x"),
}
SPREAD = 0.16  # of a row: points of one row are set apart, so that each is seen


def worker_cost(frame: pd.DataFrame, titles: Sequence[str]) -> figure:
    """Draw when each worker ran its first instruction (`kind`, `first_instruction_s`).

    Parameters
    ----------
    frame
        A row a worker.
    titles
        One a kind, in the order of their first appearance.
    """
    kinds = ["thread" if kind == "thread" else "process" for kind in frame["kind"]]
    tips = [
        f"{kind}, round {turn}, number {number}\nfirst instruction after {seconds(took)}"
        for kind, turn, number, took in zip(
            frame["kind"],
            frame["round"],
            frame["number"],
            frame["first_instruction_s"],
            strict=True,
        )
    ]
    columns = points_columns(
        frame["kind"], frame["first_instruction_s"], [KINDS[kind] for kind in kinds], tips
    )
    return _draw(columns, titles, x_label="time to the first instruction")


def nothing_shared(frame: pd.DataFrame, titles: Sequence[str]) -> figure:
    """Draw what each way cost (`way`, `keys`, `of`, `took_s`), and whether it worked.

    Parameters
    ----------
    frame
        A row a measurement.
    titles
        One a way, in the order of their first appearance.
    """
    looks = [
        SEEN[bool(seen == whole)] for seen, whole in zip(frame["keys"], frame["of"], strict=True)
    ]
    tips = [
        f"{way}, round {turn}\n{seen:,} of {whole:,} keys, {seconds(took)}"
        for way, turn, seen, whole, took in zip(
            frame["way"], frame["round"], frame["keys"], frame["of"], frame["took_s"], strict=True
        )
    ]
    columns = points_columns(frame["way"], frame["took_s"], looks, tips)
    return _draw(columns, titles, x_label="time to fill it")


def points_columns(
    rows: pd.Series[str], times: pd.Series[float], looks: Sequence[Look], tips: Sequence[str]
) -> Columns:
    """Turn measurements into points, a row a name, and into a line at each row's median.

    Parameters
    ----------
    rows
        Name of each measurement's row.
    times
        In seconds, above none.
    looks, tips
        One a measurement.
    """
    names = list(dict.fromkeys(rows))
    at = np.array([names.index(name) for name in rows], float)
    within = rows.groupby(rows).cumcount().to_numpy(float)
    count = rows.groupby(rows).transform("count").to_numpy(float)
    medians = times.groupby(rows, sort=False).median()
    return {
        "points": {
            "x": np.log10(times.to_numpy(float)),
            "y": at + 0.12 + SPREAD * (within / np.maximum(count - 1, 1) - 0.5),
            "colour": [look.colour for look in looks],
            "marker": [look.marker for look in looks],
            "kind": [look.label for look in looks],
            "text": list(tips),
        },
        "medians": {
            "x": np.log10(medians[names].to_numpy(float)),
            "y0": np.arange(len(names)) - 0.16,
            "y1": np.arange(len(names)) + 0.4,
            "text": [f"median\n{seconds(medians[name])}" for name in names],
        },
    }


def _draw(columns: Columns, titles: Sequence[str], *, x_label: str) -> figure:
    data: dict[str, ColumnDataSource] = sources(columns)
    room = log_room(np.power(10.0, np.asarray(columns["points"]["x"], float)))
    plot = rows_sheet(titles, x_range=room, x_label=f"{x_label} (tenfold steps)")
    log_time_axis(plot)
    middle = plot.segment(
        "x", "y0", "x", "y1", source=data["medians"], line_color=TEXT, line_width=2
    )
    points = plot.scatter(
        "x", "y", source=data["points"], marker="marker", size=9, fill_color="colour",
        fill_alpha=0.9, line_color=INK, line_alpha=0.6,
    )  # fmt: skip
    legend(plot, [(field("kind"), [points])], glyph=22)
    hover(plot, [points, middle])
    return plot
