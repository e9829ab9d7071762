"""Everything that defines one study, checked where it is made."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mpviz.analysis.chunking import doubling_sizes
from mpviz.analysis.looks import Schedule, looks_up_to
from mpviz.core.errors import Refused
from mpviz.core.plan import DEFAULT_START_METHOD, DEFAULT_TIMEOUT, Plan
from mpviz.core.text import counted, quoted
from mpviz.mechanisms import MECHANISMS

DOUBLING = "doubling"  # chunk sizes: 1, 2, 4 … up to an even deal
BASELINE = -1  # the place of the sequential run among a round's
MOST_ROUNDS = 1000
MOST_CONFIGURATIONS = 200
LONGEST_BUDGET = 24 * 3600.0
DEFAULT_BUDGET = 60.0
MOST_UNASKED = 160  # rounds of a study that runs until it is decided
# To which configurations a field means something.
MEANS: dict[str, Callable[[Configuration], bool]] = {
    "mechanism": lambda _each: True,
    "workers": lambda each: MECHANISMS[each.mechanism].parallel,
    "start_method": lambda each: bool(each.start_method),
    "chunk_size": lambda each: MECHANISMS[each.mechanism].chunks,
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """One cell of a study; what means nothing to its mechanism is empty, or 1."""

    mechanism: str
    workers: int
    start_method: str
    chunk_size: int

    @classmethod
    def of(cls, plan: Plan) -> Configuration:
        """What tells this plan from another of the same study."""
        mechanism = MECHANISMS[plan.mechanism]
        return cls(
            plan.mechanism,
            plan.lanes,
            plan.start_method if mechanism.processes else "",
            plan.chunk_size if mechanism.chunks else 1,
        )

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Configuration:
        """The one that a row by ``schema.RUNS`` is of."""
        return cls(row["mechanism"], row["workers"], row["start_method"], row["chunk_size"])


@dataclass(frozen=True, slots=True)
class Sweep:
    """Everything that defines one study.

    Parameters
    ----------
    plans
        One a configuration; they differ in nothing else.
    rounds
        How many to measure. None: until the verdicts are decided, or the budget is spent.
    budget_s
        Seconds after which no further round begins, where `rounds` is None.
    seed
        Of the order of runs within each round.
    alone
        Whether each round has a sequential run; without one there is no speedup.

    Raises
    ------
    Refused
        When there is nothing to measure, or it would never end.
    """

    plans: tuple[Plan, ...]
    rounds: int | None = None
    budget_s: float = DEFAULT_BUDGET
    seed: int = 0
    alone: bool = True

    def __post_init__(self) -> None:
        """Refuse what can't be measured."""
        if not self.plans:
            raise Refused("A study needs at least one configuration.")
        if len(self.plans) > MOST_CONFIGURATIONS:
            what = counted(len(self.plans), "configuration")
            raise Refused(f"{what} are more than the {MOST_CONFIGURATIONS} of a study.")
        if self.rounds is not None:
            _check_whole("The number of rounds", self.rounds, 1, MOST_ROUNDS)
        _check_whole("The seed", self.seed, -(2**63), 2**63 - 1)
        budget = self.budget_s
        if isinstance(budget, bool) or not isinstance(budget, (int, float)):
            raise Refused(f"The budget must be a number of seconds, not {quoted(budget)}.")
        if not 0 < budget <= LONGEST_BUDGET:
            raise Refused(
                f"The budget must be above 0 and at most {LONGEST_BUDGET:.0f} s,"
                f" not {quoted(budget)}."
            )

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        """What tells the plans apart, in their order."""
        return tuple(Configuration.of(plan) for plan in self.plans)

    @property
    def baseline(self) -> Plan:
        """The sequential plan, run once a round."""
        return self.plans[0].baseline

    def schedule(self, round_s: float) -> Schedule:
        """When the study looks at its figures, given how long a round takes."""
        if self.rounds is not None:
            return Schedule((max(2, self.rounds),))  # one round is no look
        fit = int(self.budget_s / round_s) if round_s > 0 else MOST_UNASKED
        return looks_up_to(max(2, min(fit, MOST_UNASKED)))

    def order(self, number: int) -> tuple[int, ...]:
        """The places of the plans in the order of one round, `BASELINE` for the sequential run.

        Every second round goes the way of the one before backwards: what changes steadily over two
        rounds then meets all alike.
        """
        plans = enumerate(self.plans)
        places = [at for at, plan in plans if plan.mechanism != "sequential"]
        if self.alone or len(places) < len(self.plans):
            places.append(BASELINE)
        # A text seeds it alike in every process and version of Python; a tuple would not.
        random.Random(f"{self.seed}/{number // 2}").shuffle(places)
        return tuple(reversed(places)) if number % 2 else tuple(places)

    def plan(self, place: int) -> Plan:
        """The plan at a place of `order`."""
        return self.baseline if place == BASELINE else self.plans[place]


