"""What the page shows of a study: verdict, charts, cautions. Knows no control and no run."""

from __future__ import annotations

import math

import ipywidgets as widgets
import numpy as np

from mpviz.charts.chunks import chunks, chunks_columns
from mpviz.charts.heat import heat, heat_columns
from mpviz.charts.ranking import ranking, ranking_columns
from mpviz.charts.scaling import scaling, scaling_columns
from mpviz.core.text import counted
from mpviz.page.boxes import card, set_class
from mpviz.page.markup import element
from mpviz.page.widgets.figure import FigureView
from mpviz.studies.study import Study

ABOUT_CHUNKS = "Larger chunks are handed over less often, and deal less evenly."
ABOUT = "A row for each configuration, the fastest on top; behind it each of its runs."


class StudyViews:
    """The charts of one study."""

    def __init__(self) -> None:
        self.verdict = widgets.HTML()
        self.cautions = widgets.HTML()
        self._ranking: FigureView | None = None
        self._scaling: FigureView | None = None
        self._heat: FigureView | None = None
        self._chunks: FigureView | None = None
        self._place = {name: widgets.VBox() for name in ("ranking", "scaling", "heat", "chunks")}
        self.ranking = card("Ranking", self._place["ranking"], intro=ABOUT)
        self._laws = widgets.HTML()
        self.scaling = card(
            "Speedup over workers",
            self._place["scaling"],
            self._laws,
            intro="Each point with its 95 % interval.",
        )
        self.heat = card(
            "Mechanisms and workers",
            self._place["heat"],
            intro="Each cell is a speedup: of several chunk sizes or start methods the best.",
        )
        self.chunks = card("Chunk size", self._place["chunks"], intro=ABOUT_CHUNKS)
        pair = widgets.HBox([self.scaling, self.heat]).add_class("mpviz-pair")
        self.box = widgets.VBox([self.verdict, self.cautions, self.ranking, pair, self.chunks])
        self.box.add_class("mpviz-results")
        for one in (self.ranking, self.scaling, self.heat, self.chunks):
            set_class(one, "mpviz-unused", True)

    def show(self, study: Study, sentence: str = "") -> None:
        """Show a study as it is now.

        Parameters
        ----------
        study
            With at least one round.
        sentence
            What to say in place of the study's own sentence.
        """
        told = sentence or study.sentence
        self.verdict.value = element("p", told, "mpviz-verdict", role="status")
        notes = [element("li", one.sentence) for one in study.cautions]
        self.cautions.value = element("ul", notes, "mpviz-cautions") if notes else ""
        summary = study.summary
        base = study.baseline_makespans
        baseline = float(np.nanmedian(base)) if np.isfinite(base).any() else math.nan
        rows = ranking_columns(summary, study.runs, study.names, baseline)
        label = f"Ranking of {counted(len(study.names), 'configuration')}. {told}"
        self._ranking = _shown(self._ranking, self._place["ranking"], ranking(rows), label)
        several = summary["workers"].nunique() > 1 and summary["speedup"].notna().any()
        mechanisms = summary["mechanism"].nunique() > 1
        set_class(self.ranking, "mpviz-unused", False)
        set_class(self.scaling, "mpviz-unused", not several)
        set_class(self.heat, "mpviz-unused", not (several and mechanisms))
        sizes = chunks_columns(summary, study.runs, study.chunk_rules)
        sized = len(sizes["points"]["x"]) > 0
        set_class(self.chunks, "mpviz-unused", not sized)
        if sized:
            self._chunks = _shown(
                self._chunks,
                self._place["chunks"],
                chunks(sizes),
                "Makespan over chunk size",
            )
        if several:
            cpus = study.usable_cpus
            columns = scaling_columns(summary, cpus)
            laws = [element("li", text) for text in columns["laws"]["text"]]
            self._laws.value = element("ul", laws, "mpviz-cautions") if laws else ""
            self._scaling = _shown(
                self._scaling,
                self._place["scaling"],
                scaling(columns, usable_cpus=cpus),
                "Speedup over workers",
            )
        if several and mechanisms:
            self._heat = _shown(
                self._heat,
                self._place["heat"],
                heat(heat_columns(summary)),
                "Speedup by mechanism and workers",
            )


def _shown(view: FigureView | None, place: widgets.VBox, figure: object, label: str) -> FigureView:
    """Show a figure in its place; the place's view is made once."""
    height = int(figure.height)  # type: ignore[attr-defined]
    if view is None:
        view = FigureView(figure, label=label, height=height)  # type: ignore[arg-type]
        place.children = (view,)
        return view
    with view.hold_sync():
        view.height, view.label = height, label
        view.show(figure)  # type: ignore[arg-type]
    return view
