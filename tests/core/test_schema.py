"""The columns are those the design lists, in its order."""

import pandas as pd
import pytest

from mpviz.core import schema

TABLES = {
    "tasks": schema.TASKS,
    "workers": schema.WORKERS,
    "runs": schema.RUNS,
    "intervals": schema.INTERVALS,
}
TASKS = """run, task, input, workload, mechanism, start_method, workers, chunk_size, worker, pid,
    tid, started_s, finished_s, received_s, cpu_s, outcome, result"""
WORKERS = """run, worker, name, pid, tid, requested_s, booted_s, first_task_s, last_task_s,
    ended_s, exitcode, tasks, useful_s, cpu_s, waited_s, voluntary, involuntary, minor_faults,
    major_faults, read_b, written_b, threads, peak_pss_b, last_pss_b"""
RUNS = """makespan_s, baseline_s, speedup, efficiency, load_balance, communication_efficiency,
    parallel_efficiency, computation_scaling, global_efficiency, serial_fraction, startup_s, gap_s,
    tail_s, useful_s, cpu_s, computing_s, tasks, ok, error, died, timeout, cancelled, missing,
    answers_agree, watched_s, others_s, throttled_s"""
ENVIRONMENT = """cpu_model, clock_mhz, usable_cpus, load, python, gil, platform, versions,
    workload_hash, seed, round, order"""


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def names(columns: tuple[schema.Column, ...]) -> list[str]:
    return [column.name for column in columns]


def in_order(wanted: list[str], found: list[str]) -> bool:
    """Whether all of `wanted` stand in `found` in their order, others between them or not."""
    rest = iter(found)
    return all(name in rest for name in wanted)


def test_tasks_csv_has_the_columns_of_the_design() -> None:
    assert names(schema.TASKS) == words(TASKS)


def test_workers_csv_has_the_columns_of_the_design() -> None:
    assert names(schema.WORKERS) == words(WORKERS)


def test_runs_csv_is_the_plan_then_the_figures_then_the_environment() -> None:
    assert names(schema.RUNS)[: len(schema.PLAN)] == names(schema.PLAN)
    assert in_order(words(RUNS) + words(ENVIRONMENT), names(schema.RUNS)[len(schema.PLAN) :])


@pytest.mark.parametrize("table", TABLES)
def test_no_column_is_named_twice(table: str) -> None:
    found = names(TABLES[table])
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_dtype_that_pandas_knows_and_a_meaning(table: str) -> None:
    for column in TABLES[table]:
        assert len(pd.Series([], dtype=column.dtype)) == 0
        assert column.meaning
        assert not column.meaning.endswith(".")


@pytest.mark.parametrize("table", TABLES)
def test_a_column_in_seconds_says_so_in_its_name_and_its_unit(table: str) -> None:
    for column in TABLES[table]:
        assert column.name.endswith("_s") == (column.unit == "s")
        assert column.unit in ("", "s", "B", "MHz")
        if column.unit in ("s", "MHz"):
            assert column.dtype == "float64"
