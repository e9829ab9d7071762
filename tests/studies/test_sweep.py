"""What a study measures, and in which order."""

import pytest

import mpviz
from mpviz.studies.sweep import BASELINE, Configuration, Sweep, grid, names
from tests.studies.made import plan_of


def of(**axes: object) -> tuple[mpviz.Plan, ...]:
    given = {"mechanisms": ["pool.map"], "workers": [2]}
    return grid(abs, (1, 2), **given | axes)


def test_a_grid_has_a_plan_for_each_configuration() -> None:
    plans = of(mechanisms=["pool.map", "queue"], workers=[1, 2], start_methods=["fork", "spawn"])
    assert len(plans) == 8
    assert len({Configuration.of(plan) for plan in plans}) == 8


def test_what_means_nothing_to_a_mechanism_is_no_other_configuration() -> None:
    plans = of(
        mechanisms=["threads", "sequential", "queue"],
        workers=[1, 2],
        start_methods=["fork", "spawn"],
        chunk_sizes=[1, 10],
    )
    found = [Configuration.of(plan) for plan in plans]
    assert found == [
        Configuration("threads", 1, "", 1),
        Configuration("threads", 2, "", 1),
        Configuration("sequential", 1, "", 1),
        Configuration("queue", 1, "fork", 1),
        Configuration("queue", 1, "spawn", 1),
        Configuration("queue", 2, "fork", 1),
        Configuration("queue", 2, "spawn", 1),
    ]


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [
        ({"mechanisms": []}, "mechanisms is empty"),
        ({"mechanisms": "pool.map"}, "mechanisms must be a list"),
        ({"mechanisms": ["pool.mop"]}, "There is no mechanism 'pool.mop'"),
        ({"workers": [0]}, "workers must be from 1 to 1,000, not 0."),
        ({"workers": 2}, "workers must be a list, not 2."),
        ({"chunk_sizes": [1.5]}, "chunk_size must be a whole number, not 1.5."),
    ],
)
def test_a_grid_that_cannot_be_measured_is_refused(axes: dict, sentence: str) -> None:
    with pytest.raises(mpviz.Refused, match=sentence):
        of(**axes)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"plans": ()}, "at least one configuration"),
        ({"rounds": 0}, "The number of rounds must be from 1 to 1,000, not 0."),
        ({"rounds": True}, "must be a whole number, not True"),
        ({"budget_s": 0}, "The budget must be above 0"),
        ({"budget_s": float("nan")}, "The budget must be above 0"),
        ({"budget_s": "long"}, "The budget must be a number of seconds, not 'long'."),
        ({"seed": 1.0}, "The seed must be a whole number"),
        ({"plans": (plan_of(),) * 201}, "201 configurations are more than the 200"),
    ],
)
def test_a_sweep_that_cannot_be_measured_is_refused(given: dict, sentence: str) -> None:
    with pytest.raises(mpviz.Refused, match=sentence):
        Sweep(**{"plans": (plan_of(),)} | given)


def test_each_round_has_each_place_once_in_an_order_of_its_own() -> None:
    sweep = Sweep(of(workers=[1, 2, 3, 4, 5, 6]), rounds=20, seed=3)
    orders = [sweep.order(number) for number in range(20)]
    assert all(sorted(order) == [BASELINE, 0, 1, 2, 3, 4, 5] for order in orders)
    assert len(set(orders)) > 15
    assert orders == [Sweep(sweep.plans, rounds=20, seed=3).order(n) for n in range(20)]
    assert orders != [Sweep(sweep.plans, rounds=20, seed=4).order(n) for n in range(20)]


def test_every_second_round_goes_the_way_of_the_one_before_backwards() -> None:
    sweep = Sweep(of(workers=[1, 2, 3, 4]), rounds=20)
    for number in range(0, 20, 2):
        assert sweep.order(number + 1) == tuple(reversed(sweep.order(number)))


def test_the_sequential_run_is_made_once_a_round_or_not_at_all() -> None:
    plans = of(mechanisms=["sequential", "queue"])
    assert sorted(Sweep(plans).order(0)) == [BASELINE, 1]
    assert sorted(Sweep(plans, alone=False).order(0)) == [BASELINE, 1]  # it is asked for
    assert Sweep(of(), alone=False).order(0) == (0,)


def test_looks_follow_from_the_rounds_or_from_how_many_fit_into_the_budget() -> None:
    assert Sweep(of(), rounds=7).schedule(1.0).rounds == (7,)
    assert Sweep(of(), budget_s=60.0).schedule(2.0).rounds[-1] == 30
    assert Sweep(of(), budget_s=1.0).schedule(60.0).rounds == (2,)
    assert Sweep(of(), budget_s=600.0).schedule(1e-3).rounds[-1] == 160


@pytest.mark.parametrize(
    ("axes", "wanted"),
    [
        ({}, ("pool.map, 2 workers, fork, chunks of 1",)),
        ({"workers": [1, 2]}, ("1 worker", "2 workers")),
        ({"mechanisms": ["pool.map", "queue"]}, ("pool.map", "queue")),
        (
            {"mechanisms": ["threads", "queue"], "workers": [1, 2]},
            ("threads, 1 worker", "threads, 2 workers", "queue, 1 worker", "queue, 2 workers"),
        ),
        ({"chunk_sizes": [1, 1000]}, ("chunks of 1", "chunks of 1,000")),
    ],
)
def test_a_name_is_what_a_configuration_does_not_share(axes: dict, wanted: tuple) -> None:
    plans = of(**{"start_methods": ["fork"]} | axes)
    assert names([Configuration.of(plan) for plan in plans]) == wanted


def test_equal_configurations_have_names_of_their_own() -> None:
    assert len(set(names([Configuration.of(plan_of())] * 3))) == 3


def test_doubling_chunk_sizes_go_up_to_an_even_deal_for_each_worker_count() -> None:
    plans = grid(abs, tuple(range(20)), mechanisms=["pool.map"], workers=[2, 4],
                 chunk_sizes="doubling")  # fmt: skip
    found = [(plan.workers, plan.chunk_size) for plan in plans]
    assert found == [*((2, size) for size in (1, 2, 4, 8, 10)), *((4, s) for s in (1, 2, 4, 5))]
    with pytest.raises(mpviz.Refused, match="workers must be"):
        grid(abs, (1,), mechanisms=["pool.map"], workers=["2"], chunk_sizes="doubling")  # type: ignore[list-item]
    with pytest.raises(mpviz.Refused, match="chunk_sizes must be a list, not 'tripling'"):
        grid(abs, (1,), mechanisms=["pool.map"], workers=[2], chunk_sizes="tripling")
