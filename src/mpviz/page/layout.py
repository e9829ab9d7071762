"""Where everything stands on the page. Knows no handler."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ipywidgets as widgets

from mpviz.page.widgets.browser import Looks

if TYPE_CHECKING:
    from mpviz.page.app import Page
    from mpviz.page.lab.tab import FaultLab

HEAD = (
    '<div class="mpviz-head"><h1>mpviz</h1><p>See what your parallel Python is doing: choose '
    "how tasks reach their workers, press Run, and watch each worker at work.</p></div>"
)
LAB = (
    '<div class="mpviz-lead"><p>Plant a fault into one of eight tasks and see what each mechanism '
    "does with it: on this machine, this Python.</p>"
    '<p class="mpviz-hint">Press a mechanism to run its row, a fault to run its column, a cell to '
    "run it alone. A cell that was run opens.</p></div>"
)


def lay_out(page: Page) -> widgets.Widget:
    """The whole page; in the order in which it is read, and the Tab key goes."""
    views, walk = page.views, page.walk
    bar = _row(
        (walk.open_button, page.experiment.choice, page.copy_link, page.projector.button),
        "mpviz-bar",
    )
    actions = _row(
        (
            *(page.run_button, page.cancel_button, page.sweep_button, page.compare_button),
            page.download,
        )
    )
    speedup = _card("Speedup", views.speedup, intro="Every run of this visit is a point.")
    losses = _card(
        "Where the time went",
        views.losses,
        intro="Worker time of the latest runs: workers × makespan.",
    )
    pair = widgets.HBox([speedup.add_class("mpviz-at-s"), losses.add_class("mpviz-at-l")])
    timeline = widgets.VBox([views.heading, views.timeline]).add_class("mpviz-card")
    code = widgets.VBox([views.code, _row((page.copy_python, page.copy_shell))])
    results = widgets.VBox(
        [
            *(walk.card, page.projector.bar, actions),
            *(page.said.error, page.said.status, page.experiment.card),
            *(views.tiles.add_class("mpviz-later"), views.verdict.add_class("mpviz-of-run")),
            timeline.add_class("mpviz-of-run").add_class("mpviz-at-t"),
            walk.after,
            pair.add_class("mpviz-pair").add_class("mpviz-later"),
            _card("Runs of this visit", page.visit.kept, views.table).add_class("mpviz-later"),
            _card("Printed by the workers", views.printed).add_class("mpviz-later"),
            code.add_class("mpviz-card").add_class("mpviz-later").add_class("mpviz-at-c"),
        ]
    ).add_class("mpviz-results")
    main = widgets.HBox([page.controls.box, results]).add_class("mpviz-main")
    main.add_class("mpviz-panel-run")
    head = widgets.VBox([widgets.HTML(HEAD), page.tabs, bar, page.said.notice])
    head.add_class("mpviz-top")
    faults = _lab(page.lab).add_class("mpviz-panel-faults")
    return widgets.VBox([Looks(), page.address, head, main, faults]).add_class("mpviz")


def _lab(lab: FaultLab) -> widgets.VBox:
    actions = _row((lab.run_button, lab.cancel_button, lab.download))
    choices = widgets.HBox([lab.start_method, actions]).add_class("mpviz-lab-choices")
    matrix = [choices, lab.said.error, lab.said.status, lab.legend, lab.matrix]
    card = widgets.VBox([widgets.HTML(LAB), *matrix]).add_class("mpviz-card")
    return widgets.VBox([card, lab.cell.card]).add_class("mpviz-lab")


def _row(parts: Sequence[widgets.Widget], name: str = "mpviz-actions") -> widgets.HBox:
    return widgets.HBox(list(parts)).add_class(name)


def _card(title: str, *parts: widgets.Widget, intro: str = "") -> widgets.VBox:
    head = f"<h2>{html.escape(title)}</h2>"
    if intro:
        head += f'<p class="mpviz-hint">{html.escape(intro)}</p>'
    return widgets.VBox([widgets.HTML(head), *parts]).add_class("mpviz-card")
