"""Configurations ranked: a row each, its interval against the best, the raw points behind.

Knows no widget and no kernel.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from bokeh.core.properties import field, value
from bokeh.models.glyphs import Segment
from bokeh.plotting import figure

from mpviz.analysis.cautions import outliers
from mpviz.charts.canvas import Columns, hover, legend, note, row_sheet, sources, time_axis
from mpviz.charts.palette import GREY, INK, TEXT, mechanism_look
from mpviz.core.text import counted, digits, percent, seconds

ROW, AXES = 40, 86  # pixels of a row, and of what is below and above them
FAR = 6.0  # times the best: what took longer is drawn at the edge, and says how long it took
OUTLIER = "\nfar from the others; counted like them"
EMPTY = "a study ranks what it measures"
WORDS = {
    "best": "fastest",
    "tie": "tie",
    "slower": "slower",
    "open": "open",
    "one look": "one look",
    "failed": "failed",
}
LEAST = "least time so far"  # in place of "fastest" while something may be as fast


def ranking_columns(
    summary: pd.DataFrame, runs: pd.DataFrame, names: Sequence[str], baseline_s: float = math.nan
) -> Columns:
    """Turn a study into rows, the fastest on top (y = 0).

    Parameters
    ----------
    summary, runs
        Frames by ``schema.CONFIGURATIONS`` and ``schema.RUNS``.
    names
        Of each row of `summary` what to call it.
    baseline_s
        Median makespan of the sequential run; NaN draws no line.

    Returns
    -------
    dict
        Of the sources ``points`` (one a configuration), ``raw`` (one a run), ``labels``, ``lines``
        (the best, and the sequential run), ``note`` and ``extent``.
    """
    rows = [row | {"name": name} for row, name in zip(_rows(summary), names, strict=True)]
    rows.sort(key=lambda row: (math.isnan(_centre(row, 1.0)), _centre(row, 1.0)))
    best = next((row["makespan_s"] for row in rows if row["verdict"] == "best"), math.nan)
    if math.isnan(best):
        best = min((r["makespan_s"] for r in rows if not math.isnan(r["makespan_s"])), default=1.0)
    edge = FAR * best
    sure = all(row["verdict"] in ("best", "slower", "failed") for row in rows)
    timed = [(y, row) for y, row in enumerate(rows) if not math.isnan(row["makespan_s"])]
    centre = np.array([_centre(row, best) for _, row in timed], dtype=float)
    low = np.array([_bound(row, "ratio_low", best) for _, row in timed], dtype=float)
    high = np.array([_bound(row, "ratio_high", best) for _, row in timed], dtype=float)
    looks = [mechanism_look(row["mechanism"]) for _, row in timed]
    raw_y, raw_x, raw_far, raw_text = _raw(runs, rows)
    shown = [*np.minimum(centre, edge), *np.minimum(high, edge), *np.minimum(raw_x, edge)]
    most = max([*shown, baseline_s if baseline_s < edge else 0.0, 1e-6])
    lines = [("the best", best)] if timed else []
    if baseline_s < edge:
        lines.append(("sequential", baseline_s))
    return {
        "points": {
            "y": np.array([y for y, _ in timed], dtype=float),
            "x": np.minimum(centre, edge),
            "low": np.minimum(low, edge),
            "high": np.minimum(high, edge),
            "colour": [look.colour for look in looks],
            "marker": [look.marker for look in looks],
            "text": [_tip(row, sure) for _, row in timed],
        },
        "raw": {
            "y": raw_y + 0.22,
            "x": np.minimum(raw_x, edge),
            "marker": raw_far,
            "text": raw_text,
        },
        "labels": {
            "y": np.arange(len(rows)) - 0.24,
            "text": [_label(row, sure) for row in rows],
        },
        "lines": {
            "x": np.array([x for _, x in lines], dtype=float),
            "y0": np.full(len(lines), -0.6),
            "y1": np.full(len(lines), max(len(rows), 1) - 0.4),
            "kind": [name for name, _ in lines],
            "dash": ["solid" if name == "the best" else "dashed" for name, _ in lines],
        },
        "note": {
            "y": np.array([] if rows else [0.2]),
            "x": np.array([] if rows else [0.5]),
            "text": [] if rows else [EMPTY],
        },
        "extent": {
            "x": np.array([0.0, most * 1.04 if rows else 1.0]),
            "y": np.array([-0.6, max(len(rows), 1) - 0.4]),
        },
    }


def _rows(summary: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in summary.to_dict("records")]


def _centre(row: Mapping[str, Any], best: float) -> float:
    """Where the point of a configuration is: its ratio to the best, in seconds of the best."""
    if math.isnan(row["makespan_s"]):
        return math.nan
    return float(row["makespan_s"] if math.isnan(row["ratio"]) else row["ratio"] * best)


def _bound(row: Mapping[str, Any], name: str, best: float) -> float:
    found = float(row[name])
    # One round has no interval.
    return found * best if 0 < found < math.inf else _centre(row, best)


def _raw(
    runs: pd.DataFrame, rows: Sequence[Mapping[str, Any]]
) -> tuple[Any, Any, list[str], list[str]]:
    """Each run that ended well: its row, its makespan, its marker, and what it says."""
    keys = ("mechanism", "workers", "start_method", "chunk_size")
    place = {tuple(row[key] for key in keys): y for y, row in enumerate(rows)}
    well = runs[(runs["ok"] == runs["tasks"]) & (runs["ending"] == "finished")]
    found = [
        (
            place[at],
            float(run["makespan_s"]),
            f"{rows[place[at]]['name']}, round {run['round'] + 1}\n{seconds(run['makespan_s'])}",
        )
        for run in well.to_dict("records")
        if (at := tuple(run[key] for key in keys)) in place
    ]
    if not found:
        return np.array([]), np.array([]), [], []
    y, x = np.array([one[0] for one in found], float), np.array([one[1] for one in found], float)
    far = np.zeros(len(found), dtype=bool)
    for one in np.unique(y):
        far[y == one] = outliers(np.log(x[y == one]))
    text = [f"{one[2]}{OUTLIER if off else ''}" for one, off in zip(found, far, strict=True)]
    return y, x, ["x" if off else "circle" for off in far], text


def _word(row: Mapping[str, Any], sure: bool) -> str:
    return LEAST if row["verdict"] == "best" and not sure else WORDS[row["verdict"]]


def _label(row: Mapping[str, Any], sure: bool) -> str:
    word = _word(row, sure)
    if math.isnan(row["makespan_s"]):
        return f"{row['name']} · {counted(row['failed'], 'run')} failed"
    parts = [row["name"], seconds(row["makespan_s"])]
    if row["verdict"] in ("tie", "slower", "open") and not math.isnan(row["ratio"]):
        parts.append(f"{digits(row['ratio'])} × {word}")
    else:
        parts.append(word)
    if row["failed"]:
        parts.append(f"{counted(row['failed'], 'run')} failed")
    return " · ".join(parts)


def _tip(row: Mapping[str, Any], sure: bool) -> str:
    method = f" · {row['start_method']}" if row["start_method"] else ""
    lines = [
        f"{row['mechanism']}{method}",
        f"{counted(row['workers'], 'worker')}, chunk size {row['chunk_size']:,}",
        f"makespan {seconds(row['makespan_s'])}, without start-up {seconds(row['warm_s'])}",
    ]
    if row["ratio_high"] < math.inf and row["verdict"] != "best":
        lines.append(
            f"{digits(row['ratio'])} × the best"
            f" ({digits(row['ratio_low'])} to {digits(row['ratio_high'])})"
        )
    if not math.isnan(row["speedup"]):
        lines.append(f"speedup {digits(row['speedup'])}, efficiency {percent(row['efficiency'])}")
    lines.append(f"{counted(row['rounds'], 'round')}: {_word(row, sure)}")
    return "\n".join(lines)


def ranking_height(rows: int) -> int:
    """How high the chart of so many configurations is, in pixels."""
    return AXES + ROW * max(rows, 2)


def ranking(columns: Columns) -> figure:
    """Draw the ranking.

    Parameters
    ----------
    columns
        From `ranking_columns`. Later ones go into ``figure.select(name=...)`` for a redraw.
    """
    data = sources(columns)
    height = ranking_height(len(columns["labels"]["text"]))
    plot = row_sheet(height, data["extent"], x_label="makespan")
    time_axis(plot)
    line = plot.add_glyph(
        data["lines"],
        Segment(
            x0="x", y0="y0", x1="x", y1="y1", line_color=GREY, line_dash="dash", line_width=1.5
        ),
    )
    raw = plot.scatter(
        "x", "y", source=data["raw"], size=6, marker="marker", fill_color=TEXT, fill_alpha=0.35,
        line_color=TEXT, line_alpha=0.35,
    )  # fmt: skip
    plot.segment("low", "y", "high", "y", source=data["points"], line_color="colour", line_width=3)
    points = plot.scatter(
        "x", "y", source=data["points"], marker="marker", size=12, fill_color="colour",
        line_color=INK,
    )  # fmt: skip
    note(plot, data["labels"], x=value(0), y="y", x_offset=1)
    note(plot, data["note"], x="x", y="y", text_align="center", text_font_size="13px")
    legend(
        plot,
        [(field("kind"), [line]), (value("point and interval"), [points]), (value("runs"), [raw])],
    )
    hover(plot, [points, raw])
    return plot
