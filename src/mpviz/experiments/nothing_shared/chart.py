"""How long each way took, and whether it worked: a point for each time, a line for the median."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from bokeh.plotting import figure

from mpviz.charts.palette import BLUE, VERMILLION, Look
from mpviz.core.text import seconds
from mpviz.experiments.drawing import points, points_columns

SEEN = {
    True: Look("the parent sees every key", BLUE, marker="circle"),
    False: Look("the parent does not", VERMILLION, marker="circle_x"),
}


def nothing_shared(frame: pd.DataFrame, titles: Sequence[str]) -> figure:
    """Draw what each way cost (`way`, `keys`, `of`, `took_s`), and whether it worked.

    Parameters
    ----------
    frame
        A row for each measurement.
    titles
        One for each way, in the order of their first appearance.
    """
    looks = [
        SEEN[bool(seen == whole)] for seen, whole in zip(frame["keys"], frame["of"], strict=True)
    ]
    tips = [
        f"{way}, round {turn + 1}\n{seen:,} of {whole:,} keys, {seconds(took)}"
        for way, turn, seen, whole, took in zip(
            frame["way"], frame["round"], frame["keys"], frame["of"], frame["took_s"], strict=True
        )
    ]
    columns = points_columns(frame["way"], frame["took_s"], looks, tips)
    return points(columns, titles, x_label="time to fill the dict")
