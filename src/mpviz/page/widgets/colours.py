"""The page's colours, for the style sheet and for canvases, which know no CSS variables.

They are named in ``voila/colours.css``, where Voila's template, too, can include them; those of the
charts in `mpviz.charts.palette`.
"""

from __future__ import annotations

import re
from pathlib import Path

from mpviz.charts import palette

PAGE_COLOURS = (Path(__file__).parents[1] / "voila" / "colours.css").read_text("utf-8")
_COLOUR = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
_PAIRS = {name: pair for name, *pair in _COLOUR.findall(PAGE_COLOURS)}
THEMES = {
    theme: {name: pair[place] for name, pair in _PAIRS.items()}
    for place, theme in enumerate(("light", "dark"))
}
_SHARED = ("SKY", "ORANGE", "GREEN", "PURPLE", "YELLOW", "INK")
CHART_COLOURS = "".join(
    (
        ".mpviz {\n",
        *(f"  --chart-{name.lower()}: {getattr(palette, name)};\n" for name in _SHARED),
        "}\n",
    )
)
