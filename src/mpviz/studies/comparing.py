"""Two kept runs or studies beside each other. Knows no process and no chart."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import ttest_ind

from mpviz.core.errors import Refused
from mpviz.core.text import counted, digits, listed, seconds
from mpviz.studies.head import Row
from mpviz.studies.history import KeptRun, differences
from mpviz.studies.study import Study

CONFIDENCE = 0.95
APART = "They were not measured in turns: what changed on the machine in between counts as well."


def compared(
    one: KeptRun | Study, other: KeptRun | Study, name: str, other_name: str
) -> tuple[list[str], list[str]]:
    """How two of the same kind differ.

    Returns
    -------
    tuple
        Sentences about their times, and warnings: in what workload and environment differ.

    Raises
    ------
    Refused
        When one is a run and the other a study, or two studies share no configuration.
    """
    if isinstance(one, KeptRun) and isinstance(other, KeptRun):
        first, second = ({str(k): v for k, v in x.summary.items()} for x in (one, other))
        return _runs(first, second, name, other_name), _warnings(first, second)
    if isinstance(one, Study) and isinstance(other, Study):
        rows = [next(iter(each.rows.values()), None) for each in (one, other)]
        if rows[0] is None or rows[1] is None:
            raise Refused("A study without a run can't be compared.")
        return _studies(one, other, name, other_name), _warnings(rows[0], rows[1])
    raise Refused("A run and a study can't be compared; name two runs or two studies.")


def _warnings(one: Row, other: Row) -> list[str]:
    found = []
    subject = [
        f"{row['workload']} over {row['input_set']}, {row['tasks']:,} tasks" for row in (one, other)
    ]
    if subject[0] != subject[1]:
        found.append(f"they did different work: {subject[0]}; {subject[1]}.")
    if differ := differences(one, other):
        found.append(f"their environments differ in {listed(differ)}.")
    return found


def _runs(one: Row, other: Row, name: str, other_name: str) -> list[str]:
    times = [float(row["makespan_s"]) for row in (one, other)]
    lines = [
        f"{called}: {row['mechanism']}, {counted(int(row['workers']), 'worker')},"
        f" {seconds(float(row['makespan_s']))},"
        f" {row['ok']:,} of {counted(int(row['tasks']), 'task')} ok."
        for row, called in ((one, name), (other, other_name))
    ]
    if times[0] > 0:
        lines.append(
            f"One look, no verdict: {other_name} took {digits(times[1] / times[0])} × the time of"
            f" {name}."
        )
    return lines


def _studies(one: Study, other: Study, name: str, other_name: str) -> list[str]:
    shared = [each for each in one.head.configurations if each in other.head.configurations]
    if not shared:
        raise Refused("The two studies share no configuration.")
    lines = []
    for each in shared:
        at, there = one.head.configurations.index(each), other.head.configurations.index(each)
        lines.append(_unpaired(one.makespans(at), other.makespans(there), one.names[at]))
    return [
        f"{other_name} beside {name}, a line for each configuration that both have:",
        *lines,
        APART,
    ]


def _unpaired(first: np.ndarray, second: np.ndarray, name: str) -> str:
    """Welch's t on log makespans: the two studies share no rounds."""
    logs = [np.log(times[~np.isnan(times)]) for times in (first, second)]
    if min(len(each) for each in logs) < 2:
        return f"{name}: too few rounds to say."
    ratio = math.exp(logs[1].mean() - logs[0].mean())
    found = ttest_ind(logs[1], logs[0], equal_var=False).confidence_interval(CONFIDENCE)
    low, high = math.exp(found.low), math.exp(found.high)
    word = "slower" if low > 1 else "faster" if high < 1 else "no difference shown"
    return f"{name}: {digits(ratio)} × the time ({digits(low)} to {digits(high)}), {word}."
