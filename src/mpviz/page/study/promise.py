"""What a trial says: whether the change that a cause proposes keeps its promise.

Knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable

from mpviz.core.plan import Plan
from mpviz.core.text import counted, digits
from mpviz.studies.study import Study


def promise(plan: Plan, changed: Plan) -> Callable[[Study], str]:
    """What to say of a study of a plan, and of the changed one that a cause proposes."""
    what = "the other order" if plan.inputs != changed.inputs else _change(plan, changed)

    def said(study: Study) -> str:
        ranking = study.ranking
        if study.complete < 2 or ranking is None or len(ranking.verdicts) != 1:
            return ""
        (verdict,) = ranking.verdicts.values()
        gains = study.names.index(ranking.reference) == 1
        found = f"{digits(verdict.ratio)} × ({digits(verdict.low)} to {digits(verdict.high)})"
        rounds = counted(study.complete, "round")
        if verdict.named and gains:
            return f"The promise held: with {what} it is faster, {found}, {rounds}."
        if verdict.named:
            return f"Taken back: with {what} it is slower, {found}, {rounds}."
        if verdict.decided:
            return f"Taken back: with {what} it takes as long, {found}, {rounds}."
        return f"Not decided yet: with {what} {'less' if gains else 'more'}, {found}, {rounds}."

    return said


def _change(plan: Plan, changed: Plan) -> str:
    parts = []
    if plan.mechanism != changed.mechanism:
        parts.append(changed.mechanism)
    if plan.workers != changed.workers:
        parts.append(counted(changed.workers, "worker"))
    if plan.start_method != changed.start_method:
        parts.append(changed.start_method)
    if plan.chunk_size != changed.chunk_size:
        parts.append(f"chunks of {changed.chunk_size:,}")
    return " and ".join(parts) or "the same plan"