def _check_whole(what: str, value: Any, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"{what} must be a whole number, not {quoted(value)}.")
    if not least <= value <= most:
        raise Refused(f"{what} must be from {least:,} to {most:,}, not {quoted(value)}.")


def grid(
    function: Callable[[Any], Any],
    inputs: tuple[Any, ...],
    *,
    mechanisms: Sequence[str],
    workers: Sequence[int],
    start_methods: Sequence[str] = (DEFAULT_START_METHOD,),
    chunk_sizes: Sequence[int] | str = (1,),
    timeout: float = DEFAULT_TIMEOUT,
    memory: int | None = None,
    workload: str = "",
    input_set: str = "",
) -> tuple[Plan, ...]:
    """A plan for each configuration: mechanism × workers × start method × chunk size.

    Those that differ only in what means nothing to their mechanism come once: threads have no start
    method, the sequential run has no workers. The chunk sizes `DOUBLING` are 1, 2, 4 … up to an
    even deal, for each worker count.

    Raises
    ------
    Refused
        When one of them can't be run, or a list is none or empty.
    """
    doubling = isinstance(chunk_sizes, str) and chunk_sizes == DOUBLING
    axes: dict[str, Any] = {
        "mechanisms": mechanisms,
        "workers": workers,
        "start_methods": start_methods,
        "chunk_sizes": (1,) if doubling else chunk_sizes,
    }
    for name, values in axes.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise Refused(f"{name} must be a list, not {quoted(values)}.")
    lists = {name: list(values) for name, values in axes.items()}
    for name, values in lists.items():
        if not values:
            raise Refused(f"{name} is empty, so there is nothing to measure.")
    base = Plan(
        function=function,
        inputs=inputs,
        mechanism="sequential",
        timeout=timeout,
        memory=memory,
        workload=workload,
        input_set=input_set,
    )
    found: dict[Configuration, Plan] = {}
    for mechanism in lists["mechanisms"]:
        for number in lists["workers"]:
            for method in lists["start_methods"]:
                sizes = lists["chunk_sizes"]
                if doubling and type(number) is int and number > 0:
                    sizes = list(doubling_sizes(len(inputs), number))
                for size in sizes:
                    plan = replace(
                        base,
                        mechanism=mechanism,
                        workers=number,
                        start_method=method,
                        chunk_size=size,
                    )
                    found.setdefault(Configuration.of(plan), plan)
    return tuple(found.values())


def names(configurations: Sequence[Configuration]) -> tuple[str, ...]:
    """What each does not share with all others: "pool.map, 2 workers"; of a single one, all."""
    one = len(configurations) == 1
    differ = {
        field: one or len({getattr(each, field) for each in configurations if means(each)}) > 1
        for field, means in MEANS.items()
    }
    found: list[str] = []
    for each in configurations:
        parts = {
            "mechanism": each.mechanism,
            "workers": counted(each.workers, "worker"),
            "start_method": each.start_method,
            "chunk_size": f"chunks of {each.chunk_size:,}",
        }
        told = [text for field, text in parts.items() if differ[field] and MEANS[field](each)]
        name = ", ".join(told) or each.mechanism
        again = sum(other == name or other.startswith(f"{name} (") for other in found)
        found.append(f"{name} ({again + 1})" if again else name)
    return tuple(found)
