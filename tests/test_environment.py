"""Where a run happened."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mpviz import schema
from mpviz.environment import cgroup_quota, environment, usable_cpus, workload_hash

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


def test_at_least_some_part_of_a_cpu_is_usable() -> None:
    assert 0 < usable_cpus() < INFINITE


def test_the_environment_fills_the_columns_of_a_run_in_their_order() -> None:
    names = [column.name for column in schema.RUNS]
    place = names[names.index("cpu_model") :]
    assert list(environment(abs)) == [name for name in place if name not in ("seed", "order")]


def test_the_environment_says_what_it_is() -> None:
    found = environment(abs)
    assert re.fullmatch(r"\w+ \d+\.\d+\.\d+\S*( free-threaded)?", found["python"])
    assert isinstance(found["gil"], bool)
    assert found["cpu_model"]
    assert set(json.loads(found["versions"])) >= {"mpviz", "numpy", "pandas"}
    started = datetime.fromisoformat(found["started_at"])
    assert abs((datetime.now(UTC) - started).total_seconds()) < 60


def test_equal_code_has_an_equal_hash_and_other_code_another() -> None:
    def first(x: int) -> int:
        return x + 1

    def second(x: int) -> int:
        return x + 2

    one, other = workload_hash(first), workload_hash(second)
    assert re.fullmatch("[0-9a-f]{12}", one)
    assert one != other
    assert one == workload_hash(lambda x: x + 1)


def test_the_hash_of_a_function_with_one_inside_is_the_same_each_time() -> None:
    def make() -> Callable[[int], int]:
        source = "def outer(x):\n    return sum(y for y in range(x))"
        space: dict[str, Callable[[int], int]] = {}
        exec(source, space)
        return space["outer"]

    assert workload_hash(make()) == workload_hash(make())


def test_what_has_no_code_is_hashed_by_its_name() -> None:
    assert workload_hash(abs) == workload_hash(abs) != workload_hash(len)
