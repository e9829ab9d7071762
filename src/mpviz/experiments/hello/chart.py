"""The life of a process: a bar for each variant, with its moments."""

from __future__ import annotations

import pandas as pd
from bokeh.core.properties import field
from bokeh.models import Range1d
from bokeh.plotting import figure

from mpviz.charts.canvas import Columns, fill_and_hatch, hover, legend, sources, time_axis
from mpviz.charts.palette import (
    DONE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    QUIET,
    SKY,
    VERMILLION,
    YELLOW,
    Look,
)
from mpviz.core.text import seconds
from mpviz.experiments.drawing import bars_columns, marks, row_numbers, rows_sheet

# The parent's moments stand above the bar, each kind at a height of its own: they come together.
MOMENTS = {
    "object made": (Look("object made", GREY, marker="circle"), -0.06),
    "start() returned": (Look("start() returned", SKY, marker="triangle"), -0.06),
    "first instruction": (Look("first instruction", GREEN, marker="square"), 0.22),
    "it prints": (Look("it prints", YELLOW, marker="star"), 0.42),
    "it ends": (Look("it ends", ORANGE, marker="square_x"), 0.22),
    "join() returned": (Look("join() returned", PURPLE, marker="inverted_triangle"), -0.18),
    "close() returned": (Look("close() returned", SKY, marker="diamond"), -0.06),
    "close() raised": (Look("close() raised", VERMILLION, marker="circle_x"), -0.18),
    "parent's next line": (Look("parent's next line", YELLOW, marker="hex"), 0.06),
}
LIFE = {"startup": QUIET["startup"], "alive": Look("the process", DONE["ok"].colour)}


def hello_columns(frame: pd.DataFrame) -> Columns:
    """Turn moments (`variant`, `moment`, `at_s`, `afterwards`) into bars and marks."""
    at = frame.set_index(["variant", "moment"])["at_s"]
    bars = []
    for y, name in enumerate(frame["variant"].unique()):
        first, end = at[name, "first instruction"], at[name, "it ends"]
        bars.append((y, at[name, "object made"], first, LIFE["startup"].label))
        bars.append((y, first, end, LIFE["alive"].label))
    known = [MOMENTS[moment] for moment in frame["moment"]]
    return {
        "bars": bars_columns(bars),
        "marks": {
            "x": frame["at_s"].to_numpy(float),
            "y": row_numbers(frame["variant"]) + [shift for _, shift in known],
            "colour": [look.colour for look, _ in known],
            "marker": [look.marker for look, _ in known],
            "moment": [look.label for look, _ in known],
            "text": [
                f"{moment}\n{seconds(when)} after Process(…) was called\n{variant}: {said}"
                for moment, when, variant, said in zip(
                    frame["moment"],
                    frame["at_s"],
                    frame["variant"],
                    frame["afterwards"],
                    strict=True,
                )
            ],
        },
    }


def hello(frame: pd.DataFrame) -> figure:
    """Draw a row for each variant: the process as a bar, the moments as marks."""
    told = frame.drop_duplicates("variant")
    titles = [
        f"{variant} → {said.partition(':')[0]}"
        for variant, said in zip(told["variant"], told["afterwards"], strict=True)
    ]
    data = sources(hello_columns(frame))
    room = Range1d(start=-0.02 * frame["at_s"].max(), end=1.06 * frame["at_s"].max())
    plot = rows_sheet(titles, x_range=room, x_label="time since Process(…) was called", row=88)
    time_axis(plot)
    bars = plot.hbar(
        "y", left="left", right="right", height=0.22, source=data["bars"], line_color=None,
        **fill_and_hatch(LIFE), hatch_color=GREY, hatch_alpha=0.45, hatch_scale=8,
    )  # fmt: skip
    moments = marks(plot, data["marks"])
    legend(plot, [(field("kind"), [bars]), (field("moment"), [moments])], glyph=20)
    hover(plot, [bars, moments])
    return plot
