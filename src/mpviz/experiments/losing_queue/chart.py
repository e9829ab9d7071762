"""What came back and what was lost: a bar for each run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from bokeh.core.properties import field
from bokeh.models import BasicTicker, Range1d
from bokeh.plotting import figure

from mpviz.charts.canvas import Columns, fill_and_hatch, hover, legend, sources
from mpviz.charts.palette import DONE, FAILED, INK, Look
from mpviz.experiments.drawing import FLOOR, ROOM, row_numbers, rows_sheet

CAME = {"came": Look("came back", DONE["ok"].colour), "lost": FAILED["missing"]}


def losing_queue_columns(frame: pd.DataFrame) -> Columns:
    """Turn repetitions (`came` and `lost` of `items`) into stacked bars."""
    base = row_numbers(frame["mechanism"]) + FLOOR
    one = ROOM / frame["items"].to_numpy(float)
    middle = base - one * frame["came"].to_numpy(float)
    text = [
        f"run {turn} · {name}\n{came:,} of {items:,} came back, {lost:,} lost"
        for turn, name, came, items, lost in zip(
            frame["repetition"],
            frame["mechanism"],
            frame["came"],
            frame["items"],
            frame["lost"],
            strict=True,
        )
    ]
    return {
        "bars": {
            "x": np.tile(frame["repetition"].to_numpy(float), 2),
            "bottom": np.concatenate([base, middle]),
            "top": np.concatenate([middle, base - ROOM]),
            "part": np.repeat([look.label for look in CAME.values()], len(frame)).tolist(),
            "text": text * 2,
        }
    }


def losing_queue(frame: pd.DataFrame, titles: Sequence[str]) -> figure:
    """Draw a row for each mechanism, a bar for each run: what came back and what was lost."""
    data = sources(losing_queue_columns(frame))
    room = Range1d(start=0.4, end=float(frame["repetition"].max()) + 0.6)
    plot = rows_sheet(titles, x_range=room, x_label="run", row=120)
    plot.xaxis.ticker = BasicTicker(min_interval=1)
    plot.xgrid.visible = False
    bars = plot.vbar(
        "x", top="top", bottom="bottom", width=0.8, source=data["bars"], line_color=None,
        **fill_and_hatch(CAME, "part"), hatch_color=INK, hatch_alpha=0.4, hatch_scale=8,
    )  # fmt: skip
    legend(plot, [(field("part"), [bars])])
    hover(plot, [bars])
    return plot
