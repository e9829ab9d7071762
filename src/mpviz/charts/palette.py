"""The colours, hatches and markers of the charts. Knows no frame and no figure.

The colours are Okabe and Ito's (jfly.uni-koeln.de/color), which colour-blind people can tell apart;
each can be seen on white and on a page as dark as #16181d. Colour is never the only difference:
failures differ by hatch and marker, too, and mechanisms by marker. The page's style sheet takes its
``--chart-`` colours from here.
"""

from __future__ import annotations

from dataclasses import dataclass

BLUE, SKY, ORANGE, VERMILLION = "#0072b2", "#56b4e9", "#e69f00", "#d55e00"
GREEN, PURPLE, YELLOW = "#009e73", "#cc79a7", "#f0e442"
CALM = "#2a85be"  # blue's neighbour: two bars that touch can be told apart
INK = "#16181d"  # outlines and hatches, on bright fills only
GREY = "#8b949e"
TEXT = "#737a83"  # 4.3 : 1 on white, 4.1 : 1 on #16181d
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
FONT_SIZE = "12px"


@dataclass(frozen=True, slots=True)
class Look:
    """How one kind of thing is shown: what it is called, and its colour, hatch and marker."""

    label: str
    colour: str
    alpha: float = 1.0
    hatch: str = "blank"
    marker: str = "circle"


QUIET = {
    "startup": Look("start-up", GREY, 0.55, "right_diagonal_line"),
    "gap": Look("waiting while tasks remain", GREY, 0.40),
    "tail": Look("idle at the end", GREY, 0.24),
    "end": Look("closing down", GREY, 0.20, "vertical_line"),
}
DONE = {
    "ok": Look("task", BLUE),
    "running": Look("running", SKY, 0.75),
}
FAILED = {
    "error": Look("raised an error", VERMILLION, 1.0, "right_diagonal_line", "square_x"),
    "died": Look("its worker died", PURPLE, 1.0, "diagonal_cross", "diamond"),
    "timeout": Look("out of time", ORANGE, 1.0, "vertical_line", "triangle"),
    "cancelled": Look("cancelled", "#9aa0a6", 1.0, "horizontal_line", "square"),
    "missing": Look("result lost", YELLOW, 1.0, "dot", "circle_x"),
}
USEFUL = {
    "computing": Look("computing", BLUE),
    "not_computing": Look("in a task, not computing", SKY, 1.0, "left_diagonal_line"),
}
INSIDE = Look("in a task, computing or not", CALM)  # where it is not known which

# A colour for each family (the name before the dot), a marker for each mechanism.
FAMILIES = {
    "sequential": TEXT,
    "threads": ORANGE,
    "process": BLUE,
    "queue": GREEN,
    "pipe": SKY,
    "pool": VERMILLION,
    "executor": PURPLE,
}
MARKERS = {
    "sequential": "hex",
    "threads": "triangle",
    "process": "square",
    "process.lesson": "square_x",
    "queue": "diamond",
    "queue.lesson": "diamond_cross",
    "pipe": "inverted_triangle",
    "pipe.lesson": "triangle_pin",
    "pool.map": "circle",
    "pool.map_async": "circle_cross",
    "pool.imap": "circle_x",
    "pool.imap_unordered": "circle_y",
    "pool.starmap": "circle_dot",
    "pool.apply_async": "hex_dot",
    "executor.map": "star",
    "executor.submit": "star_dot",
}
OTHER = ("dask", "joblib", "mpire", "interpreters")


def mechanism_look(name: str) -> Look:
    """Choose a mechanism's colour and marker: the same whichever others are shown beside it."""
    place = sum(map(ord, name))
    colour = FAMILIES.get(name.split(".", maxsplit=1)[0])
    if colour is None:
        spare = (YELLOW, GREEN, SKY, PURPLE)
        colour = spare[OTHER.index(name) if name in OTHER else place % len(spare)]
    marker = (
        MARKERS.get(name)
        or ("square_pin", "square_dot", "square_cross", "diamond_dot")[
            OTHER.index(name) if name in OTHER else place % 4
        ]
    )
    return Look(name, colour, 0.9, marker=marker)
