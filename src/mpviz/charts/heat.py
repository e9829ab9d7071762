"""A study as a map, mechanism × workers, each cell its speedup. Knows no widget and no kernel."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from bokeh.core.properties import value
from bokeh.plotting import figure

from mpviz.charts.canvas import Columns, hover, note, row_sheet, sources
from mpviz.charts.palette import BLUE, INK
from mpviz.core.text import counted, digits, seconds

ROW, AXES = 48, 64
EMPTY = "a study of several mechanisms fills a map"


def heat_columns(summary: pd.DataFrame) -> Columns:
    """Turn a study into cells; of several chunk sizes or start methods the fastest counts.

    Parameters
    ----------
    summary
        Frame by ``schema.CONFIGURATIONS``.

    Returns
    -------
    dict
        Of the sources ``cells``, ``labels`` (a mechanism each), ``counts`` (a worker count each),
        ``note`` and ``extent``.
    """
    timed = summary[summary["makespan_s"].notna() & summary["speedup"].notna()]
    best = timed.loc[timed.groupby(["mechanism", "workers"])["makespan_s"].idxmin()]
    mechanisms = list(dict.fromkeys(timed["mechanism"]))
    workers = sorted(set(timed["workers"]))
    y = np.array([mechanisms.index(name) for name in best["mechanism"]], dtype=float)
    x = np.array([workers.index(number) for number in best["workers"]], dtype=float)
    speedup = best["speedup"].to_numpy(float)
    most = max(float(speedup.max(initial=0.0)), 1e-9)
    rows, columns = max(len(mechanisms), 1), max(len(workers), 1)
    return {
        "cells": {
            "x": x,
            "y": y + 0.16,
            "alpha": 0.08 + 0.92 * speedup / most,
            "speedup": [digits(one) for one in speedup],
            "ink": ["#ffffff" if one / most > 0.55 else "#737a83" for one in speedup],
            "text": [
                f"{row['mechanism']}, {counted(row['workers'], 'worker')}\n"
                f"speedup {digits(row['speedup'])}"
                + (
                    f" ({digits(row['speedup_low'])} to {digits(row['speedup_high'])})"
                    if row["speedup_high"] < math.inf
                    else ""
                )
                + f"\nmakespan {seconds(row['makespan_s'])}"
                for row in best.to_dict("records")
            ],
        },
        "labels": {"y": np.arange(len(mechanisms)) - 0.28, "text": mechanisms},
        "counts": {
            "x": np.arange(len(workers), dtype=float),
            "text": [str(number) for number in workers],
        },
        "note": {"text": [] if len(best) else [EMPTY]},
        "extent": {
            "x": np.array([-0.55, columns - 0.45]),
            "y": np.array([-0.6, rows - 0.45]),
        },
    }


def heat(columns: Columns) -> figure:
    """Draw the map.

    Parameters
    ----------
    columns
        From `heat_columns`. Later ones go into ``figure.select(name=...)`` for a redraw.
    """
    data = sources(columns)
    height = AXES + ROW * max(2, len(columns["labels"]["text"]))
    plot = row_sheet(height, data["extent"], x_label="workers")
    plot.xgrid.visible = False
    plot.xaxis.major_tick_line_color = None
    counts = columns["counts"]["text"]
    plot.xaxis.ticker = list(range(len(counts)))
    plot.xaxis.major_label_overrides = dict(enumerate(counts))
    cells = plot.rect(
        "x", "y", width=0.96, height=0.5, source=data["cells"], fill_color=BLUE,
        fill_alpha="alpha", line_color=INK, line_alpha=0.25,
    )  # fmt: skip
    plot.text(
        "x", "y", text="speedup", source=data["cells"], text_align="center",
        text_baseline="middle", text_color="ink", text_font_size="12px",
    )  # fmt: skip
    note(plot, data["labels"], x=value(-0.5), y="y")
    note(plot, data["note"], x=value(0), y=value(0), text_align="center", text_font_size="13px")
    hover(plot, [cells])
    return plot
