"""CPU use over time, a row for each mechanism: computing, and in a task but not computing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from bokeh.core.properties import field, value
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from mpviz.charts.canvas import Columns, fill_and_hatch, hover, legend, sources, time_axis
from mpviz.charts.palette import FONT, FONT_SIZE, INK, TEXT, USEFUL
from mpviz.core.text import digits, seconds
from mpviz.experiments.drawing import FLOOR, ROOM, row_numbers, rows_sheet


def gil_columns(frame: pd.DataFrame, *, workers: int) -> Columns:
    """Turn CPU use (`mechanism`, `start_s`, `end_s`, `computing`, `not_computing`) into bars."""
    row, rows = row_numbers(frame["mechanism"]), frame["mechanism"].nunique()
    one = ROOM / workers
    base = row + FLOOR
    middle = base - one * frame["computing"].to_numpy(float)
    top = middle - one * frame["not_computing"].to_numpy(float)
    times = frame[["start_s", "end_s"]].to_numpy(float)
    parts = [look.label for look in USEFUL.values()]
    text = [
        f"{digits(busy)} of {workers} workers computing, {digits(idle)} in a task and not "
        f"computing\nfrom {seconds(start)} to {seconds(end)}"
        for busy, idle, start, end in zip(
            frame["computing"],
            frame["not_computing"],
            frame["start_s"],
            frame["end_s"],
            strict=True,
        )
    ]
    return {
        "bars": {
            "left": np.tile(times[:, 0], 2),
            "right": np.tile(times[:, 1], 2),
            "bottom": np.concatenate([base, middle]),
            "top": np.concatenate([middle, top]),
            "part": np.repeat(parts, len(frame)).tolist(),
            "text": text * 2,
        },
        "levels": {
            "y": np.array(
                [i + FLOOR - one * cpus for i in range(rows) for cpus in (0, 1, workers)]
            ),
            "text": ["0", "1", str(workers)] * rows,
        },
    }


def gil(frame: pd.DataFrame, titles: Sequence[str], *, workers: int) -> figure:
    """Draw a row for each mechanism, its bars as high as there are workers in a task.

    Parameters
    ----------
    frame
        A row for each piece of time.
    titles
        One for each mechanism, in the order of their first appearance.
    workers
        The highest that a bar can be.
    """
    data: dict[str, ColumnDataSource] = sources(gil_columns(frame, workers=workers))
    end = frame["end_s"].max()
    room = Range1d(start=-0.05 * end, end=1.02 * end)
    plot = rows_sheet(
        titles,
        x_range=room,
        x_label="time since the run began (height: workers in a task)",
        row=116,
    )
    time_axis(plot)
    bars = plot.quad(
        left="left", right="right", top="top", bottom="bottom", source=data["bars"],
        line_color=None, **fill_and_hatch(USEFUL, "part"), hatch_color=INK, hatch_alpha=0.3,
        hatch_scale=8,
    )  # fmt: skip
    plot.segment(
        0, "y", end, "y", source=data["levels"], line_color=TEXT, line_dash="dotted", line_width=1
    )
    plot.text(
        0, "y", "text", source=data["levels"], text_font=value(FONT), text_font_size=FONT_SIZE,
        text_color=TEXT, text_align="right", text_baseline="middle", x_offset=-4,
    )  # fmt: skip
    legend(plot, [(field("part"), [bars])])
    hover(plot, [bars])
    return plot
