"""Where the time went: worker-seconds of each run, stacked. Knows no widget and no kernel.

workers × makespan = start-up + useful + gap + tail (`schema.RUNS`). Useful time is split into
computing and not computing where that is known. So a bar is as long as the time of all its workers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from bokeh.core.properties import field, value
from bokeh.plotting import figure

from mpviz.charts.canvas import (
    Columns,
    fill_and_hatch,
    hover,
    legend,
    note,
    row_sheet,
    sources,
    time_axis,
)
from mpviz.charts.palette import INK, INSIDE, QUIET, USEFUL
from mpviz.core.text import seconds

HEIGHT = 400
RUNS = 10  # the latest
FEWEST = 4  # rows shown, so that a first run's bar is a bar and not a block
THICK = 0.42  # of a row is bar; its label stands above it
EMPTY = "each run adds a bar:\nwhat its workers' time went into"
PARTS = {**USEFUL, "inside": INSIDE, **{name: QUIET[name] for name in ("startup", "gap", "tail")}}


def losses_columns(runs: pd.DataFrame) -> Columns:
    """Turn the latest runs into stacked bars, the newest on top (y = 0).

    Parameters
    ----------
    runs
        Frame by `schema.RUNS`, in the order they were made. A run without times is left out.

    Returns
    -------
    dict
        Of the sources ``parts`` (five for each run, from left to right), ``labels`` (one for each
        run), ``note`` and ``extent``.
    """
    shown = runs[runs["useful_s"].notna() & runs["makespan_s"].notna()].iloc[::-1].iloc[:RUNS]
    useful = shown["useful_s"].to_numpy(float)
    computing = np.clip(shown["computing_s"].to_numpy(float), 0, useful)
    known = ~np.isnan(computing)
    computing = np.where(known, computing, useful)
    quiet = [
        np.nan_to_num(shown[f"{name}_s"].to_numpy(float)) for name in ("startup", "gap", "tail")
    ]
    lengths = np.column_stack([computing, useful - computing, *quiet])
    right = np.cumsum(lengths, axis=1)
    n, kinds = lengths.shape
    whole = right[:, -1]
    titles = [
        f"run {run} · {mechanism} × {workers}"
        for run, mechanism, workers in zip(
            shown["run"], shown["mechanism"], shown["workers"], strict=True
        )
    ]
    inside, *others = (look.label for look in PARTS.values() if look is not INSIDE)
    names = [[inside if one else INSIDE.label, *others] for one in known]
    share = np.divide(lengths, whole[:, None], out=np.zeros_like(lengths), where=whole[:, None] > 0)
    rows = max(n, FEWEST)
    return {
        "parts": {
            "y": np.repeat(np.arange(n, dtype=float), kinds),
            "left": (right - lengths).ravel(),
            "right": right.ravel(),
            "part": [name for of_run in names for name in of_run],
            "text": [
                f"{names[i][k]}\n{seconds(lengths[i, k])} of {seconds(whole[i])} "
                f"worker-time ({share[i, k]:.1%})\n{titles[i]}"
                for i in range(n)
                for k in range(kinds)
            ],
        },
        "labels": {"y": np.arange(n) - THICK / 2, "text": titles},
        "note": {
            "y": np.array([] if n else [rows / 2 - 0.7]),
            "x": np.array([] if n else [0.5]),
            "text": [] if n else [EMPTY],
        },
        "extent": {
            "x": np.array([0.0, float(whole.max(initial=0.0)) * 1.02 or 1.0]),
            "y": np.array([-0.75, rows - 0.7]),
        },
    }


def losses(columns: Columns) -> figure:
    """Draw where the time went.

    Parameters
    ----------
    columns
        From `losses_columns`. Later ones go into ``figure.select(name=...)`` for a redraw.
    """
    data = sources(columns)
    plot = row_sheet(HEIGHT, data["extent"], x_label="worker-seconds: workers × makespan")
    time_axis(plot)
    parts = plot.hbar(
        "y", left="left", right="right", height=THICK, source=data["parts"], line_color=None,
        **fill_and_hatch(PARTS, "part"), hatch_color=INK, hatch_alpha=0.3, hatch_scale=8,
    )  # fmt: skip
    note(
        plot,
        data["labels"],
        x=value(0),
        y="y",
        text_baseline="bottom",
        x_offset=1,
        y_offset=-1,
    )
    note(plot, data["note"], x="x", y="y", text_align="center", text_font_size="13px")
    legend(plot, [(field("part"), [parts])])
    hover(plot, [parts])
    return plot
