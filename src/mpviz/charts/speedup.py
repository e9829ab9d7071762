"""Speedup over workers: a point for each run, and the ideal line. Knows no widget and no kernel."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from bokeh.core.properties import field, value
from bokeh.models import BasicTicker, DataRange1d
from bokeh.models.annotations import Label, Span
from bokeh.plotting import figure

from mpviz.analysis.explain import why_suspect
from mpviz.charts.canvas import Columns, hover, legend, note, sheet, sources
from mpviz.charts.palette import FONT, FONT_SIZE, GREY, INK, TEXT, mechanism_look
from mpviz.core.text import counted, digits, seconds

HEIGHT = 360
EMPTY = "each run adds a point"


def speedup_columns(runs: pd.DataFrame) -> Columns:
    """Turn runs into points, and into the lines that join a mechanism's medians.

    Parameters
    ----------
    runs
        Frame by `schema.RUNS`. A run that did not finish or has no speedup gives no point.

    Returns
    -------
    dict
        Of the sources ``runs`` (a point for each run), ``medians`` (a segment between medians at
        two neighbouring worker counts of one mechanism) and ``note``.
    """
    shown = runs[(runs["ending"] == "finished") & runs["speedup"].notna()]
    looks = [mechanism_look(name) for name in shown["mechanism"]]
    medians = shown.groupby(["mechanism", "workers"], as_index=False, sort=True)["speedup"].median()
    name = medians["mechanism"].to_numpy(object)
    workers, median = medians["workers"].to_numpy(float), medians["speedup"].to_numpy(float)
    joined = np.flatnonzero(name[1:] == name[:-1])
    return {
        "runs": {
            "workers": shown["workers"].to_numpy(float),
            "speedup": shown["speedup"].to_numpy(float),
            "mechanism": [look.label for look in looks],
            "colour": [look.colour for look in looks],
            "marker": [look.marker for look in looks],
            "text": [_tip(row) for row in shown.to_dict("records")],
        },
        "medians": {
            "x0": workers[joined],
            "y0": median[joined],
            "x1": workers[joined + 1],
            "y1": median[joined + 1],
            "colour": [mechanism_look(name[i]).colour for i in joined],
        },
        "note": {"text": [] if len(shown) else [EMPTY]},
    }


def _tip(run: dict[Hashable, Any]) -> str:
    method = f" · {run['start_method']}" if run["start_method"] else ""
    more = f"efficiency {run['efficiency']:.0%}"
    if why := why_suspect(run):
        more = f"suspect: {why}"
    return (
        f"run {run['run']} · {run['mechanism']}{method}\n"
        f"workers {run['workers']}, chunk size {run['chunk_size']}\n"
        f"speedup {digits(run['speedup'])}, {more}\n"
        f"makespan {seconds(run['makespan_s'])}"
    )


def speedup(columns: Columns, *, usable_cpus: float, most_workers: int) -> figure:
    """Draw speedup over workers, with the ideal line and the CPU count.

    Parameters
    ----------
    columns
        From `speedup_columns`. Later ones go into ``figure.select(name=...)`` for a redraw.
    usable_cpus
        CPUs that the runs could use, affinity and quota respected; marked.
    most_workers
        The largest worker count there can be: the ideal line ends there.
    """
    data = sources(columns)
    x_range = DataRange1d(start=0.5, range_padding=0.06)
    y_range = DataRange1d(start=0.0, range_padding=0.12)
    plot = sheet(
        HEIGHT, x_range, y_range, x_label="workers", y_label="speedup (1 = as fast as sequential)"
    )
    plot.xaxis.ticker = BasicTicker(min_interval=1, desired_num_ticks=8)
    plot.xgrid.visible = False

    room = min(max(4.0, 1.6 * usable_cpus), max(float(most_workers), 2.0))
    corner = plot.scatter([1, room], [0, max(2.0, usable_cpus)], size=0, alpha=0)
    end = max(most_workers, 2)
    ideal = plot.line([0, end], [0, end], line_color=TEXT, line_dash="dashed", line_width=1.5)
    plot.add_layout(Span(location=1, dimension="width", line_color=GREY, line_alpha=0.7))
    plot.add_layout(
        Span(
            location=usable_cpus,
            dimension="height",
            line_color=GREY,
            line_dash="dotted",
            line_width=1.5,
        )
    )
    beyond = usable_cpus > room / 2
    plot.add_layout(
        Label(
            x=usable_cpus,
            y=4,
            y_units="screen",
            x_offset=-5 if beyond else 5,
            text=counted(usable_cpus, "usable CPU"),
            text_align="right" if beyond else "left",
            text_font=FONT,
            text_font_size=FONT_SIZE,
            text_color=TEXT,
        )
    )
    plot.segment(
        "x0",
        "y0",
        "x1",
        "y1",
        source=data["medians"],
        line_color="colour",
        line_width=1.5,
        line_alpha=0.6,
    )
    points = plot.scatter(
        "workers",
        "speedup",
        source=data["runs"],
        marker="marker",
        size=11,
        fill_color="colour",
        fill_alpha=0.9,
        line_color=INK,
    )
    x_range.renderers = y_range.renderers = [corner, points]
    note(
        plot,
        data["note"],
        x=value(0.75 * room if usable_cpus <= room / 2 else 0.62 * usable_cpus),
        y=value(0.5 if usable_cpus < 8 else 0.2 * usable_cpus),
        text_align="center",
        text_font_size="13px",
    )
    legend(plot, [(field("mechanism"), [points]), (value("ideal"), [ideal])], glyph=24)
    hover(plot, [points])
    return plot
