"""Makespan over chunk size as a study found it, and which sizes others choose. Knows no widget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from bokeh.core.properties import field, value
from bokeh.models import CustomJSTickFormatter, DataRange1d, SingleIntervalTicker
from bokeh.plotting import figure

from mpviz.charts.canvas import (
    TIME_TICKS,
    Columns,
    Values,
    fit,
    hover,
    legend,
    note,
    sheet,
    sources,
)
from mpviz.charts.palette import GREEN, GREY, INK, PURPLE, TEXT, mechanism_look
from mpviz.core.text import counted, digits, listed, seconds

HEIGHT = 400
FAR = 6.0  # times the best: what took longer is drawn at the edge, and says how long it took
EMPTY = "a study of several chunk sizes draws a curve"
POWER = "const size = Math.pow(2, tick); return size >= 1 ? String(Math.round(size)) : ''"
SERIES = ["mechanism", "workers", "start_method"]
RULES = {  # colour and dash of the size that each would choose
    "the standard library's": (TEXT, "solid"),
    "mpire's": (GREEN, "dashed"),
    "joblib's": (PURPLE, "dotted"),
}


def chunks_columns(
    summary: pd.DataFrame, runs: pd.DataFrame, marks: Mapping[str, int] | None = None
) -> Columns:
    """Turn a study into a curve over chunk sizes for each mechanism, worker count, start method.

    Parameters
    ----------
    summary, runs
        Frames by ``schema.CONFIGURATIONS`` and ``schema.RUNS``. A configuration of which only one
        chunk size was measured gives no curve.
    marks
        From `mpviz.analysis.chunking.rules`: chunk sizes to mark.

    Returns
    -------
    dict
        Of the sources ``points`` (one for each configuration), ``raw`` (one for each run),
        ``lines`` (one for each piece), ``rules``, ``best``, ``note`` and ``extent``. ``x`` is the
        logarithm to base 2.
    """
    several = summary.groupby(SERIES)["chunk_size"].transform("nunique") > 1
    shown = summary[several & summary["makespan_s"].notna()]
    best = float(shown["makespan_s"].min()) if len(shown) else 1.0
    edge = FAR * best
    points: dict[str, list[Any]] = {
        name: [] for name in ("x", "y", "low", "high", "colour", "marker", "name", "text")
    }
    lines: dict[str, list[Any]] = {name: [] for name in ("x0", "y0", "x1", "y1", "colour")}
    for key, each in shown.groupby(SERIES, sort=False):
        ordered = each.sort_values("chunk_size").to_dict("records")
        look = mechanism_look(ordered[0]["mechanism"])
        name = _name(key, shown)
        for row in ordered:
            low, high = _bounds(row)
            points["x"].append(math.log2(row["chunk_size"]))
            points["y"].append(min(row["makespan_s"], edge))
            points["low"].append(min(low, edge))
            points["high"].append(min(high, edge))
            points["colour"].append(look.colour)
            points["marker"].append(look.marker)
            points["name"].append(name)
            reach = "" if low == high else f" ({seconds(low)} to {seconds(high)})"
            points["text"].append(
                f"{name}, chunks of {row['chunk_size']:,}\nmakespan {seconds(row['makespan_s'])}"
                f"{reach}\n{counted(row['rounds'], 'round')}: {row['verdict']}"
            )
        x, y = points["x"][-len(ordered) :], points["y"][-len(ordered) :]
        for name_, values in (("x0", x[:-1]), ("y0", y[:-1]), ("x1", x[1:]), ("y1", y[1:])):
            lines[name_] += values
        lines["colour"] += [look.colour] * (len(ordered) - 1)
    raw_x, raw_y, raw_text = _raw(runs, shown)
    top = max([*points["high"], *np.minimum(raw_y, edge), 1e-6])
    sizes = [*points["x"], *(math.log2(size) for size in (marks or {}).values())]
    number = ("x", "y", "low", "high")
    marked = (marks or {}) if points["x"] else {}
    return {
        "points": {k: np.array(v, float) if k in number else v for k, v in points.items()},
        "raw": {"x": raw_x, "y": np.minimum(raw_y, edge), "text": raw_text},
        "lines": {k: v if k == "colour" else np.array(v, float) for k, v in lines.items()},
        "rules": {
            "x": np.array([math.log2(size) for size in marked.values()], dtype=float),
            "y0": np.zeros(len(marked)),
            "y1": np.full(len(marked), top * 1.06),
            "kind": [f"{name}: {size:,}" for name, size in marked.items()],
            "colour": [RULES[name][0] for name in marked],
            "dash": [RULES[name][1] for name in marked],
        },
        "best": {"y": np.array([top * 1.13] if points["x"] else []), "text": _best(shown)},
        "note": {"text": [] if points["x"] else [EMPTY]},
        "extent": {
            "x": np.array([-0.2, max([*sizes, 1.0]) + 0.2]),
            "y": np.array([0.0, top * 1.18]),
        },
    }


def _name(key: Any, shown: pd.DataFrame) -> str:
    told = dict(zip(SERIES, key, strict=True))
    parts = [str(told["mechanism"])]
    if len(set(shown["workers"])) > 1:
        parts.append(counted(int(told["workers"]), "worker"))
    if len(set(shown["start_method"])) > 1 and told["start_method"]:
        parts.append(str(told["start_method"]))
    return ", ".join(parts)


def _bounds(row: Mapping[Any, Any]) -> tuple[float, float]:
    """The interval of the ratio to the best, around the makespan; one round has none."""
    low, high, ratio = row["ratio_low"], row["ratio_high"], row["ratio"]
    if not (0 < low <= high < math.inf and ratio > 0):
        return row["makespan_s"], row["makespan_s"]
    return row["makespan_s"] * low / ratio, row["makespan_s"] * high / ratio


def _raw(runs: pd.DataFrame, shown: pd.DataFrame) -> tuple[Values, Values, list[str]]:
    keys = [*SERIES, "chunk_size"]
    known = {tuple(row[key] for key in keys) for row in shown.to_dict("records")}
    well = runs[(runs["ok"] == runs["tasks"]) & (runs["ending"] == "finished")]
    mine = [row for row in well.to_dict("records") if tuple(row[key] for key in keys) in known]
    return (
        np.array([math.log2(row["chunk_size"]) for row in mine], dtype=float),
        np.array([row["makespan_s"] for row in mine], dtype=float),
        [f"round {row['round'] + 1}\n{seconds(row['makespan_s'])}" for row in mine],
    )


def _best(shown: pd.DataFrame) -> list[str]:
    """The best size, or the one of least time and what may be as good, in words."""
    if not len(shown):
        return []
    rows = shown.to_dict("records")
    one = min(rows, key=lambda row: row["makespan_s"])
    if one["verdict"] in ("one look", "open"):
        return [f"no verdict yet; the least time with chunks of {one['chunk_size']:,}"]
    same = [
        row["chunk_size"]
        for row in rows
        if all(row[key] == one[key] for key in SERIES)
        and row["verdict"] in ("best", "tie", "open")
        and row is not one
    ]
    speedup = "" if math.isnan(one["speedup"]) else f", a speedup of {digits(one['speedup'])}"
    what = f"chunks of {one['chunk_size']:,}{speedup}"
    if not same:
        return [f"best: {what}"]
    others = listed([f"{size:,}" for size in sorted(same)])
    return [f"least time: {what}; as good, for all that was seen: {others}"]


def chunks(columns: Columns) -> figure:
    """Draw makespan over chunk size.

    Parameters
    ----------
    columns
        From `chunks_columns`. Later ones go into ``figure.select(name=...)`` for a redraw.
    """
    data = sources(columns)
    x_range = DataRange1d(range_padding=0.0)
    y_range = DataRange1d(start=0.0, range_padding=0.0)
    plot = sheet(HEIGHT, x_range, y_range, x_label="chunk size", y_label="makespan")
    plot.xaxis.ticker = SingleIntervalTicker(interval=1, num_minor_ticks=0)
    plot.xaxis.formatter = CustomJSTickFormatter(code=POWER)
    plot.yaxis.formatter = CustomJSTickFormatter(code=TIME_TICKS)
    plot.xgrid.visible = False
    fit(plot, data["extent"])
    marks = plot.segment(
        "x", "y0", "x", "y1", source=data["rules"], line_color="colour", line_dash="dash",
        line_width=1.5, line_alpha=0.8,
    )  # fmt: skip
    plot.segment(
        "x0", "y0", "x1", "y1", source=data["lines"], line_color="colour", line_width=1.5,
        line_alpha=0.6,
    )  # fmt: skip
    raw = plot.scatter(
        "x", "y", source=data["raw"], size=5, fill_color=GREY, fill_alpha=0.4, line_color=None
    )
    plot.segment("x", "low", "x", "high", source=data["points"], line_color="colour", line_width=3)
    points = plot.scatter(
        "x", "y", source=data["points"], marker="marker", size=11, fill_color="colour",
        line_color=INK,
    )  # fmt: skip
    note(plot, data["best"], x=value(0), y="y")
    note(plot, data["note"], x=value(0.5), y=value(0), text_align="center", y_offset=-150)
    legend(
        plot,
        [(field("name"), [points]), (field("kind"), [marks]), (value("runs"), [raw])],
        glyph=24,
    )
    hover(plot, [points, raw])
    return plot
