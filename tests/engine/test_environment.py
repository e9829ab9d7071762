"""Where a run happened."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from mpviz.core import schema
from mpviz.engine.environment import cgroup_quota, environment, free_memory, usable_cpus

INFINITE = float("inf")
V2 = "0::/user.slice/app\n"
V1 = "5:cpuset:/other\n4:cpu,cpuacct:/docker/abc\n"


@pytest.fixture
def quota(tmp_path: Path) -> Callable[..., float]:
    """The quota that these files give: a path below the cgroup folder, and what is in it."""

    def of(me: str, **files: str) -> float:
        root = tmp_path / "cgroup"
        for name, text in files.items():
            file = root / name.replace("__", "/").replace("DOT", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (tmp_path / "self").write_text(me)
        return cgroup_quota(root, tmp_path / "self")

    return of


def test_without_a_quota_there_is_no_limit(quota: Callable[..., float]) -> None:
    assert quota(V2) == INFINITE
    assert quota(V2, user_DOTslice="") == INFINITE
    assert quota(V1) == INFINITE


def test_without_cgroups_there_is_no_limit(tmp_path: Path) -> None:
    assert cgroup_quota(tmp_path, tmp_path / "nowhere") == INFINITE


def test_version_2_gives_quota_over_period(quota: Callable[..., float]) -> None:
    assert quota(V2, userDOTslice__app__cpuDOTmax="150000 100000\n") == 1.5


def test_version_2_max_is_no_limit(quota: Callable[..., float]) -> None:
    assert quota(V2, userDOTslice__app__cpuDOTmax="max 100000\n") == INFINITE


def test_the_tightest_group_above_counts(quota: Callable[..., float]) -> None:
    found = quota(
        V2,
        userDOTslice__app__cpuDOTmax="400000 100000\n",
        userDOTslice__cpuDOTmax="50000 100000\n",
        cpuDOTmax="max 100000\n",
    )
    assert found == 0.5


def test_what_lies_outside_the_cgroup_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("1000 100000")
    (tmp_path / "self").write_text("0::/app\n")
    assert cgroup_quota(tmp_path / "cgroup", tmp_path / "self") == INFINITE


def test_version_1_gives_quota_over_period(quota: Callable[..., float]) -> None:
    found = quota(
        V1,
        cpu__docker__abc__cpuDOTcfs_quota_us="250000\n",
        cpu__docker__abc__cpuDOTcfs_period_us="100000\n",
    )
    assert found == 2.5


def test_inside_a_container_version_1_is_mounted_at_the_top(quota: Callable[..., float]) -> None:
    found = quota(V1, cpu__cpuDOTcfs_quota_us="100000\n", cpu__cpuDOTcfs_period_us="100000\n")
    assert found == 1


def test_version_1_minus_one_is_no_limit(quota: Callable[..., float]) -> None:
    found = quota(V1, cpu__cpuDOTcfs_quota_us="-1\n", cpu__cpuDOTcfs_period_us="100000\n")
    assert found == INFINITE


@pytest.mark.parametrize("text", ["", "x y", "1", "100000 100000 100000", "100000 0"])
def test_a_broken_file_is_no_limit(quota: Callable[..., float], text: str) -> None:
    assert quota(V2, cpuDOTmax=text) == INFINITE


@pytest.mark.parametrize("period", ["0", "", "x"])
def test_a_broken_file_of_version_1_is_no_limit(quota: Callable[..., float], period: str) -> None:
    found = quota(V1, cpu__cpuDOTcfs_quota_us="100000\n", cpu__cpuDOTcfs_period_us=period)
    assert found == INFINITE


@pytest.mark.parametrize("me", ["", "nonsense\n", "0:/x\n"])
def test_a_broken_list_of_groups_is_no_limit(quota: Callable[..., float], me: str) -> None:
    assert quota(me) == INFINITE


GIB = 2**30


@pytest.fixture
def free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The free memory that these files give, on a machine where 100 GiB are free."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=100 * GIB))

    def of(me: str, folder: str, **files: object) -> int:
        group = tmp_path / "cgroup" / folder
        group.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (group / name.replace("__", ".")).write_text(f"{text}\n")
        (tmp_path / "self").write_text(me)
        return free_memory(tmp_path / "cgroup", tmp_path / "self")

    return of


def test_pages_of_files_that_the_system_can_take_back_are_free(free: Callable[..., int]) -> None:
    statistics = f"anon {GIB}\ninactive_file {2 * GIB}\nactive_file 5\ninactive_anon 7"
    most = {"memory__max": 4 * GIB, "memory__current": 3 * GIB}
    assert free(V2, "user.slice/app", **most) == GIB
    assert free(V2, "user.slice/app", **most, memory__stat=statistics) == 3 * GIB


def test_in_version_1_the_groups_below_count_as_well(free: Callable[..., int]) -> None:
    statistics = f"inactive_file 0\ntotal_inactive_file {GIB}"
    found = free(
        "4:memory:/docker/abc\n",
        "memory/docker/abc",
        memory__limit_in_bytes=4 * GIB,
        memory__usage_in_bytes=3 * GIB,
        memory__stat=statistics,
    )
    assert found == 2 * GIB


@pytest.mark.parametrize("statistics", ["", "inactive_file", "inactive_file x", "inactive_file  1"])
def test_statistics_that_say_nothing_take_nothing_off(
    free: Callable[..., int], statistics: str
) -> None:
    found = free(V2, "", memory__max=4 * GIB, memory__current=3 * GIB, memory__stat=statistics)
    assert found in (GIB, GIB + 1)


def test_no_more_is_free_than_the_limit_and_never_less_than_nothing(
    free: Callable[..., int],
) -> None:
    statistics = f"inactive_file {9 * GIB}"
    assert (
        free(V2, "", memory__max=4 * GIB, memory__current=GIB, memory__stat=statistics) == 4 * GIB
    )
    assert free(V2, "", memory__max=GIB, memory__current=3 * GIB, memory__stat="") == 0


def test_without_a_limit_what_the_machine_has_is_free(free: Callable[..., int]) -> None:
    assert free(V2, "", memory__max="max", memory__current=GIB) == 100 * GIB


def test_at_least_some_part_of_a_cpu_is_usable() -> None:
    assert 0 < usable_cpus() < INFINITE


def test_the_environment_fills_the_columns_of_a_run_in_their_order() -> None:
    names = [column.name for column in schema.RUNS]
    place = names[names.index("cpu_model") :]
    others = ("seed", "round", "order")
    assert list(environment(abs)) == [name for name in place if name not in others]


def test_the_environment_says_what_it_is() -> None:
    found = environment(abs)
    assert re.fullmatch(r"\w+ \d+\.\d+\.\d+\S*( free-threaded)?", found["python"])
    assert isinstance(found["gil"], bool)
    assert found["cpu_model"]
    assert set(json.loads(found["versions"])) >= {"mpviz", "numpy", "pandas"}
    started = datetime.fromisoformat(found["started_at"])
    assert abs((datetime.now(UTC) - started).total_seconds()) < 60
