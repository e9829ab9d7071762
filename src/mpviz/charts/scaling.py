"""Speedup over workers as a study found it: intervals, and the laws. Knows no widget, no kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from bokeh.core.properties import field, value
from bokeh.models import BasicTicker, DataRange1d
from bokeh.models.annotations import Span
from bokeh.plotting import figure

from mpviz.analysis.laws import fit_usl, held_out
from mpviz.charts.canvas import Columns, Values, fit, hover, legend, note, sheet, sources
from mpviz.charts.palette import GREY, INK, TEXT, mechanism_look
from mpviz.core.errors import Refused
from mpviz.core.text import counted, digits, percent

HEIGHT = 380
EMPTY = "a study of several worker counts draws a curve"
STEPS = 120  # pieces of a law's curve


def scaling_columns(summary: pd.DataFrame, usable_cpus: float = math.nan) -> Columns:
    """Turn a study into points with intervals, lines between them, and a law's curve for each.

    Parameters
    ----------
    summary
        Frame by ``schema.CONFIGURATIONS``. What has no speedup gives no point.
    usable_cpus
        Beyond so many workers a curve is a prediction, and dashed.

    Returns
    -------
    dict
        Of the sources ``points``, ``lines``, ``known`` and ``predicted`` (the law, where there are
        six worker counts or more; one row for each piece of a line), ``laws`` (a text each),
        ``note`` and ``extent``.
    """
    shown = summary[summary["speedup"].notna() & (summary["mechanism"] != "sequential")]
    series = ["mechanism", "start_method", "chunk_size"]
    points: dict[str, list[Any]] = {
        name: [] for name in ("x", "y", "low", "high", "name", "colour", "marker", "text")
    }
    lines, known, predicted = _pieces(), _pieces(), _pieces()
    laws: list[str] = []
    varied = [key for key in series if len(set(shown[key])) > 1 or key == "mechanism"]
    for _, each in shown.groupby(series, sort=False):
        ordered = each.sort_values("workers")
        first = ordered.iloc[0]
        name = ", ".join(_part(key, first[key]) for key in varied if first[key] != "")
        look = mechanism_look(first["mechanism"])
        for row in ordered.to_dict("records"):
            low, high = row["speedup_low"], row["speedup_high"]
            told = high < math.inf
            points["x"].append(float(row["workers"]))
            points["y"].append(row["speedup"])
            points["low"].append(low if told else row["speedup"])
            points["high"].append(high if told else row["speedup"])
            points["name"].append(name)
            points["colour"].append(look.colour)
            points["marker"].append(look.marker)
            reach = f" ({digits(low)} to {digits(high)})" if told else ", one look"
            points["text"].append(
                f"{name}\n{counted(row['workers'], 'worker')}: speedup {digits(row['speedup'])}"
                f"{reach}\n{_efficiencies(row)}"
            )
        workers = ordered["workers"].to_numpy(float)
        speedup = ordered["speedup"].to_numpy(float)
        _join(lines, workers, speedup, look.colour)
        try:
            law = fit_usl(workers.astype(int).tolist(), speedup.tolist())
            error = held_out("usl", workers.astype(int).tolist(), speedup.tolist()).error
        except Refused:
            continue
        laws.append(
            f"{name}: contention {digits(law.alpha)}, coherence {digits(law.beta)};"
            f" beyond what was measured wrong by {percent(error)} on held-out counts"
        )
        n = np.linspace(1, workers.max(), STEPS + 1)
        y = law.gamma * n / (1 + law.alpha * (n - 1) + law.beta * n * (n - 1))
        beyond = n > usable_cpus
        _join(known, n[~beyond], y[~beyond], look.colour)
        _join(predicted, n[beyond], y[beyond], look.colour, every=2)
    most = max([*points["x"], 2.0])
    # A wide interval is cut at the edge: it would press the points together.
    top = max([*(1.5 * y for y in points["y"]), most, 2.0])
    points["high"] = [min(high, top) for high in points["high"]]
    numbers = ("x", "y", "low", "high")
    return {
        "points": {k: np.array(v, float) if k in numbers else v for k, v in points.items()},
        "lines": lines,
        "known": known,
        "predicted": predicted,
        "laws": {"text": laws},
        "note": {"text": [] if points["x"] else [EMPTY]},
        "extent": {"x": np.array([1.0, most]), "y": np.array([0.0, top])},
    }


def _pieces() -> dict[str, Any]:
    return {name: [] for name in ("x0", "y0", "x1", "y1", "colour")}


def _join(pieces: dict[str, Any], x: Values, y: Values, colour: str, *, every: int = 1) -> None:
    """Join neighbouring points; of the pieces keep each `every`-th: every second gives dashes."""
    found = {"x0": x[:-1], "y0": y[:-1], "x1": x[1:], "y1": y[1:]}
    for name, values in found.items():
        pieces[name] += list(values[::every])
    pieces["colour"] += [colour] * len(x[:-1][::every])


def _efficiencies(row: Mapping[Any, Any]) -> str:
    """The POP efficiencies, and Karp and Flatt's serial fraction."""
    told = {
        "efficiency": row["efficiency"],
        "load balance": row["load_balance"],
        "communication efficiency": row["communication_efficiency"],
        "computation scaling": row["computation_scaling"],
        "serial fraction (Karp and Flatt)": row["serial_fraction"],
    }
    return "\n".join(f"{name} {percent(x)}" for name, x in told.items() if not math.isnan(x))


def _part(key: str, what: Any) -> str:
    return f"chunks of {what:,}" if key == "chunk_size" else str(what)


def scaling(columns: Columns, *, usable_cpus: float) -> figure:
    """Draw speedup over workers, with intervals and the ideal line.

    Parameters
    ----------
    columns
        From `scaling_columns`. Later ones go into ``figure.select(name=...)`` for a redraw.
    usable_cpus
        CPUs that the runs could use; marked.
    """
    data = sources(columns)
    x_range = DataRange1d(start=0.5, range_padding=0.06)
    y_range = DataRange1d(start=0.0, range_padding=0.12)
    plot = sheet(
        HEIGHT, x_range, y_range, x_label="workers", y_label="speedup (1 = as fast as sequential)"
    )
    plot.xaxis.ticker = BasicTicker(min_interval=1, desired_num_ticks=8)
    plot.xgrid.visible = False
    fit(plot, data["extent"])
    most = float(np.max(columns["extent"]["x"]))
    ideal = plot.line([0, most], [0, most], line_color=TEXT, line_dash="dashed", line_width=1.5)
    plot.add_layout(Span(location=1, dimension="width", line_color=GREY, line_alpha=0.7))
    if not math.isnan(usable_cpus):
        plot.add_layout(
            Span(
                location=usable_cpus,
                dimension="height",
                line_color=GREY,
                line_dash="dotted",
                line_width=1.5,
            )
        )
    for name, alpha, width in (("lines", 0.6, 1.5), ("known", 1, 1), ("predicted", 1, 1)):
        plot.segment(
            "x0", "y0", "x1", "y1", source=data[name], line_color="colour", line_alpha=alpha,
            line_width=width,
        )  # fmt: skip
    plot.segment("x", "low", "x", "high", source=data["points"], line_color="colour", line_width=3)
    points = plot.scatter(
        "x", "y", source=data["points"], marker="marker", size=11, fill_color="colour",
        line_color=INK,
    )  # fmt: skip
    note(plot, data["note"], x=value(1.5), y=value(1.0), text_align="center")
    legend(plot, [(field("name"), [points]), (value("ideal"), [ideal])], glyph=24)
    hover(plot, [points])
    return plot
